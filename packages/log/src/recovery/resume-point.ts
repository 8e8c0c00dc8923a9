/** From where the last segments of a log have to be read: from their beginning, unless a later place is proved to be as good. */
import { BatchScanner } from '../batch-scanner.ts'
import type { RecoveryPosition } from '../checkpoint/recovery-position-checkpoint.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { isTimeOfBatch } from '../seek-batch.ts'
import type { Segment } from '../segment.ts'
import type { IndexedTimestamp } from '../time-index.ts'
import { lastIndexedBatch } from './segment-end.ts'

/** A batch begins there, or the segment ends. */
export interface ResumePoint {
  readonly position: number
  /** Offset after the batch that ends there. */
  readonly offset: number
  /** The largest timestamp before it, where that is known better than by the time index. */
  readonly newest: IndexedTimestamp | null
}

/** A part of the segment that no index entry names is walked whenever somebody reads there, so it has to be short. */
const UNINDEXED_BYTES_MAX = 4 * 1024 * 1024

/** `known` counts if it is proved. Without it, only what was stopped in good order need not be read as a whole. */
export async function resumePoint(
  environment: LogEnvironment,
  segment: Segment,
  wasCleanShutdown: boolean,
  known: RecoveryPosition | null,
): Promise<ResumePoint> {
  const beginning: ResumePoint = { position: 0, offset: segment.baseOffset, newest: null }
  const isProved = known !== null && known.segmentBaseOffset === segment.baseOffset && (await isPlaceOfBatch(environment, segment, known))
  if (!isProved && !wasCleanShutdown) return beginning
  const endOffset = isProved ? known.recoveryPoint : Number.MAX_SAFE_INTEGER
  const endPosition = isProved ? known.position : segment.sizeBytes
  const newest = !isProved || known.maxTimestamp < 0 ? null : { timestamp: known.maxTimestamp, offset: known.maxTimestampOffset }
  if (newest !== null && !isTimeOfBatch(segment, newest)) return beginning
  const { timeIndex } = segment
  const newestIndexed = timeIndex.entryAt(timeIndex.soundCount(endOffset, Number.MAX_SAFE_INTEGER) - 1)
  if (newestIndexed !== null && !isTimeOfBatch(segment, newestIndexed)) return beginning
  const indexed = lastIndexedBatch(segment, endOffset, endPosition)
  if (isProved && endPosition - (indexed?.position ?? 0) <= UNINDEXED_BYTES_MAX) {
    return { position: endPosition, offset: endOffset, newest }
  }
  if (indexed === null || newestIndexed === null) return beginning
  return { position: indexed.position, offset: indexed.baseOffset, newest: null }
}

/** The position comes from a file that anything may have happened to; the end, or a batch that is whole, proves it. */
async function isPlaceOfBatch(
  { crc32c }: LogEnvironment,
  segment: Segment,
  { position, recoveryPoint }: RecoveryPosition,
): Promise<boolean> {
  if (position >= segment.sizeBytes) return position === segment.sizeBytes
  const { file, release } = segment.log.hold()
  try {
    const to = segment.sizeBytes
    const scanner = new BatchScanner({ file, from: position, to, isWhole: false, crc32c, minOffset: recoveryPoint })
    return await scanner.next()
  } finally {
    release()
  }
}
