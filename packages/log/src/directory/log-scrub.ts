/**
 * Reads what lies on the disk and nobody asks for, slowly, and holds every batch against its checksum: rot that is found while other
 * replicas still have what it took costs nothing, and a year later it may be the last copy.
 *
 * Only what is durable is read, so that what a crash may have left is never taken for rot: recovery deals with that. Nothing is
 * changed: the log says it, and whoever else is told decides.
 */
import { batchBaseOffset, batchLastOffset, partitionLeaderEpoch } from '@millrace/protocol'
import { LogCorruptError, isFinal, toStorageError } from '../errors.ts'
import { BatchScanner } from '../batch-scanner.ts'
import { partitionDirectoryName, segmentFileName, SEGMENT_SUFFIXES } from '../file-names.ts'
import type { PartitionLog } from '../partition-log.ts'
import { closedSegments } from './closed-log.ts'
import type { FoundPartition, LogDirectory } from './log-directory.ts'

/** Between two pauses. */
const PIECE_BYTES = 1024 * 1024

export type OnDamaged = (found: FoundPartition, error: LogCorruptError) => void

/** A part of a file that was durable once and has not been changed since. */
interface DurablePart {
  readonly path: string
  readonly endPosition: number
  /** Offsets of its batches, which no checksum covers either, lie from the one up to before the other. */
  readonly minOffset: number
  readonly endOffset: number
  /** Of the batch that holds the offset, which no checksum covers; -1 where it is not known. */
  leaderEpochAt(offset: number): number
  /** Whether it is still a part of the log as it is now. */
  isCurrent(): boolean
}

export class LogScrub {
  readonly #directory: LogDirectory
  readonly #onDamaged: OnDamaged
  readonly #isStopped: () => boolean
  #unpausedBytes = 0
  #wake: (() => void) | null = null

  constructor(directory: LogDirectory, onDamaged: OnDamaged, isStopped: () => boolean) {
    this.#directory = directory
    this.#onDamaged = onDamaged
    this.#isStopped = isStopped
  }

  /** One round over all logs, open or not. What fails in one log does not keep the others waiting. */
  async run(): Promise<void> {
    for (const found of this.#directory.found()) {
      if (this.#isOver) return
      const error = await this.#firstDamage(found)
      if (error === null || this.#isOver) continue
      this.#directory.environment.logger.error('stored records are damaged', { ...found, error })
      this.#onDamaged(found, error)
    }
  }

  /** Ends a pause that goes on. */
  stop(): void {
    this.#wake?.()
  }

  get #isOver(): boolean {
    return this.#isStopped() || this.#directory.offlineError !== null
  }

  async #firstDamage(found: FoundPartition): Promise<LogCorruptError | null> {
    for (const part of this.#partsOf(found)) {
      if (this.#isOver) return null
      if (!part.isCurrent()) continue
      try {
        const damage = await this.#read(part)
        if (damage !== null && part.isCurrent()) return new LogCorruptError(part.path, damage.position, damage.reason)
      } catch (error) {
        if (!part.isCurrent() || this.#isOver) continue
        const reason = toStorageError(error, part.path)
        this.#directory.environment.logger.error('a log could not be read through', { ...found, error: reason })
        if (isFinal(reason)) this.#directory.environment.fail(reason)
      }
    }
    return null
  }

  #partsOf({ topic, partition }: FoundPartition): readonly DurablePart[] {
    const log = this.#directory.get(topic, partition)
    return log === null ? this.#partsOnDisk(topic, partition) : partsOfOpen(log)
  }

  /** Of a log that nobody has open, as far as the checkpoints say that it was durable. */
  #partsOnDisk(topic: string, partition: number): readonly DurablePart[] {
    const { checkpoints, environment, path } = this.#directory
    const name = partitionDirectoryName(topic, partition)
    const durable = checkpoints.recoveryPosition(name)
    if (durable === null) return []
    const isCurrent = (): boolean => this.#directory.get(topic, partition) === null && environment.disk.stat(`${path}/${name}`) !== null
    const segments = closedSegments(environment.disk, `${path}/${name}`)
    return segments
      .map(({ baseOffset, sizeBytes }, index) => ({
        path: `${path}/${name}/${segmentFileName(baseOffset, SEGMENT_SUFFIXES.log)}`,
        endPosition: baseOffset === durable.segmentBaseOffset ? Math.min(durable.position, sizeBytes) : sizeBytes,
        minOffset: baseOffset,
        endOffset: segments[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY,
        leaderEpochAt: () => -1,
        isCurrent,
      }))
      .filter(({ minOffset }) => minOffset <= durable.segmentBaseOffset)
  }

  async #read(part: DurablePart): Promise<{ readonly position: number; readonly reason: string } | null> {
    const { path, endPosition, minOffset, endOffset, leaderEpochAt } = part
    const { disk, crc32c } = this.#directory.environment
    const file = disk.open(path)
    try {
      const scanner = new BatchScanner({ file, from: 0, to: endPosition, isWhole: false, crc32c, minOffset })
      while (await scanner.next()) {
        if (this.#isOver) return null
        const baseOffset = batchBaseOffset(scanner.bytes, scanner.at)
        const [epoch, known] = [partitionLeaderEpoch(scanner.bytes, scanner.at), leaderEpochAt(baseOffset)]
        if (known >= 0 && epoch !== known) {
          const reason = `the batch at offset ${baseOffset} is of leader epoch ${epoch}, and was appended in epoch ${known}`
          return { position: scanner.position, reason }
        }
        const lastOffset = batchLastOffset(scanner.bytes, scanner.at)
        if (lastOffset >= endOffset) {
          return { position: scanner.position, reason: `a batch ends at offset ${lastOffset}, and its segment before ${endOffset}` }
        }
        this.#unpausedBytes += scanner.sizeInBytes
        if (this.#unpausedBytes >= PIECE_BYTES) await this.#pause()
      }
      return scanner.damage === null ? null : { position: scanner.endPosition, reason: scanner.damage }
    } finally {
      file.close()
    }
  }

  /** As long as what was read since the last pause may take. */
  #pause(): Promise<void> {
    const { clock, settings } = this.#directory.environment
    const bytes = this.#unpausedBytes
    this.#unpausedBytes = 0
    return new Promise((resolve) => {
      const timer = clock.setTimer((bytes / settings.scrubBytesPerSecond) * 1_000, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = null
        timer.cancel()
        resolve()
      }
    })
  }
}

function partsOfOpen(log: PartitionLog): readonly DurablePart[] {
  const { cuts, durablePosition, segments } = log
  const parts: DurablePart[] = []
  for (const segment of segments) {
    const { sizeBytes } = segment
    const endOffset = segments.endOffsetOf(segment, log.logEndOffset)
    const isDurable = endOffset <= log.durableEndOffset
    const endPosition = isDurable ? sizeBytes : durablePosition?.segment === segment ? durablePosition.position : 0
    const isCurrent = (): boolean => !log.isClosed && !log.isBeingCut && log.cuts === cuts && [...log.segments].includes(segment)
    const leaderEpochAt = (offset: number): number => log.leaderEpochAt(offset)
    const minOffset = segment.baseOffset
    if (endPosition > 0) parts.push({ path: segment.log.path, endPosition, minOffset, endOffset, leaderEpochAt, isCurrent })
  }
  return parts
}
