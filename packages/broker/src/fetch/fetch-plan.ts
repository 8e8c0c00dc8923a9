/**
 * One fetch request under way: the partitions it reads, what each could answer now, and whether that is enough.
 *
 * `evaluate` looks at every partition of its targets once, within the request's byte limits; the first partition that has anything gives a
 * whole batch even above every limit, or a consumer with a small limit would never get past a large batch. A plan that waits
 * in the purgatory is evaluated anew when it ends, so nothing it found is kept across the wait.
 *
 * It knows no wire format; `01-fetch.ts` turns its outcomes into a response.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { AbortedTransaction, PartitionLog, ReadResult } from '@millrace/log'
import { FileRegion } from '../network/file-region.ts'
import type { Partition } from '../partition/partition.ts'
import type { FetchTarget } from './fetch-session.ts'
import type { FetchTargets } from './fetch-targets.ts'
import { LEADER_ITSELF } from './preferred-replica.ts'

/** Up to this size copying is cheaper than `sendfile`, and header and records leave in one write. */
const COPY_BYTES = 64 * 1024

export interface FetchLimits {
  readonly minBytes: number
  readonly maxBytes: number
  readonly isReadCommitted: boolean
}

/** Who fetches. */
export interface FetchReader {
  /** Null for a consumer. */
  readonly replica: { readonly id: number; readonly brokerEpoch: number } | null
  /** It may be answered by a follower too. */
  readonly mayReadFollowers: boolean
  /** Where it had better read, by broker id; -1 for the leader itself. */
  preferredReplica(partition: Partition, fetchOffset: number): number
}

export interface PartitionOutcome {
  readonly target: FetchTarget
  readonly errorCode: ErrorCode
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | null
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  readonly records: Uint8Array | FileRegion | null
  readonly sizeBytes: number
  /** Where the consumer had better read; -1 for here. */
  readonly preferredReadReplica: number
  /** The replica does not know of the high watermark yet that stands here. */
  readonly isHighWatermarkNews: boolean
  /** The replica has all there is, and is in the ISR: until something happens to the partition, looking again finds the same. */
  readonly isUpToDate: boolean
}

const UNKNOWN_OFFSET = -1

export class FetchPlan {
  readonly targets: FetchTargets
  readonly limits: FetchLimits
  readonly reader: FetchReader
  readonly #errorCodeOf: (error: unknown) => ErrorCode
  /** Logs that could not be opened, by partition. */
  readonly #unreadable = new Map<Partition, ErrorCode>()

  constructor(targets: FetchTargets, limits: FetchLimits, reader: FetchReader, errorCodeOf: (error: unknown) => ErrorCode) {
    this.targets = targets
    this.limits = limits
    this.reader = reader
    this.#errorCodeOf = errorCodeOf
  }

  /** Opens the logs that are not open yet; null when there are none, so that the common case needs no promise. */
  openLogs(): Promise<void> | null {
    const closed: Partition[] = []
    for (const { partition } of this.targets.current()) {
      if (typeof partition !== 'number' && this.#logOf(partition) === null && !partition.isClosed) closed.push(partition)
    }
    if (closed.length === 0) return null
    const openings = closed.map((partition) =>
      partition.open().then(
        () => undefined,
        (error: unknown) => void this.#unreadable.set(partition, this.#errorCodeOf(error)),
      ),
    )
    return Promise.all(openings).then(() => undefined)
  }

  /** What every partition can answer now. The caller sends the records (`looked` is told then), or goes on. */
  evaluate(): PartitionOutcome[] {
    const outcomes: PartitionOutcome[] = []
    let totalBytes = 0
    for (const { target, partition } of this.targets.take()) {
      const outcome = this.#evaluateOne(target, partition, totalBytes)
      totalBytes += outcome.sizeBytes
      outcomes.push(outcome)
    }
    return outcomes
  }

  /** Whether the outcomes answer the request now, or it should wait for more. */
  isEnough(outcomes: readonly PartitionOutcome[]): boolean {
    let totalBytes = 0
    for (const outcome of outcomes) {
      if (outcome.errorCode !== ERROR_CODES.NONE || outcome.divergingEpoch !== null) return true
      if (outcome.preferredReadReplica >= 0 || outcome.isHighWatermarkNews) return true
      totalBytes += outcome.sizeBytes
    }
    return totalBytes >= this.limits.minBytes
  }

  /** The outcomes are too little: nothing of them is sent, and the request waits on. */
  goOn(outcomes: readonly PartitionOutcome[]): void {
    releaseOutcomes(outcomes)
    this.targets.looked(outcomes)
  }

  /** A follower's log can be read while it is made to follow, but nobody follows a leader that is not ready to lead. */
  #logOf(partition: Partition): PartitionLog | null {
    return this.reader.replica === null ? partition.readableLog : partition.log
  }

