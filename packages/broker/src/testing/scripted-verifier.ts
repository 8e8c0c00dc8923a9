/** Stands for the coordinators of transactions: confirms what the test says, when the test says so. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { PartitionOfTransaction, TransactionVerifier } from '../transactions/transaction-verifier.ts'

export class ScriptedVerifier implements TransactionVerifier {
  readonly asked: PartitionOfTransaction[] = []
  answer: ErrorCode = ERROR_CODES.NONE
  readonly #held: (() => void)[] = []
  #isHolding = false

  confirm(asked: PartitionOfTransaction): Promise<ErrorCode> {
    this.asked.push(asked)
    if (!this.#isHolding) return Promise.resolve(this.answer)
    return new Promise((resolve) => void this.#held.push(() => resolve(this.answer)))
  }

  /** Answers are held back until what this returns is called. */
  hold(): () => void {
    this.#isHolding = true
    return () => {
      this.#isHolding = false
      for (const release of this.#held.splice(0)) release()
    }
  }
}
