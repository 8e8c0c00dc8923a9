/** All transactional ids of a coordinator, and which of them have a transaction open. */
import type { ProducerIdAndEpoch, Transaction } from './state.ts'
import type { Known } from './verdict.ts'

export class TransactionTable {
  readonly #known = new Map<string, Known>()
  readonly #ongoing = new Set<string>()

  get size(): number {
    return this.#known.size
  }

  /** Ids with an open transaction. */
  get ongoing(): ReadonlySet<string> {
    return this.#ongoing
  }

  get(transactionalId: string): Known | null {
    return this.#known.get(transactionalId) ?? null
  }

  entries(): IterableIterator<[transactionalId: string, known: Known]> {
    return this.#known.entries()
  }

  /** Null, and the state that says so: the id is forgotten. */
  put(transactionalId: string, transaction: Transaction | null, heldBefore: ProducerIdAndEpoch | null = null): void {
    this.#ongoing.delete(transactionalId)
    if (transaction === null || transaction.state === 'Dead') {
      this.#known.delete(transactionalId)
      return
    }
    if (transaction.state === 'Ongoing') this.#ongoing.add(transactionalId)
    this.#known.set(transactionalId, { transaction, heldBefore })
  }
}
