/** Locks between processes: what survives a kill, and what does not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DISK_ERROR_CODES } from '../ports/disk.ts'
import { temporaryDirectory } from '../testing/directory.ts'
import { lockFile, type LockMethod } from './file-lock.ts'

const METHODS: readonly LockMethod[] = process.platform === 'win32' ? ['pid-file'] : ['flock', 'pid-file']
const MODULE = fileURLToPath(new URL('./file-lock.ts', import.meta.url))

const HOLDER = `
  import { writeSync } from 'node:fs'
  const [, module, path, method] = process.argv
  const { lockFile } = await import(module)
  lockFile(path, method)
  writeSync(1, 'held')
  setInterval(() => {}, 1000)
`

let directory: ReturnType<typeof temporaryDirectory>
let path: string
beforeEach(() => {
  directory = temporaryDirectory()
  path = `${directory.path}/.lock`
})
afterEach(() => directory.remove())

const isLocked = expect.objectContaining({ name: 'DiskError', code: DISK_ERROR_CODES.locked })

async function holdElsewhere(method: LockMethod): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, MODULE, path, method], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe.each(METHODS)('a lock by %s', (method) => {
  it('excludes a second holder in this process until it is released', () => {
    const lock = lockFile(path, method)
    expect(() => lockFile(path, method)).toThrow(isLocked)
    expect(() => lockFile(path, method)).toThrow(/this process/)
    lock.release()
    lockFile(path, method).release()
  })

  it('excludes another process, and ends with it however it dies', async () => {
    const holder = await holdElsewhere(method)
    expect(() => lockFile(path, method)).toThrow(isLocked)
    expect(() => lockFile(path, method)).toThrow(`process ${holder.pid}`)
    await holder.kill()
    const lock = lockFile(path, method)
    expect(() => lockFile(path, method)).toThrow(isLocked)
    lock.release()
  })

  it('is not disturbed by releasing one that was released', () => {
    const first = lockFile(path, method)
    first.release()
    const second = lockFile(path, method)
    first.release()
    expect(() => lockFile(path, method)).toThrow(isLocked)
    second.release()
  })

  it('names the process that holds it in the file', () => {
    const lock = lockFile(path, method)
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
    lock.release()
  })
})

describe('a pid file', () => {
  it.each([
    ['of a process that is gone', '4194305\n'],
    ['that was never finished', ''],
    ['that makes no sense', 'not a number'],
    ['of an earlier process with our own id', `${process.pid}\n`],
  ])('%s is taken over', (_, content) => {
    writeFileSync(path, content)
    const lock = lockFile(path, 'pid-file')
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
    lock.release()
    expect(existsSync(path)).toBe(false)
  })

  it('of a process that lives is respected, even one that we may not signal', () => {
    writeFileSync(path, '1\n')
    expect(() => lockFile(path, 'pid-file')).toThrow(isLocked)
  })
})
