/** The arithmetic of quorums against a dumb twin that tries all groups of voters. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isQuorum, majorityOf, reachedByQuorum, voteResult } from './majority.ts'

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => String.fromCharCode(97 + at))

/** Every group that is more than half of the voters. */
function quorumsOf(voters: readonly string[]): readonly (readonly string[])[] {
  const groups = Array.from({ length: 2 ** voters.length }, (_, bits) => voters.filter((_voter, at) => (bits >> at) & 1))
  return groups.filter((group) => group.length > voters.length - group.length)
}

describe('a majority', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])('of %i is %i', (voters, majority) => {
    expect(majorityOf(voters)).toBe(majority)
  })

  it('has a member in common with every other', () => {
    for (let count = 1; count <= 7; count += 1) {
      const quorums = quorumsOf(ids(count))
      expect(quorums.every((group) => group.length >= majorityOf(count))).toBe(true)
      for (const one of quorums) for (const other of quorums) expect(one.some((id) => other.includes(id))).toBe(true)
    }
  })
})

describe('without voters', () => {
  it('nothing is decided', () => {
    for (const sets of [[], [[]]]) {
      expect(isQuorum(sets, () => true)).toBe(false)
      expect(reachedByQuorum(sets, () => 9)).toBe(0)
      expect(voteResult(sets, () => true)).toBe('lost')
    }
  })
})

describe('as the twin has it', () => {
  const group = fc.array(fc.record({ reached: fc.nat(9), vote: fc.constantFrom(true, false, undefined) }), { minLength: 1, maxLength: 7 })

  it('a quorum has reached the highest index that all of some quorum have', () => {
    fc.assert(
      fc.property(group, (members) => {
        const voters = ids(members.length)
        const reached = (id: string): number => members[voters.indexOf(id)]?.reached ?? 0
        const best = Math.max(...quorumsOf(voters).map((quorum) => Math.min(...quorum.map(reached))))
        expect(reachedByQuorum([voters], reached)).toBe(best)
      }),
    )
  })

  it('an election is won by the votes of some quorum, and lost when no quorum can give them any more', () => {
    fc.assert(
      fc.property(group, (members) => {
        const voters = ids(members.length)
        const vote = (id: string): boolean | undefined => members[voters.indexOf(id)]?.vote
        const isWon = quorumsOf(voters).some((quorum) => quorum.every((id) => vote(id) === true))
        const isOpen = quorumsOf(voters).some((quorum) => quorum.every((id) => vote(id) !== false))
        expect(voteResult([voters], vote)).toBe(isWon ? 'won' : isOpen ? 'pending' : 'lost')
      }),
    )
  })

  it('two sets of voters must both agree', () => {
    fc.assert(
      fc.property(group, group, (one, other) => {
        const voters = ids(one.length)
        const others = ids(other.length).map((id) => id.toUpperCase())
        const reached = (id: string): number => (voters.includes(id) ? one[voters.indexOf(id)] : other[others.indexOf(id)])?.reached ?? 0
        expect(reachedByQuorum([voters, others], reached)).toBe(
          Math.min(reachedByQuorum([voters], reached), reachedByQuorum([others], reached)),
        )
      }),
    )
  })
})
