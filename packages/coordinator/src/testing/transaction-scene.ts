/**
 * A transaction coordinator with its log, its clock and its partitions at hand. Every record goes through its bytes, every change is held
 * to the invariants, and what a successor would load is compared with what the coordinator shows.
 */
import { ERROR_CODES, type ErrorCode, errorName } from '@millrace/protocol'
import { expect } from 'vitest'
import type { MachineTime } from '../machine.ts'
import { decodeTransactionRecord, encodeTransactionRecord } from '../records/transaction-record.ts'
import type { RecordBytes } from '../records/record-format.ts'
import { describeTransaction } from '../transaction/describe-transactions.ts'
import type { TransactionEffect, TransactionResponse, WriteMarkers } from '../transaction/effects.ts'
import type { MarkerOutcome, TransactionRequest } from '../transaction/events.ts'
import { assertTransition } from '../transaction/invariants.ts'
import { DEFAULT_TRANSACTION_SETTINGS, type TransactionSettings } from '../transaction/settings.ts'
import type { TopicPartitions, Transaction } from '../transaction/state.ts'
import { TransactionCoordinator } from '../transaction/transaction-coordinator.ts'

export const ID = 'payments'
export const ORDERS: readonly TopicPartitions[] = [{ topic: 'orders', partitions: [0, 1] }]

/** What producers of each protocol send. */
export const FIRST_PROTOCOL = { init: 4, add: 3, end: 4 }
export const SECOND_PROTOCOL = { init: 5, add: 5, end: 5 }
export type Protocol = typeof FIRST_PROTOCOL

export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

const NOBODY: Producer = { producerId: -1, producerEpoch: -1 }

export class TransactionScene {
  readonly settings: TransactionSettings
  protocol: Protocol
  /** Monotonic time. */
  nowMs = 1_000_000
  /** How far the wall clock is ahead of it. */
  wallClockAheadMs = 0
  /** Producer ids at hand. */
  idsAtHand = Number.POSITIVE_INFINITY
  #nextId = 1
  readonly log: RecordBytes[] = []
  readonly timers = new Map<string, number>()
  /** Asked for and not answered. */
  markers: WriteMarkers[] = []
  coordinator: TransactionCoordinator
  /** Of the batches written so far: how many records and bytes the largest had. */
  largestAppend = 0
  largestAppendBytes = 0
  readonly #shadow = new Map<string, Transaction>()
  readonly #idsOf = new Map<string, Set<number>>()

  /** `found`: what a predecessor left of `ID`. */
  constructor(protocol: Protocol = SECOND_PROTOCOL, settings: Partial<TransactionSettings> = {}, found: Transaction | null = null) {
    const featureLevel = protocol === SECOND_PROTOCOL ? 2 : 0
    this.settings = { ...DEFAULT_TRANSACTION_SETTINGS, featureLevel, ...settings }
    this.protocol = protocol
    this.coordinator = this.#newCoordinator()
    if (found !== null) {
      this.log.push(encodeTransactionRecord({ type: 'transaction', transactionalId: ID, transaction: found }))
      this.#shadow.set(ID, found)
    }
    this.restart()
  }

  get time(): MachineTime {
    return { nowMs: this.nowMs + this.wallClockAheadMs, monotonicMs: this.nowMs }
  }

  #newCoordinator(): TransactionCoordinator {
    return new TransactionCoordinator({
      settings: () => this.settings,
      takeProducerId: () => (this.idsAtHand-- > 0 ? this.#nextId++ : null),
    })
  }

  /** Another broker leads: all that is left is the log, as far as it was committed. */
  restart(committed: number = this.log.length): void {
    this.log.length = committed
    this.#readLog()
    this.coordinator = this.#newCoordinator()
    for (const { key, value } of this.log) this.coordinator.replay(decodeTransactionRecord(key, value))
    this.timers.clear()
    this.markers = []
    this.#perform(this.coordinator.loaded(this.time))
    this.#expectSameAsLog(this.ids)
  }

