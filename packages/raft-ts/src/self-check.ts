/** The invariants that one node can see of itself, looked at after every step. Others are asserted where they could break. */
import { invariant } from './invariants.ts'
import type { RaftState } from './state.ts'

/** What must not go back. */
export interface Milestones {
  readonly term: number
  readonly votedFor: string | null
  readonly commitIndex: number
  readonly appliedIndex: number
}

export function milestonesOf({ term, votedFor, log }: RaftState): Milestones {
  return { term, votedFor, commitIndex: log.commitIndex, appliedIndex: log.appliedIndex }
}

export function checkSelf(raft: RaftState, before: Milestones): void {
  const { log, term, votedFor, role, recovery, memberships, snapshot } = raft
  const { commitIndex, appliedIndex, durableIndex, last } = log
  invariant('I2', term >= before.term, () => `term went from ${before.term} to ${term}`)
  const keptVote = term > before.term || before.votedFor === null || votedFor === before.votedFor
  invariant('I2', keptVote, () => `the vote of term ${term} went from ${before.votedFor} to ${votedFor}`)
  invariant('I2', commitIndex >= before.commitIndex, () => `commit went from ${before.commitIndex} to ${commitIndex}`)
  invariant('I2', appliedIndex >= before.appliedIndex, () => `applied went from ${before.appliedIndex} to ${appliedIndex}`)
  invariant('I3', appliedIndex <= commitIndex && commitIndex <= last.index, () => `${appliedIndex} <= ${commitIndex} <= ${last.index}`)
  invariant('I3', durableIndex <= last.index, () => `durable ${durableIndex} passes the last index ${last.index}`)
  invariant('I4', last.term <= term, () => `the log reached term ${last.term} before the node, which is in ${term}`)
  const campaigns = role.type === 'leader' || role.type === 'candidate' || role.type === 'pre-candidate'
  invariant('I12', recovery === null || !campaigns, () => `a recovering node is ${role.type}`)
  invariant('I16', snapshot.index <= commitIndex, () => `snapshot ${snapshot.index} passes commit ${commitIndex}`)
  if (role.type === 'leader') {
    const uncommitted = memberships.countAfter(commitIndex)
    invariant('I11', uncommitted <= 1 || memberships.inForceIndex < role.firstIndex, () => `${uncommitted} uncommitted memberships`)
  }
}
