/**
 * What the leader checks of the records inside a produced batch, once they are uncompressed: that they are whole, as many as
 * the header says, in time, and keyed where the topic is compacted. One pass, no object per record.
 *
 * Some clients send batches that are right in every record and wrong in what the header says of them. Kafka takes those and
 * writes them anew; `needsRebuild` says when.
 */
import { ERROR_CODES } from '../error-codes.ts'
import type { ErrorCode } from '../error-codes.ts'
import { baseTimestamp, batchRecordCount, hasLogAppendTime, maxTimestamp } from './record-batch.ts'
import { RecordCursor, RecordError } from './record-cursor.ts'

export interface RecordRules {
  readonly isCompacted: boolean
  /** The topic keeps the broker's time, so the client's does not matter. */
  readonly usesLogAppendTime: boolean
  readonly earliestTimestamp: number
  readonly latestTimestamp: number
}

export interface RecordRefusal {
  readonly errorCode: ErrorCode
  readonly message: string
  /** The records that are to blame, by index; not all of them when they are many. */
  readonly recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[]
}

export type RecordsCheck =
  | { readonly type: 'valid'; readonly needsRebuild: boolean }
  | { readonly type: 'refused'; readonly refusal: RecordRefusal }

const MAX_RECORD_ERRORS = 100
const VALID: RecordsCheck = { type: 'valid', needsRebuild: false }
const VALID_AFTER_REBUILD: RecordsCheck = { type: 'valid', needsRebuild: true }

/** `records` are the uncompressed records of the batch whose header lies at `bytes[0]`. */
export function checkRecords(bytes: Uint8Array, records: Uint8Array, rules: RecordRules): RecordsCheck {
  const expected = batchRecordCount(bytes, 0)
  const base = baseTimestamp(bytes, 0)
  const cursor = new RecordCursor(records)
  // Where the header says that the records have the time of a broker, that is the time they have.
  const claimsTime = hasLogAppendTime(bytes, 0)
  const claimedTime = maxTimestamp(bytes, 0)
  let count = 0
  let needsRebuild = false
  let latest = -1
  let errors: { batchIndex: number; batchIndexErrorMessage: string }[] | null = null
  let errorCode: ErrorCode = ERROR_CODES.INVALID_RECORD
  try {
    while (cursor.next()) {
      if (cursor.offsetDelta !== count) needsRebuild = true
      const timestamp = claimsTime ? claimedTime : base + cursor.timestampDelta
      if (timestamp > latest) latest = timestamp
      const isKeyless = rules.isCompacted && cursor.keyLength < 0
      const problem = isKeyless ? 'a record of a compacted topic needs a key' : timestampProblem(timestamp, claimsTime, rules)
      if (problem !== null) {
        if (!isKeyless) errorCode = ERROR_CODES.INVALID_TIMESTAMP
        errors ??= []
        if (errors.length < MAX_RECORD_ERRORS) errors.push({ batchIndex: count, batchIndexErrorMessage: problem })
      }
      count += 1
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    return refused({ errorCode: ERROR_CODES.INVALID_RECORD, message: `record ${count}: ${error.message}`, recordErrors: [] })
  }
  if (count !== expected) {
    return refused({
      errorCode: ERROR_CODES.INVALID_RECORD,
      message: `record batch says ${expected} records and has ${count}`,
      recordErrors: [],
    })
  }
  if (errors !== null) {
    const refusedRecords = `${errors.length} record${errors.length === 1 ? '' : 's'}`
    const message = `${refusedRecords} of the batch cannot be taken: ${errors[0]?.batchIndexErrorMessage}`
    return refused({ errorCode, message, recordErrors: errors })
  }
  if (!rules.usesLogAppendTime && latest !== claimedTime) needsRebuild = true
  return needsRebuild ? VALID_AFTER_REBUILD : VALID
}

function timestampProblem(timestamp: number, claimsTime: boolean, rules: RecordRules): string | null {
  if (rules.usesLogAppendTime) return claimsTime ? "only brokers give records the broker's time" : null
  if (timestamp < 0 || (timestamp >= rules.earliestTimestamp && timestamp <= rules.latestTimestamp)) return null
  return `timestamp ${timestamp} is outside ${rules.earliestTimestamp} to ${rules.latestTimestamp}`
}

function refused(refusal: RecordRefusal): RecordsCheck {
  return { type: 'refused', refusal }
}
