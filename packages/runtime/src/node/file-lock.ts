/**
 * Exclusive locks on files, so that two brokers never write the same directory.
 *
 * `flock(2)` where there is one: the kernel ties it to an open file, so it ends with the process however that dies, and
 * excludes a second broker in this process like one in another. Elsewhere a file that names the owner's process id, with
 * a check whether that process still lives; it may refuse after a crash when the id was given to somebody else, and never
 * does the opposite.
 */
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { DISK_ERROR_CODES, DiskError, type DiskLock } from '../ports/disk.ts'
import { systemCode, toDiskError } from './disk-error.ts'

export type LockMethod = 'flock' | 'pid-file'

/** From <sys/file.h>; the same on Linux and macOS. */
const LOCK_EXCLUSIVE = 2
const LOCK_NON_BLOCKING = 4

/** Pid files held by this process: an owner with our own id that is not in here died before we were given its id. */
const held = new Set<string>()

export function lockFile(path: string, method?: LockMethod): DiskLock {
  try {
    if (method === 'pid-file') return lockByPidFile(path)
    const flock = loadFlock()
    if (flock !== null) return lockByFlock(path, flock) ?? lockByPidFile(`${path}.pid`)
    if (method === 'flock') throw new Error('flock is not available on this platform')
    return lockByPidFile(path)
  } catch (error) {
    throw toDiskError(error, 'lock', path)
  }
}

interface Flock {
  /** Returns 0, or the number of the error. */
  tryLock(fd: number): number
}

let loadedFlock: Flock | null | undefined

function loadFlock(): Flock | null {
  if (loadedFlock === undefined) loadedFlock = bindFlock()
  return loadedFlock
}

function bindFlock(): Flock | null {
  if (process.platform !== 'linux' && process.platform !== 'darwin') return null
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const flock = koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number
    return {
      tryLock: (fd) => (flock(fd, LOCK_EXCLUSIVE | LOCK_NON_BLOCKING) === 0 ? 0 : koffi.errno()),
    }
  } catch {
    // No prebuilt library for this machine: the pid file does.
    return null
  }
}

/** Null where the file system has no such locks, as some network file systems do not. */
function lockByFlock(path: string, flock: Flock): DiskLock | null {
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)
  const errno = flock.tryLock(fd)
  if (errno !== 0) {
    const owner = readOwner(path)
    fs.closeSync(fd)
    if (errno === constants.errno.EWOULDBLOCK) throw locked(path, owner)
    if (errno === constants.errno.ENOTSUP || errno === constants.errno.ENOSYS || errno === constants.errno.ENOLCK) return null
    throw new Error(`flock failed with error number ${errno}`)
  }
  writeOwnerQuietly(fd)
  return once(() => fs.closeSync(fd))
}

/** A second release must not touch what a later holder has: its descriptor may have our number, its file our path. */
function once(release: () => void): DiskLock {
  let isHeld = true
  return {
    release: () => {
      if (!isHeld) return
      isHeld = false
      release()
    },
  }
}

/** For people and the next one's error message. The lock does not depend on it, so a full disk is no reason to refuse. */
function writeOwnerQuietly(fd: number): void {
  try {
    fs.ftruncateSync(fd, 0)
    fs.writeSync(fd, `${process.pid}\n`, 0)
  } catch {}
}

function lockByPidFile(path: string): DiskLock {
  if (!createPidFile(path)) {
    const owner = readOwner(path)
    if (isAlive(owner, path)) throw locked(path, owner)
    fs.rmSync(path, { force: true })
    if (!createPidFile(path)) throw locked(path, readOwner(path))
  }
  held.add(path)
  return once(() => {
    held.delete(path)
    fs.rmSync(path, { force: true })
  })
}

function createPidFile(path: string): boolean {
  try {
    fs.writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/** NaN when the file does not say, as when its owner died between creating and writing it. */
function readOwner(path: string): number {
  try {
    return Number.parseInt(fs.readFileSync(path, 'utf8'), 10)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Number.NaN
    throw error
  }
}

function isAlive(owner: number, path: string): boolean {
  if (!Number.isSafeInteger(owner) || owner <= 0) return false
  if (owner === process.pid) return held.has(path)
  try {
    process.kill(owner, 0)
    return true
  } catch (error) {
    return systemCode(error) !== 'ESRCH'
  }
}

function locked(path: string, owner: number): DiskError {
  const by = Number.isNaN(owner) ? 'another process' : owner === process.pid ? 'this process' : `process ${owner}`
  return new DiskError(DISK_ERROR_CODES.locked, path, `${path} is locked by ${by}`)
}
