/**
 * Everything that this client rejects or throws with. Compare `code`; the message is for people.
 *
 * An error that a broker named carries Kafka's name and number for it, so that a caller can tell `TOPIC_ALREADY_EXISTS`
 * from `INVALID_CONFIG` without reading prose.
 */
import { errorName, isRetriable } from '@millrace/protocol'
import { errorMessage } from './kafka-errors.ts'

export const CLIENT_ERROR_CODES = {
  /** A broker refused; `kafkaError` says why. */
  broker: 'ERR_CLIENT_BROKER',
  /** No broker could be connected to. */
  unreachable: 'ERR_CLIENT_UNREACHABLE',
  /** The connection ended before the answer arrived. The request may have been carried out. */
  disconnected: 'ERR_CLIENT_DISCONNECTED',
  /** No answer, or no success, in the time allowed. The request may have been carried out. */
  timedOut: 'ERR_CLIENT_TIMED_OUT',
  /** The broker does not speak a version of this API that we do. */
  unsupported: 'ERR_CLIENT_UNSUPPORTED',
  /** What the broker sent is not what the protocol allows. */
  malformedResponse: 'ERR_CLIENT_MALFORMED_RESPONSE',
  /** A record batch whose bytes do not match their checksum. */
  corruptRecords: 'ERR_CLIENT_CORRUPT_RECORDS',
  /** The client, producer or consumer was closed. */
  closed: 'ERR_CLIENT_CLOSED',
  /** The caller asked for something that cannot be. */
  invalidArgument: 'ERR_CLIENT_INVALID_ARGUMENT',
} as const

export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[keyof typeof CLIENT_ERROR_CODES]

export interface ClientErrorFields {
  readonly cause?: unknown
  readonly topic?: string
  readonly partition?: number
  /** `host:port` of the broker concerned. */
  readonly address?: string
}

export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** Kafka's name of the error a broker answered with, such as `TOPIC_ALREADY_EXISTS`; null for any other error. */
  readonly kafkaError: string | null
  readonly kafkaErrorCode: number | null
  /** Whether the same call may succeed later. */
  readonly isRetriable: boolean
  readonly topic: string | null
  readonly partition: number | null
  readonly address: string | null

  constructor(code: ClientErrorCode, message: string, fields: ClientErrorFields = {}, kafkaErrorCode: number | null = null) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = 'ClientError'
    this.code = code
    this.kafkaErrorCode = kafkaErrorCode
    this.kafkaError = kafkaErrorCode === null ? null : errorName(kafkaErrorCode)
    this.isRetriable = kafkaErrorCode === null ? RETRIABLE_CODES.has(code) : isRetriable(kafkaErrorCode)
    this.topic = fields.topic ?? null
    this.partition = fields.partition ?? null
    this.address = fields.address ?? null
  }
}

const RETRIABLE_CODES: ReadonlySet<ClientErrorCode> = new Set([
  CLIENT_ERROR_CODES.unreachable,
  CLIENT_ERROR_CODES.disconnected,
  CLIENT_ERROR_CODES.timedOut,
])

/** The error a broker answered with. Its own message, where it sent one, is more exact than ours. */
export function brokerError(kafkaErrorCode: number, fields: ClientErrorFields = {}, message?: string | null): ClientError {
  const text = message ?? errorMessage(kafkaErrorCode)
  return new ClientError(CLIENT_ERROR_CODES.broker, `${errorName(kafkaErrorCode)}: ${text}`, fields, kafkaErrorCode)
}

/** Anything that was thrown as a `ClientError`: one already stays as it is. */
export function asClientError(error: unknown, fallback: ClientErrorCode): ClientError {
  if (error instanceof ClientError) return error
  return new ClientError(fallback, error instanceof Error ? error.message : String(error), { cause: error })
}
