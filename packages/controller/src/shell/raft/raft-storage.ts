/**
 * What Raft has written and read: the one stream of writes to vote file, snapshot and log, and entries read back.
 *
 * Writes are done one after the other, each durable as a whole before the next begins. A full disk is no failure: the write
 * waits until there is room, and what comes after it waits too. Every other error is final.
 */
import { BATCH_HEADER_BYTES, batchSizeInBytes } from '@millrace/protocol'
import { isWantOfRoom as isLogInWantOfRoom } from '@millrace/log'
import { type Clock, DISK_ERROR_CODES, DiskError, invariant, type Logger, type Timer } from '@millrace/runtime'
import type { Entry, HardState, Persist, SnapshotMeta } from 'raft-ts'
import type { MetadataLog } from '../metadata-log.ts'
import type { SnapshotStore } from '../snapshot-store.ts'
import type { DurableMark } from './durable-mark.ts'
import { decodeEntry, encodeEntry } from './entry-codec.ts'
import type { QuorumState, VoteFile } from './vote-file.ts'

const RETRY_MS = 500

export interface RaftStorageOptions {
  readonly log: MetadataLog
  readonly voteFile: VoteFile
  readonly durableMark: DurableMark
  readonly snapshots: SnapshotStore
  readonly clock: Pick<Clock, 'now' | 'setTimer'>
  readonly crc32c: (bytes: Uint8Array) => number
  readonly logger: Logger
  /** A write waits for room on the disk. */
  readonly onFull: () => void
}

export class RaftStorage {
  readonly #options: RaftStorageOptions
  /** Rejects once a write has failed, and then for good. */
  #writes: Promise<void> = Promise.resolve()
  /** Counts what took entries away; a read that such a thing came into is worthless. */
  #cuts = 0
  #isFull = false
  #isClosed = false
  #waiting: { readonly timer: Timer; readonly wake: () => void } | null = null

  constructor(options: RaftStorageOptions) {
    this.#options = options
  }

  /** The last write waits for room on the disk. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Resolves when it is durable, in the order of the calls. A failure is final. */
  persist(write: Persist): Promise<void> {
    this.#writes = this.#writes.then(() => this.#write(write))
    return this.#writes
  }

  /** As many entries as fit, but at least one; none when they were cut off meanwhile. Rejects when they are damaged or unreadable. */
  async read(fromIndex: number, lastIndex: number, bytesMax: number): Promise<readonly Entry[]> {
    const { log, crc32c } = this.#options
    const cuts = this.#cuts
    try {
      const bytes = await readRange(log, fromIndex - 1, lastIndex, bytesMax)
      return cuts === this.#cuts ? entriesIn(bytes, fromIndex, crc32c) : []
    } catch (error) {
      if (cuts !== this.#cuts) return []
      throw error
    }
  }

  /** Entries up to this index are committed and applied here. */
  applied(index: number): void {
    const { log } = this.#options
    log.setHighWatermark(Math.min(index, log.logEndOffset))
  }

  /**
   * Entries up to the index that `neededNoMore` gives, when it is asked, can be removed. Resolves to that index. Waits for its turn
   * among the writes, since it must not meet one that cuts the log.
   */
  compact(neededNoMore: () => number): Promise<number> {
    const { log } = this.#options
    const before = this.#writes
    const compacted = before.then(() => {
      const index = neededNoMore()
      // Segments that begin near snapshots can be removed as soon as the snapshots make them needless.
      log.roll()
      if (index > log.logStartOffset) log.deleteRecordsBefore(index)
      return index
    })
    // Should it fail, the log is longer than it need be, and that is all.
    this.#writes = before.then(() =>
      compacted.then(
        () => {},
        () => {},
      ),
    )
    this.#writes.catch(() => {})
    return compacted
  }

