/**
 * The arithmetic of quorums. It takes a list of voter sets, each of which must agree by its own majority; today the list has
 * one set. Joint membership would have two, and nothing here would change.
 */
import type { NodeId } from '../entries.ts'

export type VoterSets = readonly (readonly NodeId[])[]

export type VoteResult = 'won' | 'lost' | 'pending'

/** The smallest number of voters of which any two such groups share one: 1 of 1, 2 of 2, 2 of 3, 3 of 4, 3 of 5. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** The highest value that a quorum has reached. Who has none counts as 0; without voters nothing was reached. */
export function reachedByQuorum(sets: VoterSets, reached: (id: NodeId) => number): number {
  if (sets.length === 0) return 0
  return Math.min(...sets.map((voters) => reachedByMajority(voters, reached)))
}

/** Whether enough voters satisfy a claim. Without voters, never: an empty group decides nothing. */
export function isQuorum(sets: VoterSets, satisfies: (id: NodeId) => boolean): boolean {
  return sets.length > 0 && sets.every((voters) => voters.length > 0 && voters.filter(satisfies).length >= majorityOf(voters.length))
}

/** `undefined` is a vote that is still out. An election is lost when what is still out cannot win it any more. */
export function voteResult(sets: VoterSets, vote: (id: NodeId) => boolean | undefined): VoteResult {
  if (isQuorum(sets, (id) => vote(id) === true)) return 'won'
  return isQuorum(sets, (id) => vote(id) !== false) ? 'pending' : 'lost'
}

function reachedByMajority(voters: readonly NodeId[], reached: (id: NodeId) => number): number {
  const descending = voters.map(reached).toSorted((a, b) => b - a)
  return descending[majorityOf(voters.length) - 1] ?? 0
}