  #evaluateOne(target: FetchTarget, partition: Partition | ErrorCode, bytesSoFar: number): PartitionOutcome {
    if (typeof partition === 'number') return failed(target, partition)
    const { reader } = this
    // It may be another's since the fetch began to wait.
    if (!partition.isLeader && !(reader.mayReadFollowers && partition.isReadable)) return failed(target, ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    const log = this.#logOf(partition)
    if (log === null) return failed(target, this.#unreadable.get(partition) ?? ERROR_CODES.KAFKA_STORAGE_ERROR)
    if (target.currentLeaderEpoch >= 0 && target.currentLeaderEpoch !== partition.leaderEpoch) {
      const isOld = target.currentLeaderEpoch < partition.leaderEpoch
      return failed(target, isOld ? ERROR_CODES.FENCED_LEADER_EPOCH : ERROR_CODES.UNKNOWN_LEADER_EPOCH)
    }
    const { highWatermark, lastStableOffset } = partition
    const { logStartOffset } = log
    const { fetchOffset } = target
    const base = {
      target,
      highWatermark,
      lastStableOffset,
      logStartOffset,
      isHighWatermarkNews: false,
      isUpToDate: false,
      preferredReadReplica: LEADER_ITSELF,
    }
    const nothing = { errorCode: ERROR_CODES.NONE, divergingEpoch: null, abortedTransactions: null, records: null, sizeBytes: 0 }
    let isOutOfRange = fetchOffset < logStartOffset || fetchOffset > log.logEndOffset
    if (target.lastFetchedEpoch >= 0) {
      const end = log.endOffsetForEpoch(target.lastFetchedEpoch)
      // After all epochs that are known: that is no copy of this log, and no epoch tells where they part. A diverging epoch of -1 is none.
      if (end === null) isOutOfRange = true
      else if (end.epoch < target.lastFetchedEpoch || end.endOffset < fetchOffset) return { ...base, ...nothing, divergingEpoch: end }
    }
    if (isOutOfRange) {
      const outOfRange = failed(target, ERROR_CODES.OFFSET_OUT_OF_RANGE)
      // A replica begins anew where the log begins, so it is told where that is.
      return reader.replica === null ? outOfRange : { ...outOfRange, highWatermark, logStartOffset }
    }
    if (reader.replica !== null && target.notedIn !== this.targets.requestNumber) {
      target.notedIn = this.targets.requestNumber
      const { id, brokerEpoch } = reader.replica
      const refusal = partition.onFetchByReplica(id, { brokerEpoch, fetchOffset, logStartOffset: target.logStartOffset })
      // It may have moved the high watermark.
      this.targets.reading(target)
      return refusal === ERROR_CODES.NONE ? this.#evaluateOne(target, partition, bytesSoFar) : failed(target, refusal)
    }
    const preferredReadReplica = reader.preferredReplica(partition, fetchOffset)
    if (preferredReadReplica !== LEADER_ITSELF) return { ...base, ...nothing, preferredReadReplica }
    const isHighWatermarkNews = reader.replica !== null && highWatermark > target.knownHighWatermark
    const isInSync = reader.replica !== null && partition.replica?.isr.includes(reader.replica.id) === true
    const isUpToDate = isInSync && !isHighWatermarkNews && fetchOffset === log.logEndOffset
    return { ...base, ...this.#read(target, partition, log, bytesSoFar), isHighWatermarkNews, isUpToDate }
  }

  #read(target: FetchTarget, partition: Partition, log: PartitionLog, bytesSoFar: number): ReadOutcome {
    const { highWatermark, lastStableOffset } = partition
    const { isReadCommitted } = this.limits
    const visibleOffset = isReadCommitted ? lastStableOffset : highWatermark
    const endOffset = this.reader.replica === null ? visibleOffset : log.logEndOffset
    const maxBytes = Math.min(target.maxBytes, this.limits.maxBytes - bytesSoFar)
    let records: Uint8Array | FileRegion | null = null
    try {
      const read = log.read({ offset: target.fetchOffset, maxBytes, endOffset, atLeastOneBatch: bytesSoFar === 0 })
      records = recordsOf(read)
      const abortedTransactions = isReadCommitted ? log.abortedTransactions(target.fetchOffset, read.endsAtOffset) : null
      return { errorCode: ERROR_CODES.NONE, divergingEpoch: null, abortedTransactions, records, sizeBytes: read.sizeBytes }
    } catch (error) {
      if (records instanceof FileRegion) records.release()
      partition.reportDamage(error)
      return failed(target, this.#errorCodeOf(error))
    }
  }
}

type ReadOutcome = Pick<PartitionOutcome, 'errorCode' | 'divergingEpoch' | 'abortedTransactions' | 'records' | 'sizeBytes'>

/** The records as they will be sent: bytes where copying is cheap and cannot block, else the range of the file. */
function recordsOf(read: ReadResult): Uint8Array | FileRegion | null {
  if (read.type === 'empty') return null
  if (read.type === 'bytes') return read.bytes
  const { file, position, sizeBytes } = read
  if (sizeBytes > COPY_BYTES || !read.isHot) return new FileRegion(file, position, sizeBytes, () => read.release())
  try {
    const bytes = new Uint8Array(sizeBytes)
    const length = file.readSync(bytes, position)
    return bytes.subarray(0, length)
  } finally {
    read.release()
  }
}

/** Gives back what an evaluation holds, when it is not sent. */
export function releaseOutcomes(outcomes: readonly PartitionOutcome[]): void {
  for (const { records } of outcomes) if (records instanceof FileRegion) records.release()
}

function failed(target: FetchTarget, errorCode: ErrorCode): PartitionOutcome {
  return {
    target,
    errorCode,
    highWatermark: UNKNOWN_OFFSET,
    lastStableOffset: UNKNOWN_OFFSET,
    logStartOffset: UNKNOWN_OFFSET,
    divergingEpoch: null,
    abortedTransactions: null,
    records: null,
    sizeBytes: 0,
    preferredReadReplica: LEADER_ITSELF,
    isHighWatermarkNews: false,
    isUpToDate: false,
  }
}
