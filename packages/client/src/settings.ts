/** What all parts of one client share: its doors out of the process, its name, and how patient it is. */
import type { Address, BackoffPolicy, Runtime } from '@millrace/runtime'

export interface ClientSettings {
  readonly runtime: Runtime
  readonly bootstrap: readonly Address[]
  readonly clientId: string
  /** For one attempt to open a connection, the exchange of versions included. */
  readonly connectTimeoutMs: number
  /** For the answer to one request, beyond what the request asks the broker to wait. */
  readonly requestTimeoutMs: number
  /** For one call of the admin or one look-up of a topic, all attempts together. */
  readonly retryTimeoutMs: number
  readonly metadataMaxAgeMs: number
  readonly maxResponseBytes: number
  readonly reconnectBackoff: BackoffPolicy
  readonly retryBackoff: BackoffPolicy
}

export const DEFAULT_SETTINGS = {
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  retryTimeoutMs: 30_000,
  metadataMaxAgeMs: 5 * 60_000,
  // A broker sends at least one whole batch however large, and batches may be configured up to this.
  maxResponseBytes: 256 * 1024 * 1024,
  // A partition has a new leader within a second or two of losing one, and whoever waits for it asks between two attempts to reach
  // the old one: pauses that grow to a second would double the outage.
  reconnectBackoff: { baseMs: 50, maxMs: 150 },
  retryBackoff: { baseMs: 50, maxMs: 150 },
} as const
