/** All transactional ids of a coordinator. */
import type { ProducerIdAndEpoch, Transaction } from './state.ts'
import type { Known } from './verdict.ts'

export class TransactionTable {
  readonly #known = new Map<string, Known>()

  get size(): number {
    return this.#known.size
  }

  get(transactionalId: string): Known | null {
    return this.#known.get(transactionalId) ?? null
  }

  entries(): IterableIterator<[transactionalId: string, known: Known]> {
    return this.#known.entries()
  }

  /** Null, and the state that says so: the id is forgotten. */
  put(transactionalId: string, transaction: Transaction | null, heldBefore: ProducerIdAndEpoch | null = null): void {
    if (transaction === null || transaction.state === 'Dead') this.#known.delete(transactionalId)
    else this.#known.set(transactionalId, { transaction, heldBefore })
  }
}
