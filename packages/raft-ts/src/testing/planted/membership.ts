/** Bugs of who belongs to the group. */
import type { PlantedBug } from './planted-bug.ts'

export const MEMBERSHIP_BUGS: readonly PlantedBug[] = [
  {
    name: 'the membership changes before the leader has committed in its term',
    file: 'proposals.ts',
    correct: "  if (!hasCommittedInTerm(raft)) return 'leader-not-ready'\n",
    wrong: '',
    script: 'membership-too-early.txt',
  },
  {
    name: 'two changes of the membership are under way',
    file: 'proposals.ts',
    correct: "  if (memberships.inForceIndex > log.commitIndex) return 'change-in-progress'\n",
    wrong: '',
  },
  {
    name: 'quorums are those of the committed membership',
    file: 'state.ts',
    correct: 'return [raft.memberships.inForce.voters]',
    wrong: 'return [raft.memberships.at(raft.log.commitIndex).voters]',
  },
  {
    name: 'a truncated membership stays in force',
    file: 'replication/following.ts',
    correct: '    memberships.truncateFrom(index)\n',
    wrong: '',
    script: 'membership-rollback.txt',
  },
  {
    name: 'a snapshot has the membership in force instead of its own',
    file: 'snapshot/own-snapshots.ts',
    correct: 'membership: memberships.at(index)',
    wrong: 'membership: memberships.inForce',
  },
  {
    name: 'learners count in quorums',
    file: 'state.ts',
    correct: 'return [raft.memberships.inForce.voters]',
    wrong: 'return [[...raft.memberships.inForce.voters, ...raft.memberships.inForce.learners]]',
  },
  {
    name: 'a learner campaigns',
    file: 'election.ts',
    correct: 'return isVoter(memberships.inForce, config.id)',
    wrong: 'return memberships.inForce.learners.includes(config.id) || isVoter(memberships.inForce, config.id)',
  },
  {
    name: 'acknowledgements of everybody count',
    file: 'replication/commit.ts',
    correct: 'reachedByQuorum(voterSets(raft), durableOn)',
    wrong: 'reachedByQuorum(voterSets(raft).map(() => [config.id, ...leader.peers.keys()]), durableOn)',
  },
  {
    name: 'learners keep a leader in its place',
    file: 'replication/leading.ts',
    correct: 'return isQuorum(voterSets(raft), (id) => id === config.id ||',
    wrong: 'return isQuorum([[config.id, ...leader.peers.keys()]], (id) => id === config.id ||',
    script: 'check-quorum-learners.txt',
  },
  {
    name: 'a learner is promoted that lags',
    file: 'proposals.ts',
    correct: 'return progress.isCaughtUp && isAbleToLead(raft, progress) ?',
    wrong: 'return isAbleToLead(raft, progress) ?',
    script: 'membership.txt',
  },
  {
    name: 'the last voter can be removed',
    file: 'membership/membership.ts',
    correct: "      if (voters.length === 1 && voters[0] === id) return 'last-voter'\n",
    wrong: '',
  },
]
