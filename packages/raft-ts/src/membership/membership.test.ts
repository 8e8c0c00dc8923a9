/** What one change makes of a membership, and what is no change at all. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { majorityOf } from '../quorum/majority.ts'
import {
  changeMembership,
  isWellFormedMembership,
  type Membership,
  type MembershipChange,
  membershipOf,
  votersChanged,
} from './membership.ts'

const START = membershipOf(['b', 'a'], ['c'])

describe('a change', () => {
  it.each<[MembershipChange['type'], string, Membership | string]>([
    ['add-learner', 'd', { voters: ['a', 'b'], learners: ['c', 'd'] }],
    ['add-learner', 'a', 'already-a-member'],
    ['add-learner', 'c', 'already-a-member'],
    ['promote', 'c', { voters: ['a', 'b', 'c'], learners: [] }],
    ['promote', 'a', 'not-a-learner'],
    ['promote', 'd', 'not-a-learner'],
    ['remove', 'a', { voters: ['b'], learners: ['c'] }],
    ['remove', 'c', { voters: ['a', 'b'], learners: [] }],
    ['remove', 'd', 'not-a-member'],
  ])('%s %s makes %j', (type, id, expected) => {
    expect(changeMembership(START, { type, id })).toEqual(expected)
  })

  it('leaves at least one voter', () => {
    expect(changeMembership(membershipOf(['a'], ['b']), { type: 'remove', id: 'a' })).toBe('last-voter')
    expect(changeMembership(membershipOf(['a'], ['b']), { type: 'remove', id: 'b' })).toEqual(membershipOf(['a']))
  })

  it('changes one voter at most, so that old and new quorums meet', () => {
    const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 })
    const change = fc.record({
      type: fc.constantFrom('add-learner', 'promote', 'remove'),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    })
    fc.assert(
      fc.property(ids, ids, change, (voters, others, asked) => {
        const before = membershipOf(
          voters,
          others.filter((id) => !voters.includes(id)),
        )
        const after = changeMembership(before, asked as MembershipChange)
        if (typeof after === 'string') return
        expect(isWellFormedMembership(after)).toBe(true)
        expect(votersChanged(before, after)).toBeLessThanOrEqual(1)
        const together = new Set([...before.voters, ...after.voters]).size
        if (before.voters.length > 0) {
          expect(majorityOf(before.voters.length) + majorityOf(after.voters.length)).toBeGreaterThan(together)
        }
      }),
    )
  })
})

describe('a membership', () => {
  it.each([
    [['a', 'b'], ['c'], true],
    [[], [], true],
    [['b', 'a'], [], false],
    [['a', 'a'], [], false],
    [['a'], ['a'], false],
  ])('of %j and %j is well formed: %s', (voters, learners, expected) => {
    expect(isWellFormedMembership({ voters, learners })).toBe(expected)
  })

  it('is sorted, whoever wrote it down', () => {
    expect(membershipOf(['c', 'a', 'b', 'a'])).toEqual({ voters: ['a', 'b', 'c'], learners: [] })
  })
})
