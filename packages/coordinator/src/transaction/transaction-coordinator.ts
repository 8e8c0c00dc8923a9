/**
 * The transaction coordinator: the machine over one partition of `__transaction_state` (docs/spec/transactions.md).
 *
 * It owns, for each transactional id of its partition, which producer may use it and how far its transaction is. It decides how a
 * transaction ends and has every partition that the transaction wrote to told so. It never touches the data itself.
 *
 * Sources: KIP-98 (transactions), KIP-360 (going on after errors), KIP-588 (PRODUCER_FENCED), KIP-664 (describing), KIP-890 (the second
 * protocol, which raises the epoch with every end).
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { CoordinatorMachine, MachineTime, ReplyToken } from '../machine.ts'
import type { TransactionRecord } from '../records/transaction-record.ts'
import { addPartitions, verifyPartitions } from './add-partitions.ts'
import { answerWithCode } from './answers.ts'
import { ended, fencedInLog } from './changes.ts'
import { TransactionDeadlines } from './deadlines.ts'
import { describeTransaction, listTransactions } from './describe-transactions.ts'
import type { TransactionEffect, TransactionResponse } from './effects.ts'
import { endTransaction, producerAfter } from './end-transaction.ts'
import type { MarkersAnswered, ProducerRequest, TransactionEvent } from './events.ts'
import { initProducerId } from './init-producer-id.ts'
import { beginPause, endPause, type MarkerProgress, markerProgress, noteOutcomes } from './marker-progress.ts'
import type { TransactionSettings } from './settings.ts'
import { bumpsEpochs, EPOCH_BUMPING_VERSION, isEnding, NO_PRODUCER_ID } from './state.ts'
import type { TopicPartitions, Transaction } from './state.ts'
import { expired, timedOut } from './sweeps.ts'
import { TransactionTable } from './transaction-table.ts'
import type { Change, Known, Surroundings, Verdict } from './verdict.ts'

export interface TransactionCoordinatorOptions {
  readonly settings: () => TransactionSettings
  /** An id that no producer has had; null when none is at hand just now, and clients are told to ask again. */
  readonly takeProducerId: () => number | null
}

type TransactionRequestEvent = Extract<TransactionEvent, { readonly type: 'request' }>
type TransactionTimerEvent = Extract<TransactionEvent, { readonly type: 'timer' }>

const ABORT_TIMED_OUT = 'abort-timed-out'
const REMOVE_EXPIRED = 'remove-expired'
const MARKERS = 'markers/'

const NOTHING: readonly TransactionEffect[] = []

export class TransactionCoordinator implements CoordinatorMachine<TransactionEvent, TransactionRecord, TransactionEffect> {
  readonly #settings: () => TransactionSettings
  readonly #takeProducerId: () => number | null
  readonly #table = new TransactionTable()
  readonly #deadlines = new TransactionDeadlines()
  readonly #markers = new Map<string, MarkerProgress>()
  #looksForTimeouts = false

  constructor({ settings, takeProducerId }: TransactionCoordinatorOptions) {
    this.#settings = settings
    this.#takeProducerId = takeProducerId
  }

  replay(record: TransactionRecord): void {
    if (record.type === 'transaction') this.#table.put(record.transactionalId, record.transaction)
  }

  /** Nobody writes to this log in a transaction. */
  replayMarker(): void {}

