/**
 * The snapshot files of a directory. The two newest are kept: should the last one turn out to be unreadable, the one before
 * it and the log (which is kept from there on) still make the whole image.
 *
 * File names are those of Kafka's own snapshots: the offset after the last record, the epoch, `.checkpoint`.
 */
import type { ClusterImage } from '@millrace/metadata'
import { type Clock, type Disk, DISK_ERROR_CODES, DiskError, type Logger } from '@millrace/runtime'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from './errors.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-format.ts'

const KEPT = 2
const NAME = /^([0-9]{20})-([0-9]{10})\.checkpoint$/
/** What a crash left of a snapshot that was being written. */
const UNFINISHED = /^[0-9]{20}-[0-9]{10}\.checkpoint\.tmp$/
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
  readonly image: ClusterImage | null
  /** Files of newer ones that cannot be read. */
  readonly damaged: readonly string[]
}

export interface SavedSnapshot {
  readonly sizeBytes: number
  /** Offset from which on the log has to be kept. */
  readonly neededFrom: number
}

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions

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
        return { image: decodeSnapshot(disk.readFile(path), path, crc32c), damaged }
      } catch (error) {
        if (!isDamage(error)) throw error
        logger.error('a metadata snapshot is damaged; the one before it and the log are used', { path, error })
        damaged.push(path)
      }
    }
    return { image: null, damaged }
  }

  /** Keeps damaged files for people to look at, under names that no snapshot has: they must not count as one to fall back to. */
  setAside(paths: readonly string[]): void {
    for (const path of paths) this.#options.disk.rename(path, `${path}${DAMAGED}`)
  }

  async save(image: ClusterImage): Promise<SavedSnapshot> {
    const { disk, directory } = this.#options
    for (const name of this.#names(UNFINISHED)) disk.removeFile(`${directory}/${name}`)
    const bytes = await encodeSnapshot(image, this.#options)
    const name = `${String(image.offset + 1).padStart(20, '0')}-${String(image.epoch).padStart(10, '0')}.checkpoint`
    disk.createDirectory(directory)
    await disk.replaceFile(`${directory}/${name}`, bytes)
    const names = this.#names(NAME)
    for (const old of names.slice(0, -KEPT)) disk.removeFile(`${directory}/${old}`)
    const kept = names.slice(-KEPT)
    // With only one snapshot the whole log stays as what it falls back to.
    const neededFrom = kept.length < KEPT ? 0 : Number(NAME.exec(kept[0] ?? '')?.[1] ?? 0)
    return { sizeBytes: bytes.length, neededFrom }
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
