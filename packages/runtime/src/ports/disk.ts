/**
 * The disk as the rest of Millrace sees it.
 *
 * What is written is in the page cache until a sync says otherwise: a crash of the process keeps it, a power cut does not.
 * The calls that move small amounts between us and the page cache are synchronous, because a round trip through a thread
 * pool costs three times the work itself; the calls that may wait for a device (`sync`, `read`, `write`) are asynchronous.
 *
 * Every failure is a `DiskError` whose `code` tells a full disk from a broken one. Paths are absolute; `/` separates.
 */
export interface Disk {
  /** Opens for reading and writing; `create` makes a missing file. Throws `ERR_DISK_NOT_FOUND` without it. */
  open(path: string, options?: OpenOptions): DiskFile
  /** Whole small file. Throws `ERR_DISK_NOT_FOUND`. */
  readFile(path: string): Uint8Array
  /**
   * Replaces a small file so that a crash leaves the old or the new content, never a mixture: temporary file, sync, rename,
   * sync of the directory. Asynchronous because it waits for the device.
   */
  replaceFile(path: string, content: Uint8Array): Promise<void>
  /** Names and kinds, sorted by name. Throws `ERR_DISK_NOT_FOUND`. */
  list(directory: string): readonly DirectoryEntry[]
  /** Size and modification time, or null where nothing is. */
  stat(path: string): FileStatus | null
  /** Creates missing parents; an existing directory is fine. */
  createDirectory(path: string): void
  /** Replaces a file at `to`. Not durable until `syncDirectory` of the parent. */
  rename(from: string, to: string): void
  /** Removes a file; a missing one is fine. */
  removeFile(path: string): void
  /** Removes a directory and what is in it; a missing one is fine. */
  removeDirectory(path: string): void
  /** Makes creations, renames and removals in this directory durable. */
  syncDirectory(path: string): Promise<void>
  /** Takes an exclusive lock that dies with the process. Throws `ERR_DISK_LOCKED` when another process or broker holds it. */
  lock(path: string): DiskLock
  /** Bytes that can still be written and the size of the volume, where known. */
  space(path: string): { readonly freeBytes: number; readonly totalBytes: number } | null
}

export interface OpenOptions {
  readonly create?: boolean
}

export interface DirectoryEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface FileStatus {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly isDirectory: boolean
}

export interface DiskLock {
  release(): void
}

export interface DiskFile {
  readonly path: string
  /** Descriptor that `sendfile(2)` accepts, or null where the disk has none (memory, simulator). */
  readonly descriptor: number | null
  /** Current size in bytes. */
  size(): number
  /** Reads up to `into.length` bytes at `position`; returns how many, fewer only at the end of the file. */
  readSync(into: Uint8Array, position: number): number
  /** The same for data that may not be in the page cache. */
  read(into: Uint8Array, position: number): Promise<number>
  /**
   * Writes all chunks back to back at `position` and returns the bytes written. All or an error: when the device takes only
   * a part, the error says so and the caller must truncate to what it had.
   */
  writeSync(chunks: readonly Uint8Array[], position: number): number
  /** The same through the thread pool, for large amounts. */
  write(chunks: readonly Uint8Array[], position: number): Promise<number>
  /** Cuts or extends (with zeros) to `sizeBytes`. */
  truncate(sizeBytes: number): void
  /** Resolves when all that was written before this call is on the device. A failure is final: never retry a sync. */
  sync(): Promise<void>
  /** Idempotent. */
  close(): void
}

export const DISK_ERROR_CODES = {
  full: 'ERR_DISK_FULL',
  notFound: 'ERR_DISK_NOT_FOUND',
  notPermitted: 'ERR_DISK_NOT_PERMITTED',
  locked: 'ERR_DISK_LOCKED',
  tooManyFiles: 'ERR_DISK_TOO_MANY_FILES',
  failed: 'ERR_DISK_FAILED',
} as const

export type DiskErrorCode = (typeof DISK_ERROR_CODES)[keyof typeof DISK_ERROR_CODES]

/** A disk operation that failed. Compare `code`; the message is for people and names the path. */
export class DiskError extends Error {
  readonly code: DiskErrorCode
  readonly path: string

  constructor(code: DiskErrorCode, path: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'DiskError'
    this.code = code
    this.path = path
  }
}
