/**
 * The steps by which a log is cut, or begins anew elsewhere.
 *
 * After a crash at any moment the log is what it was, or ends somewhere between there and the cut; it never has a hole, and nothing
 * that was cut comes back once the cut is done:
 *
 * 1. the checkpoints say, durably, that nothing is known to be durable beyond the cut;
 * 2. in memory the log ends there from one moment to the next: readers that have a range of a file beyond it keep their file;
 * 3. segments beyond it are set aside, the last one first, each durably before the next, so that what is left is always the
 *    beginning of what there was; snapshots of producers beyond it go;
 * 4. the segment that it lies in is cut, or, where somebody still reads beyond, replaced by a copy of what stays;
 * 5. producers are what they were there: the newest snapshot, and the batches after it;
 * 6. all of it is synced, the leader epochs too.
 */
import { DISK_ERROR_CODES, DiskError } from '@millrace/runtime'
import type { FileSlot } from '../file-pool.ts'
import { FILE_STATES } from '../file-names.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { LogParts } from '../log-parts.ts'
import { listSnapshots, removeSnapshot } from '../producer-state/snapshot-files.ts'
import { replayProducers } from '../recovery/producer-replay.ts'
import type { Segment } from '../segment.ts'
import { createSegment, setSegmentAside } from '../segment-files.ts'
import { syncFile } from '../sync-file.ts'
import type { CutPlace } from './cut-place.ts'

const COPIED_BYTES = 1024 * 1024

export class CutSteps {
  readonly #environment: LogEnvironment
  readonly #log: LogParts

  constructor(environment: LogEnvironment, log: LogParts) {
    this.#environment = environment
    this.#log = log
  }

  /** Step 1. Nothing is changed when it rejects with a `DiskError`, but that the next start reads more than it had to. */
  announce({ segment, position, endOffset, newest }: CutPlace): Promise<void> {
    return this.#environment.checkpoints.lower(this.#log.topic, this.#log.partition, {
      recoveryPoint: endOffset,
      segmentBaseOffset: segment.baseOffset,
      position,
      maxTimestamp: newest?.timestamp ?? -1,
      maxTimestampOffset: newest?.offset ?? -1,
    })
  }

  /** Steps 2 to 6; `onCut` is called when the log has its new end. Rejects with a `DiskError` or a `LogCorruptError`. */
  async cut(place: CutPlace, onCut: () => void): Promise<void> {
    const { segments, reader, tail, appender, epochs, unsynced, derived } = this.#log
    const { segment, position, endOffset, newest } = place
    const isReadBeyond = segment.log.isHeld
    const dropped = segments.cutAfter(segment)
    // Entries of batches that are gone must not come back, beside those of other batches in their place.
    unsynced.add(...segment.slots.filter(({ path }) => this.#environment.disk.stat(path) !== null))
    segment.cutTo(position, endOffset, newest)
    appender.cutTo(endOffset)
    epochs.cache.truncateFromEnd(endOffset)
    derived.forget()
    reader.forget()
    tail.clear()
    onCut()
    for (const gone of dropped) await this.#setAside(gone)
    this.#removeSnapshots(endOffset)
    if (isReadBeyond) await this.#replaceFile(segment)
    else segment.log.use().truncate(position)
    await this.#rebuildProducers(endOffset)
    await this.#sync()
  }

  /** An empty log begins at another offset; `onMoved` is called when it does. Rejects with a `DiskError`. */
  async moveTo(offset: number, onMoved: () => void): Promise<void> {
    const { topic, partition, directory, segments, appender, epochs, producers, reader, derived, unsynced } = this.#log
    const before = segments.active
    await this.announce({ segment: before, position: 0, endOffset: Math.min(offset, before.baseOffset), newest: null })
    await this.#environment.checkpoints.setLogStart(topic, partition, offset)
    if (offset !== before.baseOffset) {
      // First, and durably: of two empty segments a start would take one for where the log begins, and the other for where it ends.
      await this.#setAside(before)
      const segment = createSegment(this.#environment, directory, offset)
      segments.replace([before], [segment])
      unsynced.add(segment.log)
    }
    appender.cutTo(offset)
    epochs.cache.truncateFromEnd(0)
    producers.clear()
    derived.forget()
    reader.forget()
    onMoved()
    for (const snapshot of listSnapshots(this.#environment, directory)) removeSnapshot(this.#environment, directory, snapshot)
    await this.#sync()
  }

  async #setAside(segment: Segment): Promise<void> {
    this.#log.unsynced.drop([...segment.slots, segment.transactionIndex.entries.slot])
    const slots = setSegmentAside(this.#environment, segment)
    this.#environment.removals.add(slots, this.#log.appender.config.fileDeleteDelayMs)
    await this.#environment.disk.syncDirectory(this.#log.directory)
  }

  #removeSnapshots(endOffset: number): void {
    const { directory } = this.#log
    for (const offset of listSnapshots(this.#environment, directory)) {
      if (offset > endOffset) removeSnapshot(this.#environment, directory, offset)
    }
  }

  /** The file becomes one that holds only what stays. Those who hold the old one read on in that. */
  async #replaceFile({ log, sizeBytes }: Segment): Promise<void> {
    const { files, disk } = this.#environment
    const copy = files.slot(log.path + FILE_STATES.cleaned)
    await copyFile(log, copy, sizeBytes)
    await syncFile(copy)
    copy.close()
    disk.rename(copy.path, log.path)
    log.replaced()
    await disk.syncDirectory(this.#log.directory)
  }

  async #rebuildProducers(endOffset: number): Promise<void> {
    const { directory, segments, producers, unsynced } = this.#log
    const rebuilt = producers.fresh()
    const options = { directory, segments, logEndOffset: endOffset, transactionIndexEndOffset: endOffset }
    const { written } = await replayProducers(this.#environment, rebuilt, options)
    producers.become(rebuilt)
    unsynced.add(...written)
  }

  async #sync(): Promise<void> {
    const { unsynced, epochs, segments } = this.#log
    const { entries } = segments.active.transactionIndex
    entries.writeNew()
    // What was to be the first entry of it may have been cut off before it was written.
    if (this.#environment.disk.stat(entries.slot.path) === null) unsynced.forget(entries.slot)
    unsynced.addDirectory()
    await unsynced.sync(this.#environment)
    try {
      await epochs.write()
    } catch (error) {
      // Old epochs are found out at the next start, which compares them with the batches.
      if (!(error instanceof DiskError && error.code === DISK_ERROR_CODES.full)) throw error
    }
  }
}

async function copyFile(from: FileSlot, to: FileSlot, sizeBytes: number): Promise<void> {
  const source = from.hold()
  const target = to.hold(true)
  try {
    target.file.truncate(0)
    const piece = new Uint8Array(Math.min(COPIED_BYTES, sizeBytes))
    for (let position = 0; position < sizeBytes; position += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, sizeBytes - position))
      await source.file.read(part, position)
      await target.file.write([part], position)
    }
  } finally {
    source.release()
    target.release()
  }
}