  /** Transactions whose end is decided are taken up where the predecessor left them, which is anywhere: every partition is told again. */
  loaded(time: MachineTime): readonly TransactionEffect[] {
    for (const [transactionalId, { transaction }] of this.#table.entries()) this.#deadlines.resume(transactionalId, transaction, time)
    const effects: TransactionEffect[] = [
      { type: 'set-timer', key: REMOVE_EXPIRED, delayMs: this.#settings().removeExpiredIntervalMs },
      ...this.#lookForTimeouts(),
    ]
    for (const [transactionalId, { transaction }] of this.#table.entries()) {
      if (!isEnding(transaction)) continue
      const isTold = transaction.state !== 'PrepareEpochFence' && transaction.partitions.length > 0
      if (isTold) effects.push(this.#tellPartitions(transactionalId, transaction))
      // A record of its own is due, and each step writes one batch.
      else effects.push({ type: 'set-timer', key: MARKERS + transactionalId, delayMs: 0 })
    }
    return effects
  }

  step(event: TransactionEvent): readonly TransactionEffect[] {
    switch (event.type) {
      case 'request':
        return this.#onRequest(event)
      case 'timer':
        return this.#onTimer(event)
      case 'markers-answered':
        return this.#onMarkersAnswered(event)
    }
  }

  #onRequest(event: TransactionRequestEvent): readonly TransactionEffect[] {
    const { token, nowMs, apiVersion, request } = event
    switch (request.api) {
      case 'DescribeTransactions': {
        const describe = (id: string) => describeTransaction(id, this.#table.get(id)?.transaction ?? null)
        return [reply(token, { api: request.api, transactionStates: request.transactionalIds.map(describe) })]
      }
      case 'ListTransactions':
        return [reply(token, listTransactions(this.#table.entries(), request, nowMs))]
      default:
        return this.#onProducer(token, request, apiVersion, event)
    }
  }

  #onProducer(token: ReplyToken, request: ProducerRequest, apiVersion: number, time: MachineTime): readonly TransactionEffect[] {
    const { api, transactionalId } = request
    const known = this.#table.get(transactionalId)
    if (api === 'AddPartitionsToTxn' && request.verifyOnly) {
      return [reply(token, { api, topicResults: verifyPartitions(known, request) })]
    }
    const { errorCode, change } = this.#decide(known, request, apiVersion, time.nowMs)
    const effects = change === null ? NOTHING : this.#make(new Map([[transactionalId, change]]), time)
    return [...effects, reply(token, this.#answer(request, apiVersion, errorCode))]
  }

  #decide(known: Known | null, request: ProducerRequest, apiVersion: number, nowMs: number): Verdict {
    switch (request.api) {
      case 'InitProducerId':
        return initProducerId(known, request, this.#settings(), this.#table.size, this.#surroundings(nowMs))
      case 'AddPartitionsToTxn':
        return addPartitions(known, request, request.topics, apiVersion > 3 ? EPOCH_BUMPING_VERSION : 0, nowMs)
      case 'AddOffsetsToTxn':
        // Producers of the second protocol have it added when they commit the offsets.
        return addPartitions(known, request, [request.offsetsPartition], 0, nowMs)
      case 'EndTxn':
        return endTransaction(known, request, apiVersion > 4 ? EPOCH_BUMPING_VERSION : 0, this.#surroundings(nowMs))
    }
  }

  #answer(request: ProducerRequest, apiVersion: number, errorCode: ErrorCode): TransactionResponse {
    const answer = answerWithCode(request, apiVersion, errorCode)
    const known = errorCode === ERROR_CODES.NONE ? this.#table.get(request.transactionalId) : null
    const namesProducer = answer.api === 'InitProducerId' || answer.api === 'EndTxn'
    return known === null || !namesProducer ? answer : { ...answer, ...producerAfter(known.transaction) }
  }

  #onTimer(event: TransactionTimerEvent): readonly TransactionEffect[] {
    const { key, nowMs, monotonicMs } = event
    if (key.startsWith(MARKERS)) return this.#onMarkersDue(key.slice(MARKERS.length), event)
    const settings = this.#settings()
    if (key === REMOVE_EXPIRED) {
      const { changes, isComplete } = expired(this.#table, settings.idExpirationMs, nowMs)
      const delayMs = isComplete ? settings.removeExpiredIntervalMs : 0
      return [...this.#make(changes, event), { type: 'set-timer', key, delayMs }]
    }
    if (key !== ABORT_TIMED_OUT) return NOTHING
    const { changes, isComplete } = timedOut(this.#table, this.#deadlines, monotonicMs, this.#surroundings(nowMs))
    if (!isComplete) return [...this.#make(changes, event), { type: 'set-timer', key, delayMs: 0 }]
    const effects = this.#make(changes, event)
    this.#looksForTimeouts = false
    return [...effects, ...this.#lookForTimeouts()]
  }

  #onMarkersDue(transactionalId: string, time: MachineTime): readonly TransactionEffect[] {
    const transaction = this.#table.get(transactionalId)?.transaction
    if (transaction === undefined || !isEnding(transaction)) return NOTHING
    const progress = this.#markers.get(transactionalId)
    if (progress !== undefined) return [writeMarkers(transactionalId, transaction, endPause(progress))]
    const { nowMs } = time
    const next = transaction.state === 'PrepareEpochFence' ? fencedInLog(transaction, nowMs) : ended(transaction, nowMs)
    return this.#make(new Map([[transactionalId, { next, heldBefore: null }]]), time)
  }

  #onMarkersAnswered(event: MarkersAnswered): readonly TransactionEffect[] {
    const { transactionalId, producerId, producerEpoch, outcomes, nowMs } = event
    const known = this.#table.get(transactionalId)
    const progress = this.#markers.get(transactionalId)
    if (known === null || progress === undefined) return NOTHING
    const { transaction, heldBefore } = known
    if (transaction.producerId !== producerId || transaction.producerEpoch !== producerEpoch) return NOTHING
    noteOutcomes(progress, outcomes)
    const key = MARKERS + transactionalId
    if (progress.unwritten.size > 0) {
      if (progress.failed.size === 0 || progress.isPausing) return NOTHING
      return [{ type: 'set-timer', key, delayMs: beginPause(progress) }]
    }
    const effects = this.#make(new Map([[transactionalId, { next: ended(transaction, nowMs), heldBefore }]]), event)
    return progress.isPausing ? [...effects, { type: 'cancel-timer', key }] : effects
  }

  /** Writes the changes as one batch, and tells partitions of what is decided with them. */
  #make(changes: ReadonlyMap<string, Change | null>, time: MachineTime): readonly TransactionEffect[] {
    if (changes.size === 0) return NOTHING
    const records: TransactionRecord[] = []
    const effects: TransactionEffect[] = [{ type: 'append', records, transaction: null }]
    for (const [transactionalId, change] of changes) {
      const transaction = change === null ? null : asWritten(change.next, this.#settings().featureLevel)
      records.push({ type: 'transaction', transactionalId, transaction })
      this.#table.put(transactionalId, transaction, change?.heldBefore)
      this.#deadlines.follow(transactionalId, transaction, time)
      this.#markers.delete(transactionalId)
      if (transaction !== null && isEnding(transaction)) effects.push(this.#tellPartitions(transactionalId, transaction))
    }
    return [...effects, ...this.#lookForTimeouts()]
  }

  #tellPartitions(transactionalId: string, transaction: Transaction): TransactionEffect {
    this.#markers.set(transactionalId, markerProgress(transaction.partitions))
    return writeMarkers(transactionalId, transaction, transaction.partitions)
  }

  #lookForTimeouts(): readonly TransactionEffect[] {
    if (this.#looksForTimeouts || this.#deadlines.size === 0) return NOTHING
    this.#looksForTimeouts = true
    return [{ type: 'set-timer', key: ABORT_TIMED_OUT, delayMs: this.#settings().abortTimedOutIntervalMs }]
  }

  #surroundings(nowMs: number): Surroundings {
    return { nowMs, featureLevel: this.#settings().featureLevel, takeProducerId: this.#takeProducerId }
  }
}

/** As the log will have it, which is all that a successor knows. Version 0 of the record has no room for some of it. */
function asWritten(transaction: Transaction, featureLevel: number): Transaction {
  const isVersion0 = featureLevel < 1 && !bumpsEpochs(transaction.transactionVersion)
  return isVersion0 ? { ...transaction, previousProducerId: NO_PRODUCER_ID, transactionVersion: 0 } : transaction
}

function writeMarkers(transactionalId: string, transaction: Transaction, topics: readonly TopicPartitions[]): TransactionEffect {
  const { producerId, producerEpoch, state, transactionVersion } = transaction
  const result = state === 'PrepareCommit' ? 'commit' : 'abort'
  return { type: 'write-markers', transactionalId, producerId, producerEpoch, result, transactionVersion, topics }
}

function reply(token: ReplyToken, response: TransactionResponse): TransactionEffect {
  return { type: 'reply', token, response }
}
