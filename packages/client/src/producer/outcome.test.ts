import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { judge, type Verdict } from './outcome.ts'

interface Case {
  readonly error: keyof typeof ERROR_CODES
  readonly idempotent: Verdict['type']
  readonly plain: Verdict['type']
}

const CASES: readonly Case[] = [
  { error: 'NOT_LEADER_OR_FOLLOWER', idempotent: 'retry', plain: 'retry' },
  { error: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', idempotent: 'retry', plain: 'retry' },
  { error: 'REQUEST_TIMED_OUT', idempotent: 'retry', plain: 'retry' },
  { error: 'UNKNOWN_TOPIC_ID', idempotent: 'retry', plain: 'retry' },
  { error: 'KAFKA_STORAGE_ERROR', idempotent: 'retry', plain: 'retry' },
  { error: 'MESSAGE_TOO_LARGE', idempotent: 'split', plain: 'split' },
  { error: 'RECORD_LIST_TOO_LARGE', idempotent: 'split', plain: 'split' },
  { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', idempotent: 'refused-by-sequence', plain: 'failed' },
  { error: 'UNKNOWN_PRODUCER_ID', idempotent: 'refused-by-sequence', plain: 'failed' },
  { error: 'INVALID_PRODUCER_EPOCH', idempotent: 'fenced', plain: 'failed' },
  { error: 'PRODUCER_FENCED', idempotent: 'fenced', plain: 'failed' },
  { error: 'DUPLICATE_SEQUENCE_NUMBER', idempotent: 'delivered', plain: 'delivered' },
  { error: 'TOPIC_AUTHORIZATION_FAILED', idempotent: 'failed', plain: 'failed' },
  { error: 'INVALID_RECORD', idempotent: 'failed', plain: 'failed' },
  { error: 'UNKNOWN_SERVER_ERROR', idempotent: 'failed', plain: 'failed' },
]

describe('the answer for a batch', () => {
  it.each(CASES)('$error means $idempotent to an idempotent producer and $plain to another', ({ error, idempotent, plain }) => {
    const result = { type: 'error', error: brokerError(ERROR_CODES[error]) } as const
    expect(judge(result, 2, true).type).toBe(idempotent)
    expect(judge(result, 2, false).type).toBe(plain)
  })

  it.each([
    [CLIENT_ERROR_CODES.disconnected, 'retry'],
    [CLIENT_ERROR_CODES.timedOut, 'retry'],
    [CLIENT_ERROR_CODES.unreachable, 'retry'],
    [CLIENT_ERROR_CODES.closed, 'failed'],
    [CLIENT_ERROR_CODES.malformedResponse, 'failed'],
    [CLIENT_ERROR_CODES.unsupported, 'failed'],
  ] as const)('%s means %s', (code, verdict) => {
    expect(judge({ type: 'error', error: new ClientError(code, '') }, 1, true).type).toBe(verdict)
  })

  it('a batch of one record that is too large cannot be split', () => {
    expect(judge({ type: 'error', error: brokerError(ERROR_CODES.MESSAGE_TOO_LARGE) }, 1, true).type).toBe('failed')
  })

  it.each([
    [{ type: 'stored', baseOffset: 7, logAppendTimeMs: 5 } as const, 7, 5],
    [{ type: 'stored', baseOffset: -1, logAppendTimeMs: -1 } as const, null, -1],
    [{ type: 'sent' } as const, null, -1],
  ])('%o is a delivery', (result, baseOffset, logAppendTimeMs) => {
    expect(judge(result, 1, true)).toEqual({ type: 'delivered', baseOffset, logAppendTimeMs, error: null })
  })
})
