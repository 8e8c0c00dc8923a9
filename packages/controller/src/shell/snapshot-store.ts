/**
 * The snapshot files of a directory. The two newest are kept: should the last one turn out to be unreadable, the one before
 * it and the log (which is kept from there on) still make the whole image.
 *
 * File names are those of Kafka's own snapshots: the offset after the last record (Raft's index), the epoch (Raft's term),
 * `.checkpoint`. One that is on its way from the leader ends in `.part`, in `.ready` when it is whole, checked and durable, and gets
 * its name when it takes the place of the log.
 */
import type { ClusterImage } from '@millrace/metadata'
import { type Clock, type Disk, DISK_ERROR_CODES, DiskError, type DiskFile, type Logger } from '@millrace/runtime'
import type { LogPosition, Membership } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, reasonOf } from './errors.ts'
import { decodeSnapshot, encodeSnapshot, type StoredSnapshot } from './snapshot-format.ts'

const KEPT = 2
const NAME = /^([0-9]{20})-([0-9]{10})\.checkpoint$/
/** What a crash left of a snapshot that was being written or received. */
const UNFINISHED = /^[0-9]{20}-[0-9]{10}\.checkpoint\.(tmp|part|ready)$/
const PART = '.part'
const READY = '.ready'
const PARTIAL = /^[0-9]{20}-[0-9]{10}\.checkpoint\.part$/
const DAMAGED = '.damaged'

export interface SnapshotStoreOptions {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Pick<Clock, 'monotonic' | 'defer'>
  readonly crc32c: (bytes: Uint8Array) => number
  readonly logger: Logger
}

export interface LoadedSnapshot {
  /** The newest that can be read; null without one. */
  readonly snapshot: StoredSnapshot | null
  /** Files of newer ones that cannot be read. */
  readonly damaged: readonly string[]
}

export interface SavedSnapshot {
  readonly sizeBytes: number
  /** Offset from which on the log has to be kept. */
  readonly neededFrom: number
}

export interface SnapshotPiece {
  readonly data: Uint8Array
  readonly isLast: boolean
}

