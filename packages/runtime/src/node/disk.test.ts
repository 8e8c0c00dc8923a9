/** What only the real disk does: the system's own errors, and what a replaced file leaves behind. */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DISK_ERROR_CODES, DiskError } from '../ports/disk.ts'
import { temporaryDirectory } from '../testing/directory.ts'
import { toDiskError } from './disk-error.ts'
import { createNodeDisk } from './disk.ts'

const disk = createNodeDisk()
let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory.remove())

it.runIf(process.platform === 'linux')('says so at once where no directory can be made', () => {
  expect(() => disk.createDirectory('/proc/millrace/data')).toThrow(DiskError)
})

describe('errors of the system', () => {
  it.each([
    ['ENOSPC', DISK_ERROR_CODES.full],
    ['EDQUOT', DISK_ERROR_CODES.full],
    ['EMFILE', DISK_ERROR_CODES.tooManyFiles],
    ['ENFILE', DISK_ERROR_CODES.tooManyFiles],
    ['EACCES', DISK_ERROR_CODES.notPermitted],
    ['EPERM', DISK_ERROR_CODES.notPermitted],
    ['EROFS', DISK_ERROR_CODES.notPermitted],
    ['ENOENT', DISK_ERROR_CODES.notFound],
    ['EIO', DISK_ERROR_CODES.failed],
    ['EISDIR', DISK_ERROR_CODES.failed],
  ])('%s is %s', (code, expected) => {
    const cause = Object.assign(new Error('from the system'), { code })
    const error = toDiskError(cause, 'open', '/data/x')
    expect(error).toMatchObject({ name: 'DiskError', code: expected, path: '/data/x', message: `cannot open /data/x: ${code}` })
    expect(error.cause).toBe(cause)
  })

  it('include a quota that libuv knows by its number only', () => {
    const cause = Object.assign(new Error('Unknown system error'), {
      code: 'Unknown system error -122',
      errno: -constants.errno.EDQUOT,
    })
    expect(toDiskError(cause, 'write', '/data/x').code).toBe(DISK_ERROR_CODES.full)
  })

  it('are not wrapped twice', () => {
    const error = new DiskError(DISK_ERROR_CODES.full, '/data/x', 'full')
    expect(toDiskError(error, 'write', '/data/y')).toBe(error)
  })

  it.runIf(process.platform === 'linux')('tell a full device from a broken one', async () => {
    const file = disk.open('/dev/full')
    const full = expect.objectContaining({ code: DISK_ERROR_CODES.full, path: '/dev/full' })
    expect(() => file.writeSync([Uint8Array.of(1)], 0)).toThrow(full)
    expect(() => file.writeSync([Uint8Array.of(1), Uint8Array.of(2)], 0)).toThrow(full)
    await expect(file.write([Uint8Array.of(1)], 0)).rejects.toEqual(full)
    file.close()
  })
})

describe('replacing a file', () => {
  it('overwrites what a crash left of an earlier attempt', async () => {
    const path = `${directory.path}/checkpoint`
    writeFileSync(`${path}.tmp`, 'a longer leftover of an attempt that never ended')
    await disk.replaceFile(path, new TextEncoder().encode('new'))
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(existsSync(`${path}.tmp`)).toBe(false)
  })

  it('leaves the old content and no temporary file when it fails', async () => {
    const path = `${directory.path}/checkpoint`
    disk.createDirectory(path)
    await expect(disk.replaceFile(path, Uint8Array.of(1))).rejects.toBeInstanceOf(DiskError)
    expect(disk.list(directory.path)).toEqual([{ name: 'checkpoint', isDirectory: true }])
  })
})

describe('a link', () => {
  it('to a directory is listed as one, and a dangling link is not', () => {
    disk.createDirectory(`${directory.path}/elsewhere`)
    symlinkSync(`${directory.path}/elsewhere`, `${directory.path}/link`)
    symlinkSync(`${directory.path}/absent`, `${directory.path}/dangling`)
    expect(disk.list(directory.path)).toEqual([
      { name: 'dangling', isDirectory: false },
      { name: 'elsewhere', isDirectory: true },
      { name: 'link', isDirectory: true },
    ])
  })
})

it('tells the space of the volume', () => {
  const space = disk.space(directory.path)
  expect(space?.totalBytes).toBeGreaterThan(0)
  expect(disk.space(`${directory.path}/absent`)).toBeNull()
})
