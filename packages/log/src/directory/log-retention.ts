/** Takes from the logs of a directory what has had its time, and opens those that nobody uses when it looks worth it. */
import { parsePartitionMetadata, PARTITION_METADATA } from '../checkpoint/partition-metadata.ts'
import { STORAGE_ERROR_CODES, StorageError, toStorageError } from '../errors.ts'
import { partitionDirectoryName } from '../file-names.ts'
import type { LogConfig } from '../log-config.ts'
import type { PartitionLog } from '../partition-log.ts'
import { segmentsToRemove } from '../retention.ts'
import type { Segment } from '../segment.ts'
import { closedSegments, isWorthOpening } from './closed-log.ts'
import type { FoundPartition, LogDirectory } from './log-directory.ts'

/** What a partition is to be like; null for one that is not this broker's (any more). */
export type ConfigFor = (topic: string, partition: number) => { readonly topicId: string; readonly config: LogConfig } | null

/** Logs that are looked at before others get their turn. */
const TURN_LOGS = 64

export class LogRetention {
  readonly #directory: LogDirectory
  readonly #configFor: ConfigFor
  readonly #isStopped: () => boolean
  /** Logs that are being compacted, which have their turn later. */
  readonly #isBusy: (log: PartitionLog) => boolean

  constructor(directory: LogDirectory, configFor: ConfigFor, isStopped: () => boolean, isBusy: (log: PartitionLog) => boolean) {
    this.#directory = directory
    this.#configFor = configFor
    this.#isStopped = isStopped
    this.#isBusy = isBusy
  }

  /** One round over all logs. What fails in one log is reported and does not keep the others waiting. */
  async run(): Promise<void> {
    const { clock, logger } = this.#directory.environment
    let looked = 0
    for (const found of this.#directory.found()) {
      if (this.#isOver) return
      try {
        const log = this.#directory.get(found.topic, found.partition) ?? (await this.#openIfWorth(found))
        if (log !== null) await this.#retain(log)
      } catch (error) {
        const reason = toStorageError(error, this.#directory.path)
        if (!this.#isOver) logger.warn('retention of a log failed; it will be tried again', { ...found, error: reason })
      }
      looked += 1
      if (looked % TURN_LOGS === 0) await new Promise<void>((resolve) => clock.defer(resolve))
    }
  }

  get #isOver(): boolean {
    return this.#isStopped() || this.#directory.offlineError !== null
  }

  async #openIfWorth({ topic, partition }: FoundPartition): Promise<PartitionLog | null> {
    const wanted = this.#configFor(topic, partition)
    if (wanted === null) return null
    const { environment, checkpoints, path } = this.#directory
    const name = partitionDirectoryName(topic, partition)
    const segments = closedSegments(environment.disk, `${path}/${name}`)
    const offsets = {
      logStartOffset: checkpoints.logStartOffsets.get(name) ?? 0,
      cleanedOffset: checkpoints.cleanedOffsets.get(name) ?? 0,
    }
    if (!isWorthOpening(segments, offsets, wanted.config, environment.clock.now())) return null
    // Another topic's records are dealt with by those who open the partition for use.
    const metadata = parsePartitionMetadata(environment.disk.readFile(`${path}/${name}/${PARTITION_METADATA}`))
    return metadata === wanted.topicId ? this.#directory.open(topic, partition, wanted.topicId, wanted.config) : null
  }

  async #retain(log: PartitionLog): Promise<void> {
    if (this.#isLeftAlone(log)) return
    const nowMs = this.#directory.environment.clock.now()
    log.rollIfOld(nowMs)
    const { logEndOffset, logStartOffset, highWatermark, config } = log
    const removed = segmentsToRemove({ segments: log.segments, logStartOffset, logEndOffset, highWatermark, config, nowMs })
    const last = removed.at(-1)
    if (last === undefined) return
    // The log's start is durable before anything goes, so that a crash leaves no log with a hole.
    log.deleteRecordsBefore(log.segments.endOffsetOf(last, logEndOffset))
    const isPersisted = await this.#persistLogStart(log)
    if (this.#isLeftAlone(log)) return
    const needless = needlessSegments(log)
    if (isPersisted) log.removeSegments(needless)
    else await this.#removeOneByOne(log, needless)
    this.#directory.environment.logger.info('segments had their time and were removed', {
      topic: log.topic,
      partition: log.partition,
      segments: needless.length,
      logStartOffset: log.logStartOffset,
    })
  }

  #isLeftAlone(log: PartitionLog): boolean {
    return log.isClosed || log.isBeingCut || this.#isBusy(log)
  }

  /** False when there is no room for it. */
  async #persistLogStart(log: PartitionLog): Promise<boolean> {
    try {
      await this.#directory.persistLogStart(log)
      return true
    } catch (error) {
      if (error instanceof StorageError && error.code === STORAGE_ERROR_CODES.diskFull) return false
      throw error
    }
  }

  /** A disk that is full has no room for the checkpoint either, and this is what makes room: then each step is a durable one. */
  async #removeOneByOne(log: PartitionLog, needless: readonly Segment[]): Promise<void> {
    for (const segment of needless) {
      if (this.#isLeftAlone(log) || segment !== log.segments.first) return
      log.removeSegments([segment])
      await this.#directory.environment.disk.syncDirectory(log.directory)
    }
  }
}

/** Those that end at or before the log's start. An active one counts unless it is empty: then it holds the start. */
function needlessSegments(log: PartitionLog): Segment[] {
  const needless: Segment[] = []
  for (const segment of log.segments) {
    const isEmptyActive = segment === log.segments.active && segment.sizeBytes === 0
    if (isEmptyActive || log.segments.endOffsetOf(segment, log.logEndOffset) > log.logStartOffset) break
    needless.push(segment)
  }
  return needless
}
