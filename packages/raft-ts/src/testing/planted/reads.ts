/** Bugs of reads and leases. */
import type { PlantedBug } from './planted-bug.ts'

export const READ_BUGS: readonly PlantedBug[] = [
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
    name: 'a leader that was stopped keeps its lease',
    file: 'step.ts',
    correct: '    if (isStalled) dropLease(raft.role)\n',
    wrong: '',
    script: 'lease.txt',
  },
  {
    name: 'an operator ends a lease that nobody knows to have ended',
    file: 'election.ts',
    correct: 'if (canCampaign(raft) && !isLeased) startPreVote(raft)',
    wrong: 'if (canCampaign(raft) || isLeased) startPreVote(raft)',
    script: 'lease-campaign.txt',
  },
  {
    name: 'a node that has started votes while a lease may run that it has forgotten',
    file: 'election.ts',
    correct: '  if (config.leaseReads && timers.now < config.electionTicks) return true\n',
    wrong: '',
    script: 'lease-restart.txt',
  },
]
