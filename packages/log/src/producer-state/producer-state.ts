/**
 * The producers of one partition: who appended what last, and which transactions are open. Derived from the batches alone, so
 * every replica comes to the same state.
 *
 * Appends are staged first: `checkBatch` and `stageBatch` see staged entries before committed ones, `commit` makes one staged
 * change final, in the order of staging, and `dropStaged` forgets the rest. Nothing that was not written is ever remembered.
 *
 * Invariants: `#openTransactions` holds first offsets in ascending order; a producer has an open transaction exactly if its
 * entry says so.
 */
import type { AbortedTransaction } from '../transaction-index.ts'
import { checkDataBatch, type Confirmation, type Refusal } from './append-rules.ts'
import {
  type BatchIdentity,
  type DataBatch,
  findDuplicate,
  hasTransaction,
  NO_OFFSET,
  type ProducerEntry,
  type TransactionMarker,
  unknownProducer,
  withBatch,
  withMarker,
} from './producer-entry.ts'
import { NO_SEQUENCE } from './sequence.ts'
import { type TransactionVerification, TransactionVerifications } from './transaction-verifications.ts'

/** What staging one batch changes once it is written. */
export interface StagedProducerChange {
  readonly entry: ProducerEntry
  /** The transaction that the batch's marker ends. */
  readonly ended: { readonly firstOffset: number; readonly marker: TransactionMarker } | null
}

export interface ProducerStateOptions {
  readonly expirationMs: number
  /** Beyond this many the producer that appended least recently is forgotten, like one that expired. */
  readonly producersMax: number
}

/** Coordinators number nothing. */
const UNSEQUENCED = { firstSequence: NO_SEQUENCE, lastSequence: NO_SEQUENCE } as const

export class ProducerState {
  readonly #options: ProducerStateOptions
  /** By producer id, in the order of their last appends. */
  readonly #entries = new Map<number, ProducerEntry>()
  readonly #staged = new Map<number, ProducerEntry>()
  readonly #verifications = new TransactionVerifications()
  /** First offsets of open transactions with their producers. */
  readonly #openTransactions = new Map<number, number>()
  /** First offsets of ended transactions whose marker is not below the high watermark yet, with the marker's offset. */
  readonly #unreplicatedTransactions = new Map<number, number>()
  /** The least first offset in `#unreplicatedTransactions`: they end in another order than they begin. */
  #firstUnreplicatedOffset: number | null = null

  constructor(options: ProducerStateOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#entries.size
  }

