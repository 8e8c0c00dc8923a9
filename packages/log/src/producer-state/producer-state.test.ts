import { describe, expect, it } from 'vitest'
import { type DataBatch, findDuplicate, lastDataOffset, lastSequence, type TransactionMarker, withBatch } from './producer-entry.ts'
import { ProducerState } from './producer-state.ts'

const OPTIONS = { expirationMs: 1000, producersMax: 3 }

const data = (producerId: number, baseOffset: number, options: Partial<DataBatch> = {}): DataBatch => ({
  producerId,
  producerEpoch: 0,
  firstSequence: 0,
  lastSequence: 0,
  baseOffset,
  lastOffset: baseOffset,
  maxTimestamp: 500,
  isTransactional: false,
  ...options,
})
const marker = (producerId: number, offset: number, isAbort: boolean, producerEpoch = 0): TransactionMarker => ({
  producerId,
  producerEpoch,
  coordinatorEpoch: 2,
  offset,
  timestamp: 600,
  isAbort,
})

function append(state: ProducerState, batch: DataBatch): void {
  state.commit(state.stageBatch(state.find(batch.producerId, 0), batch))
}

function end(state: ProducerState, given: TransactionMarker): ReturnType<ProducerState['commit']> {
  return state.commit(state.stageMarker(state.find(given.producerId, 0), given))
}

describe('what is staged', () => {
  it('is seen before it is committed, and forgotten when dropped', () => {
    const state = new ProducerState(OPTIONS)
    append(state, data(7, 0))
    state.stageBatch(state.find(7, 0), data(7, 1, { firstSequence: 1, lastSequence: 1 }))
    expect(lastSequence(state.find(7, 0))).toBe(1)
    expect(state.isStaged(7)).toBe(true)
    expect([...state.entries()].map(lastSequence)).toEqual([0])
    state.dropStaged()
    expect(lastSequence(state.find(7, 0))).toBe(0)
    expect(state.isStaged(7)).toBe(false)
  })

  it('opens no transaction before it is committed', () => {
    const state = new ProducerState(OPTIONS)
    const change = state.stageBatch(state.find(7, 0), data(7, 5, { isTransactional: true }))
    expect(state.firstUnstableOffset()).toBeNull()
    state.commit(change)
    expect(state.firstUnstableOffset()).toBe(5)
  })
})

describe('a producer', () => {
  it('is remembered with its last five batches', () => {
    let entry = withBatch(new ProducerState(OPTIONS).find(7, 0), data(7, 0))
    for (let sequence = 1; sequence < 7; sequence += 1) {
      entry = withBatch(entry, data(7, sequence, { firstSequence: sequence, lastSequence: sequence }))
    }
    const found = Array.from({ length: 7 }, (_, sequence) => findDuplicate(entry, 0, sequence, sequence)?.lastOffset ?? null)
    expect(found).toEqual([null, null, 2, 3, 4, 5, 6])
    expect(lastDataOffset(entry)).toBe(6)
  })

  it.each([
    ['the same', 0, 3, 7, true],
    ['one that begins later', 0, 4, 7, false],
    ['one that ends later', 0, 3, 8, false],
    ['one of another epoch', 1, 3, 7, false],
  ])('sent a duplicate: %s', (_, epoch, first, last, expected) => {
    const entry = withBatch(new ProducerState(OPTIONS).find(7, 0), data(7, 10, { firstSequence: 3, lastSequence: 7, lastOffset: 14 }))
    expect(findDuplicate(entry, epoch, first, last) !== undefined).toBe(expected)
  })

  it('that begins a new epoch loses its batches', () => {
    const state = new ProducerState(OPTIONS)
    append(state, data(7, 0))
    append(state, data(7, 1, { producerEpoch: 1 }))
    expect(state.find(7, 0).batches).toHaveLength(1)
    end(state, marker(7, 2, false, 2))
    expect(state.find(7, 0)).toMatchObject({ producerEpoch: 2, batches: [], coordinatorEpoch: 2 })
  })

  it.each([
    [1499, false],
    [1500, true],
  ])('that was quiet until %i is unknown: %s', (nowMs, isUnknown) => {
    const state = new ProducerState(OPTIONS)
    append(state, data(7, 0))
    expect(state.find(7, nowMs).producerEpoch).toBe(isUnknown ? -1 : 0)
    state.expire(nowMs)
    expect(state.count).toBe(isUnknown ? 0 : 1)
  })

  it('does not expire while its transaction is open', () => {
    const state = new ProducerState(OPTIONS)
    append(state, data(7, 0, { isTransactional: true }))
    state.expire(1_000_000)
    expect(state.find(7, 1_000_000).producerEpoch).toBe(0)
    end(state, marker(7, 1, true))
    state.expire(1_000_000)
    expect(state.count).toBe(0)
  })
})

