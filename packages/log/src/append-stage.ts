/**
 * Batches that have their place in the log and are not written yet. Staging decides everything that can be decided without
 * the disk (order, duplicates, epochs) and stamps offset, epoch and time into the batch where it lies.
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastSequence,
  batchProducerEpoch,
  batchProducerId,
  batchSizeInBytes,
  ERROR_CODES,
  type ErrorCode,
  isControl,
  isTransactional,
  lastOffsetDelta,
  maxTimestamp,
  readMarker,
  partitionLeaderEpoch,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
} from '@millrace/protocol'
import type { LogConfig } from './log-config.ts'
import type { LogEnvironment } from './log-environment.ts'
import { checkDataBatch, checkMarker, type TransactionVersion } from './producer-state/append-rules.ts'
import { stageKnownBatch } from './producer-state/known-batch.ts'
import { type DataBatch, findDuplicate } from './producer-state/producer-entry.ts'
import type { ProducerState, StagedProducerChange } from './producer-state/producer-state.ts'
import type { TransactionVerification } from './producer-state/transaction-verifications.ts'
import { newestRecordTime } from './segment.ts'

export interface AppendOptions {
  readonly leaderEpoch: number
  /** Batches of clients were validated and carry what clients may send; internal ones come from a coordinator or controller. */
  readonly origin: 'client' | 'internal'
  /** Which transaction protocol the producer uses; 0 unless it said otherwise. */
  readonly transactionVersion?: TransactionVersion
  /**
   * What `beginVerification` gave for this batch, once the transaction's coordinator has confirmed it. A batch that would begin a
   * transaction is refused unless that is still in force. Absent where nobody asks for a confirmation.
   */
  readonly verification?: TransactionVerification | null
}

export type AppendOutcome =
  | {
      /** `duplicate`: the batch was appended before, at these offsets; nothing is written. */
      readonly type: 'staged' | 'duplicate'
      readonly baseOffset: number
      readonly lastOffset: number
      /** -1 where records keep the time that their producer gave them. */
      readonly logAppendTimeMs: number
    }
  | { readonly type: 'refused'; readonly errorCode: ErrorCode; readonly message: string }

export interface StagedBatch {
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly leaderEpoch: number
  readonly producerChange: StagedProducerChange | null
}

const NO_TIME = -1

export class AppendStage {
  readonly #environment: LogEnvironment
  readonly #producers: ProducerState
  #batches: StagedBatch[] = []

  constructor(environment: LogEnvironment, producers: ProducerState) {
    this.#environment = environment
    this.#producers = producers
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  /** Where the next batch would begin if the log ends at `logEndOffset`. */
  nextOffset(logEndOffset: number): number {
    const last = this.#batches.at(-1)
    return last === undefined ? logEndOffset : last.lastOffset + 1
  }

  stage(batch: Uint8Array, options: AppendOptions, logEndOffset: number, config: LogConfig): AppendOutcome {
    const size = batchSizeInBytes(batch, 0)
    if (size > config.segmentBytes) {
      return refused(ERROR_CODES.RECORD_LIST_TOO_LARGE, `a batch of ${size} bytes is larger than segment.bytes (${config.segmentBytes})`)
    }
    const baseOffset = this.nextOffset(logEndOffset)
    const lastOffset = baseOffset + lastOffsetDelta(batch, 0)
    const nowMs = this.#environment.clock.now()
    const isStamped = options.origin === 'client' && config.messageTimestampType === 'LogAppendTime'
    const timestamp = isStamped ? nowMs : maxTimestamp(batch, 0)
    const producerChange = this.#stageProducer(batch, options, { baseOffset, lastOffset, maxTimestamp: timestamp }, nowMs)
    if (producerChange !== null && 'type' in producerChange) return producerChange
    setBaseOffset(batch, 0, baseOffset)
    setPartitionLeaderEpoch(batch, 0, options.leaderEpoch)
    if (isStamped) setLogAppendTime(batch, 0, nowMs, this.#environment.crc32c)
    this.#batches.push({
      bytes: batch,
      baseOffset,
      lastOffset,
      maxTimestamp: timestamp,
      leaderEpoch: options.leaderEpoch,
      producerChange,
    })
    return { type: 'staged', baseOffset, lastOffset, logAppendTimeMs: isStamped ? nowMs : NO_TIME }
  }

  /** A batch of the leader's log: its offsets, its epoch and its producer's sequence were decided there. */
  stageReplicated(batch: Uint8Array): void {
    this.#batches.push({
      bytes: batch,
      baseOffset: batchBaseOffset(batch, 0),
      lastOffset: batchLastOffset(batch, 0),
      maxTimestamp: newestRecordTime(batch, 0),
      leaderEpoch: partitionLeaderEpoch(batch, 0),
      producerChange: stageKnownBatch(this.#producers, batch, 0),
    })
  }

  /** Hands over what was staged, in order. */
  take(): readonly StagedBatch[] {
    const batches = this.#batches
    this.#batches = []
    return batches
  }

  /** Forgets what was staged and what was taken but not written. */
  drop(): void {
    this.#batches = []
    this.#producers.dropStaged()
  }

  /** What the batch changes for its producer; null without one. */
  #stageProducer(
    batch: Uint8Array,
    { origin, transactionVersion = 0, verification }: AppendOptions,
    place: Pick<DataBatch, 'baseOffset' | 'lastOffset' | 'maxTimestamp'>,
    nowMs: number,
  ): StagedProducerChange | AppendOutcome | null {
    const producerId = batchProducerId(batch, 0)
    if (producerId < 0) return null
    const producerEpoch = batchProducerEpoch(batch, 0)
    const entry = this.#producers.find(producerId, nowMs)
    if (isControl(batch, 0)) {
      const marker = readMarker(batch, 0)
      if (marker === null || marker.type === null) return null
      const change = {
        producerId,
        producerEpoch,
        coordinatorEpoch: marker.coordinatorEpoch,
        offset: place.lastOffset,
        timestamp: place.maxTimestamp,
        isAbort: marker.type === 'abort',
      }
      const refusal = checkMarker(entry, change, transactionVersion)
      return refusal === null ? this.#producers.stageMarker(entry, change) : { type: 'refused', ...refusal }
    }
    const dataBatch = {
      producerId,
      producerEpoch,
      firstSequence: batchBaseSequence(batch, 0),
      lastSequence: batchLastSequence(batch, 0),
      ...place,
      isTransactional: isTransactional(batch, 0),
    }
    if (origin === 'client') {
      const duplicate = findDuplicate(entry, producerEpoch, dataBatch.firstSequence, dataBatch.lastSequence)
      if (duplicate !== undefined) {
        const { offsetDelta, timestamp } = duplicate
        return {
          type: 'duplicate',
          baseOffset: duplicate.lastOffset - offsetDelta,
          lastOffset: duplicate.lastOffset,
          logAppendTimeMs: timestamp,
        }
      }
    }
    const refusal = checkDataBatch(entry, dataBatch, transactionVersion, this.#producers.confirmationOf(verification))
    return refusal === null ? this.#producers.stageBatch(entry, dataBatch) : { type: 'refused', ...refusal }
  }
}

function refused(errorCode: ErrorCode, message: string): AppendOutcome {
  return { type: 'refused', errorCode, message }
}
