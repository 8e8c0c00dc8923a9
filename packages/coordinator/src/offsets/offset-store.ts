/**
 * The committed offsets of all groups of one partition, and those that wait for the end of the transactions they were sent in.
 *
 * Changed by replay alone. When a transaction commits, its offsets count as of when they were written: an offset that was committed
 * after them stays. So each offset keeps its place in the order of replay, which is the order of the log.
 */
import type { Decoded } from '@millrace/protocol'
import type { offsetCommitRecord } from '../records/offset-commit-record.ts'

export type OffsetCommitValue = Decoded<(typeof offsetCommitRecord)['value']>

export interface CommittedOffset extends OffsetCommitValue {
  /** Ascending with the log. */
  readonly order: number
}

export type OffsetsByPartition = ReadonlyMap<number, CommittedOffset>
export type OffsetsByTopic = ReadonlyMap<string, OffsetsByPartition>

export class OffsetStore {
  readonly #committed = new OffsetTable()
  /** By producer id. A producer has one transaction at a time. */
  readonly #pending = new Map<number, OffsetTable>()
  /** Producers with offsets in `#pending`, by group. */
  readonly #openTransactions = new Map<string, Set<number>>()
  #nextOrder = 0

  /** The group has offsets, committed or pending. */
  has(groupId: string): boolean {
    return this.#committed.topics(groupId) !== undefined || this.#openTransactions.has(groupId)
  }

  groupIds(): Iterable<string> {
    return new Set([...this.#committed.groupIds(), ...this.#openTransactions.keys()])
  }

  committed(groupId: string): OffsetsByTopic | undefined {
    return this.#committed.topics(groupId)
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.topics(groupId)?.get(topic)?.get(partition)
  }

  hasOpenTransactions(groupId: string): boolean {
    return this.#openTransactions.has(groupId)
  }

  /** An open transaction has an offset for the partition, so the committed one may be about to change. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    const producerIds = this.#openTransactions.get(groupId)
    if (producerIds === undefined) return false
    for (const producerId of producerIds) {
      if (this.#pending.get(producerId)?.topics(groupId)?.get(topic)?.has(partition) === true) return true
    }
    return false
  }

  /** The offsets of the group that open transactions hold. */
  *pending(groupId: string): Iterable<readonly [topic: string, partitions: OffsetsByPartition]> {
    for (const producerId of this.#openTransactions.get(groupId) ?? []) yield* this.#pending.get(producerId)?.topics(groupId) ?? []
  }

  commit(groupId: string, topic: string, partition: number, value: OffsetCommitValue): void {
    this.#committed.set(groupId, topic, partition, { ...value, order: this.#nextOrder++ })
  }

  commitInTransaction(producerId: number, groupId: string, topic: string, partition: number, value: OffsetCommitValue): void {
    const table = this.#pending.get(producerId) ?? new OffsetTable()
    this.#pending.set(producerId, table)
    table.set(groupId, topic, partition, { ...value, order: this.#nextOrder++ })
    const producerIds = this.#openTransactions.get(groupId) ?? new Set()
    this.#openTransactions.set(groupId, producerIds.add(producerId))
  }

  /** What a transaction committed before is deleted with it: otherwise the offset would come back when it ends. */
  delete(groupId: string, topic: string, partition: number): void {
    this.#committed.delete(groupId, topic, partition)
    for (const producerId of this.#openTransactions.get(groupId) ?? []) {
      const table = this.#pending.get(producerId) as OffsetTable
      table.delete(groupId, topic, partition)
      if (table.topics(groupId) === undefined) this.#closeTransaction(groupId, producerId)
    }
  }

  endTransaction(producerId: number, result: 'commit' | 'abort'): void {
    const ended = this.#pending.get(producerId)
    if (ended === undefined) return
    this.#pending.delete(producerId)
    for (const groupId of ended.groupIds()) {
      this.#closeTransaction(groupId, producerId)
      if (result === 'abort') continue
      for (const [topic, partitions] of ended.topics(groupId) ?? []) {
        for (const [partition, offset] of partitions) {
          if ((this.get(groupId, topic, partition)?.order ?? -1) < offset.order) this.#committed.set(groupId, topic, partition, offset)
        }
      }
    }
  }

  #closeTransaction(groupId: string, producerId: number): void {
    const producerIds = this.#openTransactions.get(groupId)
    producerIds?.delete(producerId)
    if (producerIds?.size === 0) this.#openTransactions.delete(groupId)
  }
}

/** Offsets by group, topic and partition; nothing is kept of what is empty. */
class OffsetTable {
  readonly #groups = new Map<string, Map<string, Map<number, CommittedOffset>>>()

  groupIds(): Iterable<string> {
    return this.#groups.keys()
  }

  topics(groupId: string): OffsetsByTopic | undefined {
    return this.#groups.get(groupId)
  }

  set(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    let topics = this.#groups.get(groupId)
    if (topics === undefined) this.#groups.set(groupId, (topics = new Map()))
    let partitions = topics.get(topic)
    if (partitions === undefined) topics.set(topic, (partitions = new Map()))
    partitions.set(partition, offset)
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.#groups.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || partitions === undefined || !partitions.delete(partition)) return
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.#groups.delete(groupId)
  }
}
