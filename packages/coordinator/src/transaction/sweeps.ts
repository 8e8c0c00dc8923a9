/**
 * What becomes of transactions with time. Each sweep takes as much as one batch holds; when that is not all, another follows at once.
 */
import { fenced } from './changes.ts'
import type { TransactionDeadlines } from './deadlines.ts'
import { partitionBytes } from './partitions.ts'
import { RECORD_BYTES_MAX } from './settings.ts'
import { isIdle } from './state.ts'
import type { Transaction } from './state.ts'
import type { TransactionTable } from './transaction-table.ts'
import type { Change, Surroundings } from './verdict.ts'

export interface Sweep {
  /** By transactional id; null: it is forgotten. */
  readonly changes: ReadonlyMap<string, Change | null>
  readonly isComplete: boolean
}

/**
 * Transactions that are open for longer than their producer said are aborted, and the producer is shut out: it may have died, and what is
 * open holds back everybody who reads what is committed.
 */
export function timedOut(
  table: TransactionTable,
  deadlines: TransactionDeadlines,
  monotonicMs: number,
  { featureLevel, nowMs, takeProducerId }: Surroundings,
): Sweep {
  const batch = new Batch()
  for (const [transactionalId, dueMs] of deadlines.entries()) {
    const transaction = table.get(transactionalId)?.transaction
    if (transaction === undefined || dueMs >= monotonicMs) continue
    if (!batch.hasRoomFor(transactionalId, transaction)) return batch.sweep(false)
    const next = fenced(transaction, featureLevel, nowMs, takeProducerId)
    // Without an id at hand it waits for the next time. The producer may go on, if it is alive and no other has begun.
    if (next !== null) batch.add(transactionalId, transaction, { next, heldBefore: transaction })
  }
  return batch.sweep(true)
}

/** Ids that nobody has used for long are forgotten, by the times in the log. Who still had one is told INVALID_PRODUCER_ID_MAPPING. */
export function expired(table: TransactionTable, idExpirationMs: number, nowMs: number): Sweep {
  const batch = new Batch()
  for (const [transactionalId, { transaction }] of table.entries()) {
    if (!isIdle(transaction) || transaction.updateMs > nowMs - idExpirationMs) continue
    if (!batch.hasRoomFor(transactionalId, transaction)) return batch.sweep(false)
    batch.add(transactionalId, transaction, null)
  }
  return batch.sweep(true)
}

const RECORD_OVERHEAD_BYTES = 128
const BYTES_OF_A_CHARACTER_MAX = 3

class Batch {
  readonly #changes = new Map<string, Change | null>()
  #bytes = 0

  hasRoomFor(transactionalId: string, transaction: Transaction): boolean {
    return this.#changes.size === 0 || this.#bytes + recordBytes(transactionalId, transaction) <= RECORD_BYTES_MAX
  }

  add(transactionalId: string, transaction: Transaction, change: Change | null): void {
    this.#bytes += recordBytes(transactionalId, transaction)
    this.#changes.set(transactionalId, change)
  }

  sweep(isComplete: boolean): Sweep {
    return { changes: this.#changes, isComplete }
  }
}

function recordBytes(transactionalId: string, transaction: Transaction): number {
  return RECORD_OVERHEAD_BYTES + BYTES_OF_A_CHARACTER_MAX * transactionalId.length + partitionBytes(transaction.partitions)
}
