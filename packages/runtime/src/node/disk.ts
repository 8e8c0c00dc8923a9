/**
 * `node:fs` behind the disk port.
 *
 * Names of files are created, renamed and removed synchronously: each is a few microseconds of work in the page cache.
 * What waits for the device goes through libuv's thread pool.
 */
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { DISK_ERROR_CODES, DiskError } from '../ports/disk.ts'
import type { DirectoryEntry, Disk, DiskFile, DiskLock, FileStatus, OpenOptions } from '../ports/disk.ts'
import { systemCode, toDiskError } from './disk-error.ts'
import { NodeDiskFile } from './disk-file.ts'
import { lockFile, type LockMethod } from './file-lock.ts'

export interface NodeDiskOptions {
  /** How `lock` excludes others; the best that the platform offers when absent. */
  readonly lockMethod?: LockMethod
}

export function createNodeDisk(options: NodeDiskOptions = {}): Disk {
  return new NodeDisk(options)
}

class NodeDisk implements Disk {
  readonly #options: NodeDiskOptions
  /** The last replacement under way per path: two at once would share a temporary file. */
  readonly #replacements = new Map<string, Promise<void>>()

  constructor(options: NodeDiskOptions) {
    this.#options = options
  }

  open(path: string, options: OpenOptions = {}): DiskFile {
    const flags = fs.constants.O_RDWR | (options.create === true ? fs.constants.O_CREAT : 0)
    return new NodeDiskFile(
      path,
      attempt('open', path, () => fs.openSync(path, flags, 0o644)),
    )
  }

  readFile(path: string): Uint8Array {
    // Copied out of the `Buffer`, whose `slice` shares memory where that of an array copies.
    return new Uint8Array(attempt('read', path, () => fs.readFileSync(path)))
  }

  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    const before = this.#replacements.get(path) ?? Promise.resolve()
    const replacement = before.catch(() => {}).then(() => this.#replaceNow(path, content))
    this.#replacements.set(path, replacement)
    try {
      await replacement
    } finally {
      if (this.#replacements.get(path) === replacement) this.#replacements.delete(path)
    }
  }

  list(directory: string): readonly DirectoryEntry[] {
    return attempt('list', directory, () =>
      fs
        .readdirSync(directory, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, isDirectory: isDirectory(directory, entry) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    )
  }

  stat(path: string): FileStatus | null {
    return attempt('stat', path, () => {
      try {
        const found = fs.statSync(path)
        return { sizeBytes: found.size, modifiedMs: Math.trunc(found.mtimeMs), isDirectory: found.isDirectory() }
      } catch (error) {
        if (isAbsent(error)) return null
        throw error
      }
    })
  }

  createDirectory(path: string): void {
    attempt('create directory', path, () => makeDirectory(path))
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => fs.renameSync(from, to))
  }

  removeFile(path: string): void {
    attempt('remove', path, () => {
      try {
        fs.unlinkSync(path)
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
    })
  }

  removeDirectory(path: string): void {
    attempt('remove directory', path, () => fs.rmSync(path, { recursive: true, force: true }))
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows has no descriptor of a directory to sync; its file systems journal names by themselves.
    if (process.platform === 'win32') return
    try {
      const directory = await fs.promises.open(path, 'r')
      try {
        await directory.sync()
      } finally {
        await directory.close()
      }
    } catch (error) {
      throw toDiskError(error, 'sync directory', path)
    }
  }

  lock(path: string): DiskLock {
    return lockFile(path, this.#options.lockMethod)
  }

  space(path: string): { readonly freeBytes: number; readonly totalBytes: number } | null {
    try {
      const found = fs.statfsSync(path)
      return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize }
    } catch {
      return null
    }
  }

  async #replaceNow(path: string, content: Uint8Array): Promise<void> {
    const temporary = `${path}.tmp`
    const file = this.open(temporary, { create: true })
    try {
      try {
        file.truncate(0)
        file.writeSync([content], 0)
        await file.sync()
      } finally {
        file.close()
      }
      this.rename(temporary, path)
    } catch (error) {
      removeQuietly(temporary)
      throw error
    }
    await this.syncDirectory(parentOf(path))
  }
}

function attempt<Result>(doing: string, path: string, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw toDiskError(error, doing, path)
  }
}

function isAbsent(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** A link to a directory counts as one: people put log directories on other volumes that way. */
function isDirectory(parent: string, entry: fs.Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return fs.statSync(`${parent}/${entry.name}`, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function parentOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), process.platform === 'win32' ? path.lastIndexOf('\\') : -1)
  if (end < 0) throw new DiskError(DISK_ERROR_CODES.failed, path, `not an absolute path: ${path}`)
  return end === 0 ? '/' : path.slice(0, end)
}

/** The failure that led here is the one to report; a leftover temporary file is overwritten next time. */
function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path)
  } catch {}
}

/** Parents first. Not by Node's own `recursive`, which never comes back where a parent exists and nothing can be made in it (`/proc`). */
function makeDirectory(path: string): void {
  try {
    fs.mkdirSync(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST' && fs.statSync(path).isDirectory()) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path || fs.existsSync(parent)) throw error
    makeDirectory(parent)
    fs.mkdirSync(path)
  }
}
