import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LeaderEpochEntry } from './checkpoint/leader-epoch-checkpoint.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'

const entries = (...pairs: readonly (readonly [epoch: number, startOffset: number])[]): LeaderEpochEntry[] =>
  pairs.map(([epoch, startOffset]) => ({ epoch, startOffset }))

/** Epoch 1 began at 10, epoch 4 at 20, epoch 7 at 35. */
const known = (): LeaderEpochCache => new LeaderEpochCache(entries([1, 10], [4, 20], [7, 35]))

describe('an epoch that is assigned', () => {
  it.each<[string, number, number, boolean, LeaderEpochEntry[]]>([
    ['the next one', 8, 40, true, entries([1, 10], [4, 20], [7, 35], [8, 40])],
    ['one where the latest appended nothing', 8, 35, true, entries([1, 10], [4, 20], [8, 35])],
    ['one where the latest two are gone', 8, 20, true, entries([1, 10], [8, 20])],
    ['one where nothing is left', 8, 0, true, entries([8, 0])],
    ['the latest again', 7, 50, false, entries([1, 10], [4, 20], [7, 35])],
    ['an old one', 3, 50, false, entries([1, 10], [4, 20], [7, 35])],
    ['none', -1, 50, false, entries([1, 10], [4, 20], [7, 35])],
  ])('is %s', (_, epoch, startOffset, changed, expected) => {
    const cache = known()
    expect(cache.assign(epoch, startOffset)).toBe(changed)
    expect(cache.entries).toEqual(expected)
  })

  it('may be the first', () => {
    const cache = new LeaderEpochCache()
    expect(cache.latestEpoch).toBeNull()
    expect(cache.assign(0, 0)).toBe(true)
    expect(cache.latestEpoch).toBe(0)
  })
})

describe('the end of an epoch', () => {
  it.each<[number, { epoch: number; endOffset: number } | null]>([
    [-1, null],
    [0, { epoch: 0, endOffset: 10 }],
    [1, { epoch: 1, endOffset: 20 }],
    [2, { epoch: 1, endOffset: 20 }],
    [3, { epoch: 1, endOffset: 20 }],
    [4, { epoch: 4, endOffset: 35 }],
    [6, { epoch: 4, endOffset: 35 }],
    [7, { epoch: 7, endOffset: 50 }],
    [8, null],
  ])('%i in a log that ends at 50 is %o', (epoch, expected) => {
    expect(known().endOffsetFor(epoch, 50)).toEqual(expected)
  })

  it('is not known without epochs', () => {
    expect(new LeaderEpochCache().endOffsetFor(0, 50)).toBeNull()
  })
})

it.each([
  [0, null],
  [9, null],
  [10, 1],
  [19, 1],
  [20, 4],
  [35, 7],
  [1000, 7],
])('offset %i was appended in epoch %o', (offset, epoch) => {
  expect(known().epochAt(offset)).toBe(epoch)
})

describe('cutting', () => {
  it.each<[number, boolean, LeaderEpochEntry[]]>([
    [100, false, entries([1, 10], [4, 20], [7, 35])],
    [36, false, entries([1, 10], [4, 20], [7, 35])],
    [35, true, entries([1, 10], [4, 20])],
    [11, true, entries([1, 10])],
    [10, true, []],
    [0, true, []],
  ])('the end to %i', (endOffset, changed, expected) => {
    const cache = known()
    expect(cache.truncateFromEnd(endOffset)).toBe(changed)
    expect(cache.entries).toEqual(expected)
  })

  it.each<[number, boolean, LeaderEpochEntry[]]>([
    [0, false, entries([1, 10], [4, 20], [7, 35])],
    [10, false, entries([1, 10], [4, 20], [7, 35])],
    [15, true, entries([1, 15], [4, 20], [7, 35])],
    [20, true, entries([4, 20], [7, 35])],
    [21, true, entries([4, 21], [7, 35])],
    [90, true, entries([7, 90])],
  ])('the start to %i', (startOffset, changed, expected) => {
    const cache = known()
    expect(cache.truncateFromStart(startOffset)).toBe(changed)
    expect(cache.entries).toEqual(expected)
  })

  it('of nothing changes nothing', () => {
    const cache = new LeaderEpochCache()
    expect(cache.truncateFromStart(5)).toBe(false)
    expect(cache.truncateFromEnd(5)).toBe(false)
  })
})

it('knows of each offset what a list of all offsets knows (property)', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('append' as const), epochs: fc.nat(3), records: fc.nat(5) }),
    fc.record({ type: fc.constant('cut' as const), part: fc.nat(100) }),
    fc.record({ type: fc.constant('start' as const), part: fc.nat(100) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const cache = new LeaderEpochCache()
      let epochs: number[] = []
      let start = 0
      let epoch = 0
      for (const action of steps) {
        const end = start + epochs.length
        if (action.type === 'append') {
          epoch += action.epochs
          if (action.records > 0) cache.assign(epoch, end)
          for (let index = 0; index < action.records; index += 1) epochs.push(epoch)
        } else {
          const offset = start + Math.floor((epochs.length * action.part) / 100)
          if (action.type === 'cut') {
            cache.truncateFromEnd(offset)
            epochs = epochs.slice(0, offset - start)
            epoch = Math.max(epoch, cache.latestEpoch ?? 0) + 1
          } else {
            cache.truncateFromStart(offset)
            epochs = epochs.slice(offset - start)
            start = offset
          }
        }
        for (const [index, expected] of epochs.entries()) expect(cache.epochAt(start + index)).toBe(expected)
        for (const wanted of new Set(epochs)) {
          const endOffset = start + epochs.findLastIndex((found) => found <= wanted) + 1
          expect(cache.endOffsetFor(wanted, start + epochs.length)?.endOffset ?? endOffset).toBe(endOffset)
        }
      }
    }),
    { numRuns: 100 },
  )
})

describe('epochs that are not stored', () => {
  it('hold back the batches of all epochs but the first', () => {
    const cache = new LeaderEpochCache()
    const unwrittenFrom: (number | null)[] = []
    const note = (): void => void unwrittenFrom.push(cache.unwrittenFrom)
    cache.assign(0, 0)
    note()
    cache.assign(3, 140)
    note()
    cache.assign(4, 150)
    note()
    const taken = cache.takeUnwritten() ?? []
    cache.assign(6, 160)
    cache.written(taken)
    note()
    cache.truncateFromEnd(155)
    note()
    cache.assign(7, 155)
    note()
    cache.written(cache.takeUnwritten() ?? [])
    note()
    expect(unwrittenFrom).toEqual([null, 140, 140, 160, null, 155, null])
  })
})