  #readLog(): void {
    this.#shadow.clear()
    for (const { key, value } of this.log) {
      const record = decodeTransactionRecord(key, value)
      if (record.type !== 'transaction') continue
      if (record.transaction === null || record.transaction.state === 'Dead') this.#shadow.delete(record.transactionalId)
      else this.#shadow.set(record.transactionalId, record.transaction)
    }
  }

  init(
    producer: Producer = NOBODY,
    { id = ID, timeoutMs = 60_000, version = this.protocol.init } = {},
  ): Extract<TransactionResponse, { api: 'InitProducerId' }> {
    return this.ask({ api: 'InitProducerId', transactionalId: id, ...producer, timeoutMs }, version)
  }

  add(producer: Producer, topics: readonly TopicPartitions[] = ORDERS, { id = ID, version = this.protocol.add } = {}): ErrorCode {
    const { producerId, producerEpoch } = producer
    const request = { api: 'AddPartitionsToTxn', transactionalId: id, producerId, producerEpoch, verifyOnly: false, topics } as const
    const { topicResults } = this.ask(request, version)
    const codes = new Set(topicResults.flatMap(({ resultsByPartition }) => resultsByPartition.map((each) => each.partitionErrorCode)))
    expect(codes.size).toBe(1)
    return [...codes][0] as ErrorCode
  }

  end(
    producer: Producer,
    result: 'commit' | 'abort',
    { id = ID, version = this.protocol.end } = {},
  ): Extract<TransactionResponse, { api: 'EndTxn' }> {
    const { producerId, producerEpoch } = producer
    return this.ask({ api: 'EndTxn', transactionalId: id, producerId, producerEpoch, committed: result === 'commit' }, version)
  }

  ask<const R extends TransactionRequest>(request: R, apiVersion: number): Extract<TransactionResponse, { readonly api: R['api'] }> {
    const effects = this.step({ type: 'request', token: 1, ...this.time, apiVersion, request })
    const replies = effects.filter((effect) => effect.type === 'reply')
    expect(replies.map(({ token }) => token)).toEqual([1])
    const response = replies[0]?.response
    expect(response?.api).toBe(request.api)
    return response as Extract<TransactionResponse, { readonly api: R['api'] }>
  }

  /** Answers what was asked of the partitions, oldest first. */
  answerMarkers(outcome: MarkerOutcome['outcome'] = ERROR_CODES.NONE): readonly TransactionEffect[] {
    const asked = this.markers
    this.markers = []
    return asked.flatMap((each) => this.answerMarker(each, outcome))
  }

  answerMarker(
    { transactionalId, producerId, producerEpoch, topics }: WriteMarkers,
    outcome: MarkerOutcome['outcome'],
  ): readonly TransactionEffect[] {
    const outcomes = topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition, outcome })))
    return this.step({ type: 'markers-answered', ...this.time, transactionalId, producerId, producerEpoch, outcomes })
  }

  /** Time passes, and every timer that is due goes off. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const [next] = [...this.timers].filter(([, dueMs]) => dueMs <= untilMs).toSorted(([, a], [, b]) => a - b)
      if (next === undefined) break
      const [key, dueMs] = next
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.timers.delete(key)
      this.step({ type: 'timer', key, ...this.time })
    }
    this.nowMs = untilMs
  }

  step(event: Parameters<TransactionCoordinator['step']>[0]): readonly TransactionEffect[] {
    const effects = this.coordinator.step(event)
    this.#perform(effects)
    return effects
  }

  /** What the log says of an id. */
  transaction(id = ID): Transaction | null {
    return this.#shadow.get(id) ?? null
  }

  get ids(): readonly string[] {
    return [...this.#shadow.keys()]
  }

  #perform(effects: readonly TransactionEffect[]): void {
    expect(effects.filter(({ type }) => type === 'append').length).toBeLessThanOrEqual(1)
    for (const effect of effects) {
      if (effect.type === 'append') this.#append(effect.records.map(encodeTransactionRecord))
      else if (effect.type === 'set-timer') this.timers.set(effect.key, this.nowMs + effect.delayMs)
      else if (effect.type === 'cancel-timer') this.timers.delete(effect.key)
      else if (effect.type === 'write-markers') this.markers.push(effect)
    }
  }

  #append(records: readonly RecordBytes[]): void {
    const bytes = records.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
    this.largestAppend = Math.max(this.largestAppend, records.length)
    this.largestAppendBytes = Math.max(this.largestAppendBytes, bytes)
    this.#expectSameAsLog(records.map((record) => this.#write(record)))
  }

  #write(bytes: RecordBytes): string {
    this.log.push(bytes)
    const record = decodeTransactionRecord(bytes.key, bytes.value)
    if (record.type !== 'transaction') throw new Error('a record that nobody knows')
    const { transactionalId, transaction } = record
    const before = this.#shadow.get(transactionalId) ?? null
    const hadBefore = this.#idsOf.get(transactionalId) ?? new Set()
    assertTransition(before, transaction, hadBefore)
    this.#idsOf.set(transactionalId, hadBefore)
    if (before !== null && before.producerId !== transaction?.producerId) hadBefore.add(before.producerId)
    if (transaction === null) this.#shadow.delete(transactionalId)
    else this.#shadow.set(transactionalId, transaction)
    return transactionalId
  }

  /** T8: what a successor would load is what this coordinator shows. */
  #expectSameAsLog(transactionalIds: readonly string[]): void {
    const request = { api: 'DescribeTransactions', transactionalIds } as const
    const [effect] = this.coordinator.step({ type: 'request', token: 0, ...this.time, apiVersion: 0, request })
    const shown = effect?.type === 'reply' && effect.response.api === 'DescribeTransactions' ? effect.response.transactionStates : []
    const logged = transactionalIds.map((id) => describeTransaction(id, this.transaction(id)))
    // As text: there may be a hundred thousand partitions.
    expect(JSON.stringify(shown)).toBe(JSON.stringify(logged))
  }
}

/** The code's name, which a reader of a failed test understands. */
export function named(code: number): string {
  return errorName(code)
}
