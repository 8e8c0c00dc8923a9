/** How a consumer is set up, and what it is asked to read. */
import type { IsolationLevel } from '../offsets/list-offsets.ts'

export interface ConsumerOptions {
  /** `read_committed`, which hides aborted transactions and waits for open ones, when absent. */
  readonly isolationLevel?: IsolationLevel
  /** How long the broker waits for `minBytes` before it answers. */
  readonly maxWaitMs?: number
  readonly minBytes?: number
  /** Of one answer. A broker sends at least one whole batch, however large. */
  readonly maxBytes?: number
  readonly maxPartitionBytes?: number
  /** Bytes fetched ahead of the reader, all partitions together; beyond it nothing is fetched. */
  readonly maxBufferedBytes?: number
  /** What to do when the log does not have the next offset (any more). An error, when absent: nothing is skipped in silence. */
  readonly onOffsetOutOfRange?: 'error' | 'earliest' | 'latest'
  /** How long a partition may be without a reachable leader before reading fails. For ever, when absent. */
  readonly maxUnavailableMs?: number
}

export type ResolvedConsumerOptions = Required<ConsumerOptions>

export function resolveConsumerOptions(options: ConsumerOptions): ResolvedConsumerOptions {
  return {
    isolationLevel: options.isolationLevel ?? 'read_committed',
    maxWaitMs: options.maxWaitMs ?? 500,
    minBytes: options.minBytes ?? 1,
    maxBytes: options.maxBytes ?? 8 * 1024 * 1024,
    maxPartitionBytes: options.maxPartitionBytes ?? 1024 * 1024,
    maxBufferedBytes: options.maxBufferedBytes ?? 16 * 1024 * 1024,
    onOffsetOutOfRange: options.onOffsetOutOfRange ?? 'error',
    maxUnavailableMs: options.maxUnavailableMs ?? Number.POSITIVE_INFINITY,
  }
}

/** `latest` is what is written from now on; a time is the first record that is not older. */
export type StartPosition = 'earliest' | 'latest' | number | { readonly timestamp: number }

export interface Assignment {
  readonly topic: string
  /** All partitions of the topic when absent. */
  readonly partition?: number
  /** `earliest` when absent. */
  readonly from?: StartPosition
  /** Where to stop: before this offset, or at the end as it is now. Never, when absent. */
  readonly until?: 'end' | number
}

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly ConsumedHeader[]
}

export interface ConsumedHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** The records of one record batch, in order. Never empty. */
export interface ConsumedBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly ConsumedRecord[]
  /** The end of what consumers may see of the partition, when this was fetched. */
  readonly highWatermark: number
}
