/**
 * Bugs that Raft implementations really had, each as the smallest change that puts it into this one. A bug is planted in a copy of
 * the sources, so that nothing of this is in the package itself; a change whose place cannot be found any more fails loudly.
 */
export interface PlantedBug {
  readonly name: string
  /** From `src`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly correct: string
  readonly wrong: string
  /** Shows in the trace of this script, because chance needs too many runs to find it. */
  readonly script?: string
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'entries of older terms are committed by counting',
    file: 'replication/commit.ts',
    correct: ' || log.termAt(index) !== raft.term) return',
    wrong: ') return',
    script: 'figure-8.txt',
  },
  {
    name: 'a vote is answered before it is durable',
    file: 'speaking.ts',
    correct: 'body, raft.writes.hardStateSeq, raft.writes.doneSeq',
    wrong: 'body, 0, raft.writes.doneSeq',
  },
  {
    name: 'entries are acknowledged before they are durable',
    file: 'speaking.ts',
    correct: 'Math.max(raft.writes.hardStateSeq, raft.writes.logSeq)',
    wrong: 'raft.writes.hardStateSeq',
  },
  {
    name: 'a vote is not written',
    file: 'persistence.ts',
    correct: 'return { term, votedFor, ',
    wrong: 'return { term, votedFor: votedFor === undefined ? votedFor : null, ',
    script: 'votes-survive.txt',
  },
  {
    name: 'a write vouches for entries that have replaced its own',
    file: 'log/durability.ts',
    correct: '    for (const write of this.#inFlight) write.coversIndex = Math.min(write.coversIndex, index)\n',
    wrong: '',
  },
  {
    name: 'what was durable counts for what has replaced it',
    file: 'log/durability.ts',
    correct: '    this.#limitTo(index - 1)\n',
    wrong: '',
  },
  {
    name: 'a follower removes all that follows, then appends',
    file: 'replication/following.ts',
    correct: 'entries.findIndex((entry) => !log.has(entry))',
    wrong: 'entries.findIndex(() => true)',
  },
  {
    name: 'logs are not compared in elections',
    file: 'entries.ts',
    correct: 'return candidate.term > own.term || (candidate.term === own.term && candidate.index >= own.index)',
    wrong: 'return candidate.term >= 0 * own.term',
  },
  {
    name: 'logs are compared by their length alone',
    file: 'entries.ts',
    correct: 'return candidate.term > own.term || (candidate.term === own.term && candidate.index >= own.index)',
    wrong: 'return candidate.index >= own.index',
  },
  {
    name: 'the vote of a term is forgotten on stepping down',
    file: 'roles.ts',
    correct: '  if (term > raft.term) setTerm(raft, term)\n',
    wrong: '  if (term > raft.term) setTerm(raft, term)\n  else raft.votedFor = null\n',
  },
  {
    name: 'a follower commits what it was not shown to share',
    file: 'replication/following.ts',
    correct: 'log.commitTo(Math.min(commitIndex, verifiedIndex))',
    wrong: 'log.commitTo(Math.max(Math.min(commitIndex, log.last.index), Math.min(commitIndex, verifiedIndex)))',
  },
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
    name: 'answers to an older term count',
    file: 'step-message.ts',
    correct: "message.term < raft.term || raft.role.type !== 'leader'",
    wrong: "raft.role.type !== 'leader'",
    script: 'old-answers.txt',
  },
  {
    name: 'more counts as applied than was',
    file: 'applying.ts',
    correct: 'log.appliedTo(index)',
    wrong: 'log.appliedTo(Math.max(index, log.commitIndex))',
  },
  {
    name: 'a log that contradicts a snapshot stays under it',
    file: 'snapshot/receiving-snapshots.ts',
    correct: 'snapshot.index > log.commitIndex && log.has(snapshot)',
    wrong: 'snapshot.index > log.commitIndex && snapshot.index <= log.last.index',
  },
  {
    name: 'entries are applied while a snapshot is restored',
    file: 'applying.ts',
    correct: '  if (applying.isBusy) return\n',
    wrong: '',
  },
  {
    name: 'a damaged snapshot is installed',
    file: 'snapshot/receiving-snapshots.ts',
    correct: 'if (!isIntact) {',
    wrong: 'if (!isIntact && position.index < 0) {',
  },
  {
    name: 'a leader counts its own log before it is durable',
    file: 'replication/commit.ts',
    correct: 'id === config.id ? log.durableIndex',
    wrong: 'id === config.id ? log.last.index',
  },
  {
    name: 'a candidate counts its own vote before it is durable',
    file: 'election.ts',
    correct: '  becomeCandidate(raft)\n',
    wrong: '  becomeCandidate(raft).votes.set(raft.config.id, true)\n  countVote(raft, raft.config.id, true)\n',
  },
  {
    name: 'a leader answers reads before it has committed in its term',
    file: 'reads/read-index.ts',
    correct: "  if (!hasCommittedInTerm(raft)) return refuse(raft, context, 'leader-not-ready')\n",
    wrong: '',
  },
  {
    name: 'a read is confirmed by a round that began before it',
    file: 'reads/read-queue.ts',
    correct: 'read.round ??= round',
    wrong: 'read.round ??= round - 1',
    script: 'round-under-way.txt',
  },
  {
    name: 'a read is not confirmed at all',
    file: 'reads/read-index.ts',
    correct: 'if (holdsLease(raft, role)) role',
    wrong: 'if (holdsLease(raft, role) || log.commitIndex > 0) role',
  },
  {
    name: 'a lease is believed where clocks are not bounded',
    file: 'reads/read-index.ts',
    correct: 'return config.leaseReads && ',
    wrong: 'return ',
    script: 'read-index.txt',
  },
  {
    name: 'what is applied is not durable yet',
    file: 'applying.ts',
    correct: 'return Math.min(log.commitIndex, log.durableIndex)',
    wrong: 'return log.commitIndex',
  },
  {
    name: 'half of an even number is a majority',
    file: 'quorum/majority.ts',
    correct: 'return Math.floor(voters / 2) + 1',
    wrong: 'return Math.ceil(voters / 2)',
  },
  {
    name: 'what is in flight is never taken off',
    file: 'replication/progress.ts',
    correct: '    this.inFlight.freeTo(matchIndex)\n',
    wrong: '',
  },
  {
    name: 'the previous entry being compacted is taken for a conflict',
    file: 'replication/following.ts',
    correct: 'if (previous.index < log.commitIndex) {',
    wrong: 'if (previous.index < 0) {',
    script: 'compacted-previous.txt',
  },
  {
    name: 'a lost chunk of a snapshot is never sent again',
    file: 'snapshot/snapshot-stream.ts',
    correct: 'if (this.#silentTicks >= patienceTicks) this.#resume()',
    wrong: '',
  },
  {
    name: 'a recovering node votes',
    file: 'election.ts',
    correct: '  return recovery === null\n',
    wrong: '  return recovery !== undefined\n',
    script: 'recovering.txt',
  },
  {
    name: 'a recovering node is content with what is committed',
    file: 'replication/leading.ts',
    correct: 'lastIndex: log.last.index }',
    wrong: 'lastIndex: Math.min(log.commitIndex, progress.matchIndex) }',
    script: 'recovering.txt',
  },
]
