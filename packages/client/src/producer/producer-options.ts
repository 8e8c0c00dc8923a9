/** How a producer is set up, and what is possible together. */
import type { CompressionType } from '@millrace/runtime'
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'

export interface ProducerOptions {
  /** Which replicas must have a record before its delivery is reported. `all` when absent. */
  readonly acks?: 'all' | 1 | 0
  /**
   * Numbers the batches so that the broker stores each once and in order, whatever is sent again. On by default with
   * `acks: 'all'`, and not possible with less.
   */
  readonly idempotent?: boolean
  /** None when absent. */
  readonly compression?: CompressionType | 'none'
  /** The codec's own level; its default when absent. */
  readonly compressionLevel?: number
  /** How long a batch waits for more records; 0 sends what one turn of the event loop has brought. */
  readonly lingerMs?: number
  /** A batch is closed when it would grow beyond this. A larger record travels alone. */
  readonly batchBytes?: number
  readonly maxRequestBytes?: number
  /** What may be on its way; beyond it, `send` waits before it takes a record. */
  readonly maxBufferedBytes?: number
  /** Requests in flight to one broker. Order is kept whatever it is. */
  readonly maxInFlight?: number
  /** From the moment a record is taken to success or failure, all attempts together. */
  readonly deliveryTimeoutMs?: number
  /** How long an unknown topic is looked for. */
  readonly topicTimeoutMs?: number
  /** Lets the broker create a missing topic, if it is configured to. On when absent. */
  readonly allowAutoTopicCreation?: boolean
}

export interface ResolvedProducerOptions extends Required<Omit<ProducerOptions, 'acks' | 'compressionLevel' | 'idempotent'>> {
  /** As the protocol has it. */
  readonly acks: -1 | 0 | 1
  readonly isIdempotent: boolean
  readonly compressionLevel: number | undefined
}

/** A broker remembers this many batches of a producer to recognise one that is sent again. */
const IN_FLIGHT_MAX_IDEMPOTENT = 5

export function resolveProducerOptions(options: ProducerOptions): ResolvedProducerOptions {
  const acks = options.acks ?? 'all'
  const resolved: ResolvedProducerOptions = {
    acks: acks === 'all' ? -1 : acks,
    isIdempotent: options.idempotent ?? acks === 'all',
    compression: options.compression ?? 'none',
    compressionLevel: options.compressionLevel,
    lingerMs: options.lingerMs ?? 0,
    batchBytes: options.batchBytes ?? 64 * 1024,
    maxRequestBytes: options.maxRequestBytes ?? 1024 * 1024,
    maxBufferedBytes: options.maxBufferedBytes ?? 32 * 1024 * 1024,
    maxInFlight: options.maxInFlight ?? IN_FLIGHT_MAX_IDEMPOTENT,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    topicTimeoutMs: options.topicTimeoutMs ?? 10_000,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
  }
  if (resolved.isIdempotent && acks !== 'all') throw impossible("an idempotent producer needs acks: 'all'")
  if (resolved.isIdempotent && resolved.maxInFlight > IN_FLIGHT_MAX_IDEMPOTENT) {
    throw impossible(`an idempotent producer can have at most ${IN_FLIGHT_MAX_IDEMPOTENT} requests in flight`)
  }
  for (const name of ['batchBytes', 'maxRequestBytes', 'maxBufferedBytes', 'maxInFlight', 'deliveryTimeoutMs'] as const) {
    if (!(resolved[name] >= 1)) throw impossible(`${name} must be at least 1`)
  }
  return resolved
}

function impossible(message: string): ClientError {
  return new ClientError(CLIENT_ERROR_CODES.invalidArgument, message)
}
