/** This machine, as the supervisor of a local cluster needs it. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import type { Machine } from '../local-cluster/machine.ts'

export function createNodeMachine(): Machine {
  return {
    absolute: (path) => resolve(path),
    readText: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    writeText(path, content) {
      writeFileSync(`${path}.new`, content)
      renameSync(`${path}.new`, path)
    },
    removeFile: (path) => rmSync(path, { force: true }),
    createDirectory: (path) => void mkdirSync(path, { recursive: true }),
    startCommand(args, outputPath) {
      const [, main] = process.argv
      if (main === undefined) throw new Error('this process was not started from a file')
      const output = openSync(outputPath, 'a')
      try {
        const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
          detached: true,
          stdio: ['ignore', output, output],
          env: environment(),
        })
        if (child.pid === undefined) throw new Error(`${process.execPath} could not be started`)
        child.unref()
        return child.pid
      } finally {
        closeSync(output)
      }
    },
    isRunning: process.platform === 'linux' ? isRunningByProc : isRunningByPs,
    signal(pid, signal) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    },
    isPortFree: (host, port) =>
      new Promise((resolve) => {
        const server = createServer()
        server.once('error', () => resolve(false))
        server.listen(port, host, () => server.close(() => resolve(true)))
      }),
    sizeOf: (path) => (existsSync(path) ? withFile(path, (file) => fstatSync(file).size) : 0),
    readFrom: (path, position) =>
      withFile(path, (file) => {
        const bytes = new Uint8Array(Math.max(0, fstatSync(file).size - position))
        return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, position))
      }),
    nowMs: () => performance.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }
}

/** Without what npm tells its scripts: a node outlives the npm that started it, and must not take its end for a signal. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
}

function isRunningByProc(pid: number, argument: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)
  } catch {
    return false
  }
}

/** Elsewhere words cannot be told from spaces within them. */
function isRunningByPs(pid: number, argument: string): boolean {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(argument)
  } catch {
    return false
  }
}

function withFile<Result>(path: string, use: (file: number) => Result): Result {
  const file = openSync(path, 'r')
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}