  /** Waits for what was given to it and keeps the hints that go with it. Idempotent. */
  async close(hints: Pick<HardState, 'commitIndex' | 'durableIndex'>): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { voteFile, durableMark } = this.#options
    this.#waiting?.timer.cancel()
    this.#waiting?.wake()
    try {
      await this.#writes
      const { commitIndex, durableIndex } = hints
      await voteFile.write({ ...voteFile.state, commitHint: commitIndex, durableHint: durableIndex })
    } catch {
      // Whoever asked for the write was told; the hints stay as they are.
    }
    voteFile.close()
    await durableMark.close()
  }

  async #write({ hardState, snapshot, truncateFrom, entries }: Persist): Promise<void> {
    const { voteFile, log } = this.#options
    if (hardState !== null) await voteFile.write(stateWith(voteFile.state, hardState))
    if (snapshot !== null) await this.#install(snapshot)
    if (truncateFrom !== null) await this.#cut(truncateFrom - 1, () => log.truncateTo(truncateFrom - 1))
    if (entries.length > 0) await this.#append(entries)
  }

  /** A crash after the first step and before the last one is made good by recovery, which knows by the mark what was going on. */
  async #install(snapshot: SnapshotMeta): Promise<void> {
    const { voteFile, snapshots, log } = this.#options
    await voteFile.write({ ...voteFile.state, installingIndex: snapshot.index })
    await this.#whenThereIsRoom(() => snapshots.install(snapshot))
    await this.#cut(snapshot.index, () => log.resetTo(snapshot.index))
    await voteFile.write({ ...voteFile.state, installingIndex: 0 })
  }

  /** Of what was in the log nothing is left after `lastIndex`. */
  async #cut(lastIndex: number, work: () => Promise<void>): Promise<void> {
    const { durableMark } = this.#options
    this.#cuts += 1
    await this.#whenThereIsRoom(async () => {
      // Otherwise the next start may find that the log ends before what was durable once.
      await durableMark.lowerTo(lastIndex)
      await work()
    })
    this.#cuts += 1
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    const { log, durableMark } = this.#options
    const writeIndex = entries[0]?.index ?? 0
    await this.#whenThereIsRoom(async () => {
      // A segment boundary may lie within what was written before there was no room any more.
      this.#stage(
        entries.filter(({ index }) => index > log.logEndOffset),
        writeIndex,
      )
      log.commitStaged()
    })
    await log.flush()
    durableMark.raiseTo(log.durableEndOffset)
  }

  #stage(entries: readonly Entry[], writeIndex: number): void {
    const { log, clock, crc32c } = this.#options
    const timestamp = clock.now()
    let offset = log.logEndOffset
    for (const entry of entries) {
      invariant(entry.index === offset + 1, 'entries are written without gaps', { index: entry.index, offset })
      const outcome = log.stage(encodeEntry(entry, { timestamp, writeIndex, crc32c }), { leaderEpoch: entry.term, origin: 'internal' })
      invariant(outcome.type === 'staged' && outcome.baseOffset === offset, 'the log takes entries as they come', { outcome: outcome.type })
      offset += 1
    }
  }

  async #whenThereIsRoom(work: () => Promise<void>): Promise<void> {
    const { logger } = this.#options
    for (;;) {
      try {
        await work()
        this.#isFull = false
        return
      } catch (error) {
        if (this.#isClosed || !isWantOfRoom(error)) throw error
        if (!this.#isFull) logger.error('metadata cannot be stored for want of room; it is tried again until there is some', { error })
        this.#isFull = true
        this.#options.onFull()
        await this.#pause()
        if (this.#isClosed) throw error
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting = null
        resolve()
      }
      this.#waiting = { timer: this.#options.clock.setTimer(RETRY_MS, wake), wake }
    })
  }
}

/** Nothing was changed, and the same may succeed later. */
export function isWantOfRoom(error: unknown): error is Error {
  if (error instanceof DiskError) return error.code === DISK_ERROR_CODES.full || error.code === DISK_ERROR_CODES.tooManyFiles
  return isLogInWantOfRoom(error)
}

function stateWith(state: QuorumState, { term, votedFor, commitIndex, durableIndex, isRecovering }: HardState): QuorumState {
  return { ...state, term, votedFor, commitHint: commitIndex, durableHint: durableIndex, isRecovering }
}

async function readRange(log: MetadataLog, offset: number, endOffset: number, maxBytes: number): Promise<Uint8Array> {
  const result = log.read({ offset, maxBytes, endOffset, atLeastOneBatch: true })
  if (result.type === 'empty') return new Uint8Array(0)
  if (result.type === 'bytes') return result.bytes
  try {
    const bytes = new Uint8Array(result.sizeBytes)
    return bytes.subarray(0, await result.file.read(bytes, result.position))
  } finally {
    result.release()
  }
}

function entriesIn(bytes: Uint8Array, fromIndex: number, crc32c: (bytes: Uint8Array) => number): readonly Entry[] {
  const entries: Entry[] = []
  let position = 0
  while (isWholeBatch(bytes, position)) {
    const { entry, sizeBytes } = decodeEntry(bytes, position, crc32c)
    const expected = fromIndex + entries.length
    invariant(entry.index === expected, 'entries are read in order', { index: entry.index, expected })
    // The bytes are the log's, and may be used for something else once this turn is over.
    entries.push(entry.type === 'data' ? { ...entry, data: entry.data.slice() } : entry)
    position += sizeBytes
  }
  return entries
}

function isWholeBatch(bytes: Uint8Array, position: number): boolean {
  if (position + BATCH_HEADER_BYTES > bytes.length) return false
  const sizeBytes = batchSizeInBytes(bytes, position)
  return sizeBytes >= BATCH_HEADER_BYTES && position + sizeBytes <= bytes.length
}
