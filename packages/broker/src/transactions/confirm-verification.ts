/**
 * Asks a coordinator until its answer holds: whether the partition takes part in the transaction at the time of asking, and whether nothing
 * has happened in the partition since.
 *
 * A producer may begin its next transaction while the markers of the last one are still being written. Its coordinator says so
 * (CONCURRENT_TRANSACTIONS), which passes in a moment; and when the marker comes to this very partition, it puts an end to the
 * verification that was under way, so that the next answer needs a new one.
 */
import type { TransactionVerification } from '@millrace/log'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'

export interface VerificationSteps {
  readonly clock: Clock
  /** Null: there is nothing to ask. */
  begin(): TransactionVerification | null
  isInForce(verification: TransactionVerification): boolean
  ask(): Promise<ErrorCode>
}

export type Confirmed =
  | { readonly type: 'confirmed'; readonly verification: TransactionVerification | null }
  | { readonly type: 'denied'; readonly errorCode: ErrorCode }

const ENDING_PAUSE_MS = 20
const ENDING_PATIENCE_MS = 100
/** Markers that may come in the way of one batch: that of the transaction before, and those that were sent twice. */
const INTERRUPTIONS_MAX = 3

export async function confirmVerification({ clock, begin, isInForce, ask }: VerificationSteps): Promise<Confirmed> {
  const untilMs = clock.monotonic() + ENDING_PATIENCE_MS
  for (let interruptions = 0; ; ) {
    const verification = begin()
    if (verification === null) return { type: 'confirmed', verification }
    const errorCode = await ask()
    if (errorCode === ERROR_CODES.CONCURRENT_TRANSACTIONS && clock.monotonic() + ENDING_PAUSE_MS <= untilMs) {
      await new Promise<void>((resolve) => void clock.setTimer(ENDING_PAUSE_MS, resolve))
      continue
    }
    if (errorCode !== ERROR_CODES.NONE) return { type: 'denied', errorCode }
    interruptions += 1
    if (isInForce(verification) || interruptions > INTERRUPTIONS_MAX) return { type: 'confirmed', verification }
  }
}