  /** Committed entries. */
  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values()
  }

  /** Replaces everything by a snapshot's entries. */
  load(entries: readonly ProducerEntry[]): void {
    this.clear()
    const byAppend = entries.toSorted((a, b) => (a.batches.at(-1)?.lastOffset ?? 0) - (b.batches.at(-1)?.lastOffset ?? 0))
    for (const entry of byAppend) this.#entries.set(entry.producerId, entry)
    const open = entries.filter(({ currentTxnFirstOffset }) => currentTxnFirstOffset !== NO_OFFSET)
    open.sort((a, b) => a.currentTxnFirstOffset - b.currentTxnFirstOffset)
    for (const entry of open) this.#openTransactions.set(entry.currentTxnFirstOffset, entry.producerId)
  }

  /** Becomes what `other` is, which is of no more use then. */
  become(other: ProducerState): void {
    this.clear()
    for (const [producerId, entry] of other.#entries) this.#entries.set(producerId, entry)
    for (const [offset, producerId] of other.#openTransactions) this.#openTransactions.set(offset, producerId)
    for (const [offset, markerOffset] of other.#unreplicatedTransactions) this.#unreplicatedTransactions.set(offset, markerOffset)
    this.#firstUnreplicatedOffset = other.#firstUnreplicatedOffset
  }

  /** One with the same bounds that knows nobody. */
  fresh(): ProducerState {
    return new ProducerState(this.#options)
  }

  clear(): void {
    this.#entries.clear()
    this.#staged.clear()
    this.#verifications.clear()
    this.#openTransactions.clear()
    this.#unreplicatedTransactions.clear()
    this.#firstUnreplicatedOffset = null
  }

  /** What is known of a producer, staged appends included. */
  find(producerId: number, nowMs: number): ProducerEntry {
    const entry = this.#staged.get(producerId) ?? this.#entries.get(producerId)
    if (entry === undefined || this.#isExpired(entry, nowMs)) return unknownProducer(producerId)
    return entry
  }

  /** Whether a producer's last state is not written yet. */
  isStaged(producerId: number): boolean {
    return this.#staged.has(producerId)
  }

  /**
   * Before a batch of a transaction is appended, its coordinator is asked whether the partition takes part in it. What this returns goes
   * with the batch. Null when there is nothing to ask: the transaction is under way here, or the batch was appended before.
   */
  beginVerification(batch: BatchIdentity, nowMs: number): TransactionVerification | null {
    const { producerId, producerEpoch, firstSequence, lastSequence } = batch
    const entry = this.find(producerId, nowMs)
    if (hasTransaction(entry, producerEpoch)) return null
    if (findDuplicate(entry, producerEpoch, firstSequence, lastSequence) !== undefined) return null
    return this.#verifications.begin(producerId, producerEpoch, firstSequence, nowMs)
  }

  /** Why a batch that a coordinator would append in the name of that producer would be refused now; null if it would not. */
  refusalOf(
    producer: Pick<BatchIdentity, 'producerId' | 'producerEpoch'>,
    verification: TransactionVerification | null,
    nowMs: number,
  ): Refusal | null {
    const batch = { ...producer, ...UNSEQUENCED, isTransactional: true }
    return checkDataBatch(this.find(producer.producerId, nowMs), batch, 0, this.confirmationOf(verification))
  }

  /** What a verification is worth now; undefined where nobody asks for one. */
  confirmationOf(verification: TransactionVerification | null | undefined): Confirmation {
    if (verification === undefined) return 'not-asked-for'
    return verification !== null && this.isInForce(verification) ? verification : null
  }

  /** Whether nothing happened since then that could have ended the transaction which was asked about. */
  isInForce(verification: TransactionVerification): boolean {
    return this.#verifications.isInForce(verification)
  }

  stageBatch(entry: ProducerEntry, batch: DataBatch): StagedProducerChange {
    const next = withBatch(entry, batch)
    if (batch.isTransactional) this.#verifications.end(next.producerId)
    this.#staged.set(next.producerId, next)
    return { entry: next, ended: null }
  }

  stageMarker(entry: ProducerEntry, marker: TransactionMarker): StagedProducerChange {
    const next = withMarker(entry, marker)
    this.#verifications.end(next.producerId)
    this.#staged.set(next.producerId, next)
    const firstOffset = entry.currentTxnFirstOffset
    return { entry: next, ended: firstOffset === NO_OFFSET ? null : { firstOffset, marker } }
  }

  /** Makes a staged change final. Returns the transaction that it aborted. */
  commit({ entry, ended }: StagedProducerChange): AbortedTransaction | null {
    const { producerId, currentTxnFirstOffset } = entry
    this.#entries.delete(producerId)
    this.#entries.set(producerId, entry)
    if (this.#entries.size > this.#options.producersMax) this.#forgetOldest()
    if (this.#staged.get(producerId) === entry) this.#staged.delete(producerId)
    if (currentTxnFirstOffset !== NO_OFFSET) this.#openTransactions.set(currentTxnFirstOffset, producerId)
    return ended === null ? null : this.#end(ended.firstOffset, ended.marker)
  }

  dropStaged(): void {
    this.#staged.clear()
  }

  /** The first offset that is not decided: the log is stable below it. Null when all is decided. */
  firstUnstableOffset(): number | null {
    const open = firstKey(this.#openTransactions)
    const unreplicated = this.#firstUnreplicatedOffset
    if (open === null || unreplicated === null) return open ?? unreplicated
    return Math.min(open, unreplicated)
  }

  /** First offset of the open transaction that began earliest. */
  firstOpenTransactionOffset(): number | null {
    return firstKey(this.#openTransactions)
  }

  /** Markers below the high watermark are final. */
  setHighWatermark(highWatermark: number): void {
    if (this.#unreplicatedTransactions.size === 0) return
    let least: number | null = null
    for (const [firstOffset, markerOffset] of this.#unreplicatedTransactions) {
      if (markerOffset < highWatermark) this.#unreplicatedTransactions.delete(firstOffset)
      else least = Math.min(least ?? firstOffset, firstOffset)
    }
    this.#firstUnreplicatedOffset = least
  }

  /** Forgets those who were quiet for long. */
  expire(nowMs: number): void {
    this.#verifications.expire(nowMs, this.#options.expirationMs)
    for (const [producerId, entry] of this.#entries) if (this.#isExpired(entry, nowMs)) this.#entries.delete(producerId)
  }

  #end(firstOffset: number, marker: TransactionMarker): AbortedTransaction | null {
    this.#openTransactions.delete(firstOffset)
    this.#unreplicatedTransactions.set(firstOffset, marker.offset)
    this.#firstUnreplicatedOffset = Math.min(this.#firstUnreplicatedOffset ?? firstOffset, firstOffset)
    if (!marker.isAbort) return null
    const lastStableOffset = firstKey(this.#openTransactions) ?? marker.offset + 1
    return { producerId: marker.producerId, firstOffset, lastOffset: marker.offset, lastStableOffset }
  }

  #isExpired(entry: ProducerEntry, nowMs: number): boolean {
    return entry.currentTxnFirstOffset === NO_OFFSET && nowMs - entry.lastTimestamp >= this.#options.expirationMs
  }

  #forgetOldest(): void {
    for (const [producerId, entry] of this.#entries) {
      if (entry.currentTxnFirstOffset !== NO_OFFSET) continue
      this.#entries.delete(producerId)
      return
    }
  }
}

function firstKey(map: ReadonlyMap<number, unknown>): number | null {
  for (const key of map.keys()) return key
  return null
}
