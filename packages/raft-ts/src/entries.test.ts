/** The order of logs, by which elections are decided. */
import { describe, expect, it } from 'vitest'
import { entryBytes, isAtLeastAsUpToDate } from './entries.ts'
import { membershipOf } from './membership/membership.ts'

describe('a log is at least as up to date as another', () => {
  it.each([
    [{ term: 2, index: 3 }, { term: 2, index: 3 }, true, 'being the same'],
    [{ term: 2, index: 4 }, { term: 2, index: 3 }, true, 'being longer in the same term'],
    [{ term: 2, index: 2 }, { term: 2, index: 3 }, false, 'not being shorter in the same term'],
    [{ term: 3, index: 1 }, { term: 2, index: 9 }, true, 'ending in a later term, however short'],
    [{ term: 1, index: 9 }, { term: 2, index: 1 }, false, 'not ending in an earlier term, however long'],
  ])('%j and %j: %s, by %s', (candidate, own, expected) => {
    expect(isAtLeastAsUpToDate(candidate, own)).toBe(expected)
  })
})

describe('an entry', () => {
  it('is never free', () => {
    const position = { index: 1, term: 1 }
    expect(entryBytes({ type: 'data', ...position, data: new Uint8Array() })).toBeGreaterThan(0)
    expect(entryBytes({ type: 'data', ...position, data: new Uint8Array(10) })).toBe(42)
    expect(entryBytes({ type: 'noop', ...position })).toBeGreaterThan(0)
    expect(entryBytes({ type: 'membership', ...position, membership: membershipOf(['a', 'b'], ['c']) })).toBeGreaterThan(90)
  })
})
