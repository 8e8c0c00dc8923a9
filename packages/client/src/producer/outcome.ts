/** What the answer for one batch means for it. Pure. */
import { ERROR_CODES } from '@millrace/protocol'
import type { ClientError } from '../errors.ts'

/** What became of a batch: stored, or an error by the broker or of the connection. */
export type BatchResult =
  | { readonly type: 'stored'; readonly baseOffset: number; readonly logAppendTimeMs: number }
  /** The request left, and with `acks: 0` nothing more will be known. */
  | { readonly type: 'sent' }
  | { readonly type: 'error'; readonly error: ClientError }

export type Verdict =
  | { readonly type: 'delivered'; readonly baseOffset: number | null; readonly logAppendTimeMs: number; readonly error: null }
  | { readonly type: 'retry' | 'split' | 'refused-by-sequence' | 'fenced' | 'failed'; readonly error: ClientError }

export function judge(result: BatchResult, recordCount: number, isIdempotent: boolean): Verdict {
  switch (result.type) {
    case 'sent':
      return { type: 'delivered', baseOffset: null, logAppendTimeMs: -1, error: null }
    case 'stored': {
      const baseOffset = result.baseOffset < 0 ? null : result.baseOffset
      return { type: 'delivered', baseOffset, logAppendTimeMs: result.logAppendTimeMs, error: null }
    }
    case 'error':
      return judgeError(result.error, recordCount, isIdempotent)
  }
}

function judgeError(error: ClientError, recordCount: number, isIdempotent: boolean): Verdict {
  switch (error.kafkaErrorCode) {
    case ERROR_CODES.DUPLICATE_SEQUENCE_NUMBER:
      // It is stored, but so long ago that the broker no longer knows where.
      return { type: 'delivered', baseOffset: null, logAppendTimeMs: -1, error: null }
    case ERROR_CODES.MESSAGE_TOO_LARGE:
    case ERROR_CODES.RECORD_LIST_TOO_LARGE:
      return { type: recordCount > 1 ? 'split' : 'failed', error }
    case ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER:
    case ERROR_CODES.UNKNOWN_PRODUCER_ID:
      return { type: isIdempotent ? 'refused-by-sequence' : 'failed', error }
    case ERROR_CODES.INVALID_PRODUCER_EPOCH:
    case ERROR_CODES.PRODUCER_FENCED:
      return { type: isIdempotent ? 'fenced' : 'failed', error }
    default:
      return { type: error.isRetriable ? 'retry' : 'failed', error }
  }
}
