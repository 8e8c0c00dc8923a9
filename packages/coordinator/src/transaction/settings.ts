/** What an operator may set, and what nobody may exceed. */
export interface TransactionSettings {
  /** `transaction.max.timeout.ms`: no producer may ask for longer. */
  readonly maxTimeoutMs: number
  /** `transactional.id.expiration.ms`: an id that is idle for so long is forgotten. */
  readonly idExpirationMs: number
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms`. */
  readonly abortTimedOutIntervalMs: number
  /** `transaction.remove.expired.transaction.cleanup.interval.ms`. */
  readonly removeExpiredIntervalMs: number
  /** The finalised level of the feature `transaction.version`: from 1 on records may have tagged fields, from 2 on ends raise epochs. */
  readonly featureLevel: number
  /** Of one coordinator; a producer with a further id is refused. */
  readonly maxIds: number
}

export const DEFAULT_TRANSACTION_SETTINGS: TransactionSettings = {
  maxTimeoutMs: 900_000,
  idExpirationMs: 604_800_000,
  abortTimedOutIntervalMs: 10_000,
  removeExpiredIntervalMs: 3_600_000,
  featureLevel: 2,
  maxIds: 100_000,
}

/** Of a transactional id. A record's key could carry 32,767 bytes of UTF-8. */
export const ID_CHARACTERS_MAX = 1_024

/**
 * Of the partitions of one transaction as its record has them, and of the records of one step together: two of these are less than
 * the message that `__transaction_state` takes. Enough for a hundred thousand partitions of a topic, or a thousand topics.
 */
export const RECORD_BYTES_MAX = 480 * 1_024