/** Of which snapshot the `.part` is, and the file. */
interface Reception extends LogPosition {
  readonly path: string
  readonly file: DiskFile
}

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions
  #reception: Reception | null = null

  constructor(options: SnapshotStoreOptions) {
    this.#options = options
  }

  /** Throws a `MetadataStorageError` for a snapshot of a newer version: falling back would lose what only it can read. */
  load(): LoadedSnapshot {
    const { disk, directory, crc32c, logger } = this.#options
    const damaged: string[] = []
    for (const name of this.#names(NAME).reverse()) {
      const path = `${directory}/${name}`
      try {
        return { snapshot: decodeSnapshot(disk.readFile(path), path, crc32c), damaged }
      } catch (error) {
        if (!isDamage(error)) throw error
        logger.error('a metadata snapshot is damaged; the one before it and the log are used', { path, error })
        damaged.push(path)
      }
    }
    return { snapshot: null, damaged }
  }

  /** Whether there is any, readable or not. */
  isEmpty(): boolean {
    return this.#names(NAME).length === 0
  }

  /** Keeps damaged files for people to look at, under names that no snapshot has: they must not count as one to fall back to. */
  setAside(paths: readonly string[]): void {
    for (const path of paths) this.#options.disk.rename(path, `${path}${DAMAGED}`)
  }

  /** What a crash left half done. */
  removeUnfinished(): void {
    this.#removeAll(UNFINISHED)
  }

  async save(image: ClusterImage, membership: Membership): Promise<SavedSnapshot> {
    const { disk, directory } = this.#options
    const bytes = await encodeSnapshot(image, this.#options, membership)
    disk.createDirectory(directory)
    await disk.replaceFile(this.#path({ index: image.offset + 1, term: Math.max(0, image.epoch) }), bytes)
    return { sizeBytes: bytes.length, neededFrom: this.#removeOld() }
  }

  /** A piece of a snapshot that is kept here; null when it is not, or not any more. Rejects with a `DiskError`. */
  async read(position: LogPosition, offset: number, bytesMax: number): Promise<SnapshotPiece | null> {
    const { disk } = this.#options
    const path = this.#path(position)
    const sizeBytes = disk.stat(path)?.sizeBytes
    if (sizeBytes === undefined || offset > sizeBytes) return null
    const file = disk.open(path)
    try {
      const data = new Uint8Array(Math.min(bytesMax, sizeBytes - offset))
      const length = await file.read(data, offset)
      return { data: data.subarray(0, length), isLast: offset + length === sizeBytes }
    } finally {
      file.close()
    }
  }

  /** Keeps a piece of what the leader sends. One at offset 0 begins anew, whatever was there. Throws a `DiskError`. */
  receive(position: LogPosition, offset: number, data: Uint8Array): void {
    const reception = offset === 0 ? this.#beginReception(position) : this.#receptionOf(position)
    if (reception === null)
      throw new DiskError(DISK_ERROR_CODES.failed, this.#path(position), 'a piece of a snapshot came before its first one')
    reception.file.writeSync([data], offset)
  }

  /**
   * Makes what was received durable and looks whether it is whole and what it says it is; null when not. Rejects with a
   * `DiskError`.
   */
  async checkReceived(position: LogPosition): Promise<StoredSnapshot | null> {
    const { disk, crc32c, logger } = this.#options
    const reception = this.#receptionOf(position)
    if (reception === null) return null
    const { path, file } = reception
    await file.sync()
    try {
      const snapshot = decodeSnapshot(disk.readFile(path), path, crc32c)
      const { offset, epoch } = snapshot.image
      if (offset + 1 === position.index && epoch === position.term) {
        this.#endReception()
        // Another one may begin to come before this one is used.
        disk.rename(path, `${this.#path(position)}${READY}`)
        return snapshot
      }
      logger.error('a snapshot that was received is of another place', { path, offset, epoch })
    } catch (error) {
      if (!isDamage(error)) throw error
      logger.error('a snapshot that was received is damaged; it is asked for again', { path, reason: reasonOf(error) })
    }
    return null
  }

  /** What was received and checked is from now on the newest snapshot. Durable when it resolves. Rejects with a `DiskError`. */
  async install(position: LogPosition): Promise<void> {
    const { disk, directory } = this.#options
    disk.rename(`${this.#path(position)}${READY}`, this.#path(position))
    await disk.syncDirectory(directory)
    this.#removeOld()
  }

  close(): void {
    this.#endReception()
  }

  /** Returns the offset from which on the log has to be kept. */
  #removeOld(): number {
    const { disk, directory } = this.#options
    const names = this.#names(NAME)
    for (const old of names.slice(0, -KEPT)) disk.removeFile(`${directory}/${old}`)
    const kept = names.slice(-KEPT)
    // With only one snapshot the whole log stays as what it falls back to.
    return kept.length < KEPT ? 0 : Number(NAME.exec(kept[0] ?? '')?.[1] ?? 0)
  }

  #beginReception(position: LogPosition): Reception {
    const { disk } = this.#options
    this.#endReception()
    this.#removeAll(PARTIAL)
    const path = `${this.#path(position)}${PART}`
    this.#reception = { index: position.index, term: position.term, path, file: disk.open(path, { create: true }) }
    return this.#reception
  }

  #receptionOf({ index, term }: LogPosition): Reception | null {
    return this.#reception?.index === index && this.#reception.term === term ? this.#reception : null
  }

  #endReception(): void {
    this.#reception?.file.close()
    this.#reception = null
  }

  #removeAll(pattern: RegExp): void {
    const { disk, directory } = this.#options
    for (const name of this.#names(pattern)) disk.removeFile(`${directory}/${name}`)
  }

  #path({ index, term }: LogPosition): string {
    return `${this.#options.directory}/${String(index).padStart(20, '0')}-${String(term).padStart(10, '0')}.checkpoint`
  }

  /** Oldest first. */
  #names(pattern: RegExp): string[] {
    const { disk, directory } = this.#options
    if (disk.stat(directory) === null) return []
    return disk
      .list(directory)
      .filter((entry) => !entry.isDirectory && pattern.test(entry.name))
      .map((entry) => entry.name)
      .sort()
  }
}

/** Nothing of it will be different at the next attempt. */
function isDamage(error: unknown): boolean {
  return error instanceof MetadataStorageError
    ? error.code === METADATA_STORAGE_ERROR_CODES.snapshotCorrupt
    : error instanceof DiskError && error.code === DISK_ERROR_CODES.failed
}
