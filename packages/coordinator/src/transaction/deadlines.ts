/**
 * When the transactions that are open take too long, in monotonic time: no jump of a wall clock moves it. Not in the log, which knows
 * wall-clock times alone; whoever leads next makes up its own mind.
 */
import type { MachineTime } from '../machine.ts'
import type { Transaction } from './state.ts'

export class TransactionDeadlines {
  readonly #dueMs = new Map<string, number>()

  /** How many transactions are open. */
  get size(): number {
    return this.#dueMs.size
  }

  entries(): IterableIterator<[transactionalId: string, dueMs: number]> {
    return this.#dueMs.entries()
  }

  /** The transaction was just written so; null: its id is forgotten. The deadline of one that was open stays. */
  follow(transactionalId: string, transaction: Transaction | null, { monotonicMs }: MachineTime): void {
    if (transaction?.state !== 'Ongoing') this.#dueMs.delete(transactionalId)
    else if (!this.#dueMs.has(transactionalId)) this.#dueMs.set(transactionalId, monotonicMs + transaction.timeoutMs)
  }

  /** The transaction was found so in the log. */
  resume(transactionalId: string, transaction: Transaction, time: MachineTime): void {
    if (transaction.state === 'Ongoing') this.#dueMs.set(transactionalId, time.monotonicMs + remainingMs(transaction, time.nowMs))
  }
}

/**
 * As the record has it. Where it leaves nothing or more than the whole timeout, one of the two clocks is wrong, or nobody led when the
 * time was up, and its producer could not go on: then the timeout begins anew.
 */
function remainingMs({ startMs, timeoutMs }: Transaction, nowMs: number): number {
  const leftMs = startMs + timeoutMs - nowMs
  return leftMs > 0 && leftMs <= timeoutMs ? leftMs : timeoutMs
}