describe('too many producers', () => {
  it('push out the one that appended least recently', () => {
    const state = new ProducerState(OPTIONS)
    for (const id of [1, 2, 3, 1, 4]) append(state, data(id, id))
    expect([...state.entries()].map(({ producerId }) => producerId)).toEqual([3, 1, 4])
  })

  it('do not push out one with an open transaction', () => {
    const state = new ProducerState(OPTIONS)
    append(state, data(1, 0, { isTransactional: true }))
    for (const id of [2, 3, 4, 5]) append(state, data(id, id))
    expect([...state.entries()].map(({ producerId }) => producerId)).toEqual([1, 4, 5])
  })
})

describe('the stable part of the log', () => {
  it('ends where the oldest open transaction began, or one whose marker may still be lost', () => {
    const state = new ProducerState(OPTIONS)
    append(state, data(1, 10, { isTransactional: true }))
    append(state, data(2, 11, { isTransactional: true }))
    append(state, data(1, 12, { isTransactional: true, firstSequence: 1, lastSequence: 1 }))
    expect(state.firstUnstableOffset()).toBe(10)
    expect(end(state, marker(1, 13, true))).toEqual({ producerId: 1, firstOffset: 10, lastOffset: 13, lastStableOffset: 11 })
    expect(state.firstUnstableOffset()).toBe(10)
    expect(state.firstOpenTransactionOffset()).toBe(11)
    state.setHighWatermark(13)
    expect(state.firstUnstableOffset()).toBe(10)
    state.setHighWatermark(14)
    expect(state.firstUnstableOffset()).toBe(11)
    expect(end(state, marker(2, 14, false))).toBeNull()
    state.setHighWatermark(15)
    expect(state.firstUnstableOffset()).toBeNull()
  })

  it('is not touched by a marker that ends nothing', () => {
    const state = new ProducerState(OPTIONS)
    append(state, data(1, 10))
    expect(end(state, marker(1, 11, true))).toBeNull()
    expect(state.firstUnstableOffset()).toBeNull()
  })

  it('keeps the order of transactions that end in another order', () => {
    const state = new ProducerState({ ...OPTIONS, producersMax: 10 })
    for (const id of [1, 2, 3]) append(state, data(id, id, { isTransactional: true }))
    end(state, marker(2, 4, false))
    end(state, marker(1, 5, false))
    expect(state.firstUnstableOffset()).toBe(1)
    state.setHighWatermark(6)
    expect(state.firstUnstableOffset()).toBe(3)
  })
})

describe('a snapshot that is loaded', () => {
  it('replaces everything', () => {
    const before = new ProducerState({ ...OPTIONS, producersMax: 10 })
    append(before, data(2, 20, { isTransactional: true }))
    append(before, data(1, 10, { isTransactional: true }))
    append(before, data(3, 30))
    const state = new ProducerState(OPTIONS)
    append(state, data(9, 0, { isTransactional: true }))
    state.load([...before.entries()])
    expect([...state.entries()].map(({ producerId }) => producerId)).toEqual([1, 2, 3])
    expect(state.firstUnstableOffset()).toBe(10)
    end(state, marker(1, 40, false))
    expect(state.firstOpenTransactionOffset()).toBe(20)
  })
})
