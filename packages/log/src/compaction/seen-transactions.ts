/**
 * What a walk over a log, from some offset on, has seen of transactions: whether a batch belongs to an aborted one, and whether
 * a marker still has data before it.
 *
 * A marker must outlive its data: without it a reader, and a replay of producers, would take the transaction for open.
 */
import { batchBaseOffset, batchLastOffset, batchProducerId, isTransactional } from '@millrace/protocol'
import type { AbortedTransaction } from '../transaction-index.ts'

export interface SeenMarker {
  /** No batch of the transaction was seen. */
  readonly isNeedless: boolean
  /** The transaction, if it was aborted and batches of it were seen: the index has to know it as long as they are there. */
  readonly aborted: AbortedTransaction | null
}

export class SeenTransactions {
  /** In the order of their first offsets, from `#next` on those that were not come to yet. */
  readonly #aborted: readonly AbortedTransaction[]
  #next = 0
  /** The aborted transaction of each producer that was come to last. */
  readonly #current = new Map<number, AbortedTransaction>()
  /** Producers of whose transaction there were batches since the last marker. */
  readonly #withData = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** A data batch is passed. Returns whether it was aborted. */
  passData(bytes: Uint8Array, at: number): boolean {
    if (!isTransactional(bytes, at)) return false
    const producerId = batchProducerId(bytes, at)
    const lastOffset = batchLastOffset(bytes, at)
    this.#withData.add(producerId)
    this.#advance(lastOffset)
    const current = this.#current.get(producerId)
    return current !== undefined && current.firstOffset <= batchBaseOffset(bytes, at) && lastOffset < current.lastOffset
  }

  passMarker(bytes: Uint8Array, at: number): SeenMarker {
    const producerId = batchProducerId(bytes, at)
    const offset = batchLastOffset(bytes, at)
    this.#advance(offset)
    const hadData = this.#withData.delete(producerId)
    const current = this.#current.get(producerId)
    if (current?.lastOffset !== offset) return { isNeedless: !hadData, aborted: null }
    this.#current.delete(producerId)
    return { isNeedless: !hadData, aborted: hadData ? current : null }
  }

  #advance(offset: number): void {
    for (; this.#next < this.#aborted.length; this.#next += 1) {
      const transaction = this.#aborted[this.#next] as AbortedTransaction
      if (transaction.firstOffset > offset) return
      this.#current.set(transaction.producerId, transaction)
    }
  }
}
