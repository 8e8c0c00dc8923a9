/** The end of the log in memory: within its budget, never without what is not durable, and never an entry short. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entryBytes, type Entry } from '../entries.ts'
import { RecentEntries } from './recent-entries.ts'

const entry = (index: number, bytes = 0): Entry => ({ type: 'data', index, term: 1, data: new Uint8Array(bytes) })
const EMPTY_BYTES = entryBytes(entry(1))

function recentOf(count: number, bytes = 0): RecentEntries {
  const recent = new RecentEntries(0)
  for (let index = 1; index <= count; index += 1) recent.append(entry(index, bytes))
  return recent
}

const indexes = (entries: readonly Entry[]): readonly number[] => entries.map(({ index }) => index)

describe('recent entries', () => {
  it('are as far as memory reaches', () => {
    const recent = recentOf(5)
    expect(recent.firstIndex).toBe(1)
    recent.evict(2 * EMPTY_BYTES, 5)
    expect(recent.firstIndex).toBe(4)
    expect(recent.bytes).toBe(2 * EMPTY_BYTES)
  })

  it('stay beyond their budget until they are durable', () => {
    const recent = recentOf(5)
    recent.evict(0, 2)
    expect(recent.firstIndex).toBe(3)
  })

  it('can be cut back to before the first that is in memory', () => {
    const recent = recentOf(5)
    recent.evict(0, 3)
    recent.truncateFrom(2)
    expect([recent.firstIndex, recent.bytes]).toEqual([2, 0])
    recent.append(entry(2))
    expect(indexes(recent.slice(2, 2, 9, 999))).toEqual([2])
  })

  it.each([
    [1, 5, 9, 10_000, [1, 2, 3, 4, 5], 'all'],
    [2, 4, 9, 10_000, [2, 3, 4], 'a range'],
    [1, 5, 2, 10_000, [1, 2], 'as many as allowed'],
    [1, 5, 9, 3 * EMPTY_BYTES, [1, 2, 3], 'as many bytes as allowed'],
    [1, 5, 9, 1, [1], 'one at least'],
  ])('from %i to %i, at most %i and %i bytes: %j, %s', (from, to, entriesMax, bytesMax, expected) => {
    expect(indexes(recentOf(5).slice(from, to, entriesMax, bytesMax))).toEqual(expected)
  })

  it('count exactly what they hold', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('append', 'truncate', 'evict'), fc.nat(2000)), { maxLength: 400 })
    fc.assert(
      fc.property(steps, (played) => {
        const recent = new RecentEntries(0)
        let last = 0
        for (const [step, value] of played) {
          if (step === 'append') recent.append(entry(++last, value % 50))
          else if (step === 'evict') recent.evict(value, last)
          else if (last > 0) {
            last = value % last
            recent.truncateFrom(last + 1)
          }
          const held = recent.slice(recent.firstIndex, last, Infinity, Infinity)
          expect(recent.bytes).toBe(held.reduce((bytes, each) => bytes + entryBytes(each), 0))
          expect(indexes(held)).toEqual(Array.from({ length: last - recent.firstIndex + 1 }, (_, at) => recent.firstIndex + at))
        }
      }),
    )
  })
})
