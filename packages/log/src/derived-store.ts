/**
 * What is derived from a log's batches and kept in memory, stored so that the next start need not rebuild it: indexes and the
 * state of producers. Owns how far it is stored; losing any of it costs a longer start and nothing else.
 */
import type { LogEnvironment } from './log-environment.ts'
import type { ProducerState } from './producer-state/producer-state.ts'
import { removeNeedlessSnapshots, writeSnapshot } from './producer-state/snapshot-files.ts'
import type { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'
import type { UnsyncedFiles } from './unsynced-files.ts'

/** So much is appended before producers are stored again: what a start has to read of a segment, at most. */
const SNAPSHOT_BYTES = 64 * 1024 * 1024

export interface DerivedParts {
  readonly directory: string
  readonly segments: SegmentList
  readonly producers: ProducerState
}

export class DerivedStore {
  readonly #environment: LogEnvironment
  readonly #parts: DerivedParts
  readonly #unsynced: UnsyncedFiles
  /** All is stored as of this offset; -1 when that is not known of any. */
  #storedEndOffset: number
  /** Where producers were stored last. */
  #snapshot: { readonly segment: Segment; readonly position: number }

  constructor(environment: LogEnvironment, parts: DerivedParts, unsynced: UnsyncedFiles, storedEndOffset: number) {
    this.#environment = environment
    this.#parts = parts
    this.#unsynced = unsynced
    this.#storedEndOffset = storedEndOffset
    this.#snapshot = { segment: parts.segments.active, position: 0 }
  }

  /** Stores indexes, and producers when much was appended since they were stored last. Throws a `DiskError`. */
  storeBehind(logEndOffset: number): void {
    const { active } = this.#parts.segments
    if (active.offsetIndex.entries.unwrittenCount > 0) active.writeIndexes()
    const position = this.#snapshot.segment === active ? this.#snapshot.position : 0
    if (active.sizeBytes - position < SNAPSHOT_BYTES) return
    this.#storeProducers(logEndOffset)
    this.#snapshot = { segment: active, position: active.sizeBytes }
  }

  /** Stores everything as of the log's end. Throws a `DiskError`. */
  store(logEndOffset: number): void {
    if (this.#storedEndOffset === logEndOffset) return
    const { active } = this.#parts.segments
    active.writeIndexes()
    this.#unsynced.add(...active.slots)
    this.#storeProducers(logEndOffset)
    this.#storedEndOffset = logEndOffset
  }

  /** The log was cut, and what was stored of it went with that. */
  forget(): void {
    this.#storedEndOffset = -1
    this.#snapshot = { segment: this.#parts.segments.active, position: 0 }
  }

  #storeProducers(logEndOffset: number): void {
    const { directory, producers, segments } = this.#parts
    this.#unsynced.add(writeSnapshot(this.#environment, directory, logEndOffset, producers))
    this.#unsynced.addDirectory()
    removeNeedlessSnapshots(this.#environment, directory, segments)
  }
}
