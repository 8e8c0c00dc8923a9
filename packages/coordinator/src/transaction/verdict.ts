/** What becomes of a producer's request: the code it is answered with, and the change it brings about, if any. */
import type { ErrorCode } from '@millrace/protocol'
import type { ProducerIdAndEpoch, Transaction } from './state.ts'

export interface Verdict {
  readonly errorCode: ErrorCode
  readonly change: Change | null
}

export interface Change {
  readonly next: Transaction
  /**
   * What the producer had before: who asks with it did not hear of the change, and is told again (KIP-360). Null when another producer
   * came between. Not in the log: a failover loses it.
   */
  readonly heldBefore: ProducerIdAndEpoch | null
}

/** What is known of an id: its record, and what does not survive a failover. */
export interface Known {
  readonly transaction: Transaction
  readonly heldBefore: ProducerIdAndEpoch | null
}

export function refused(errorCode: ErrorCode): Verdict {
  return { errorCode, change: null }
}

/** What a decision needs from outside. */
export interface Surroundings {
  readonly nowMs: number
  readonly featureLevel: number
  /** An id that no producer has had; null when none is at hand just now. */
  readonly takeProducerId: () => number | null
}
