/** Bugs of who leads: votes, terms, transfers and giving up. */
import type { PlantedBug } from './planted-bug.ts'

export const ELECTION_BUGS: readonly PlantedBug[] = [
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
    name: 'half of an even number is a majority',
    file: 'quorum/majority.ts',
    correct: 'return Math.floor(voters / 2) + 1',
    wrong: 'return Math.ceil(voters / 2)',
  },
  {
    name: 'a leader that nobody answers goes on leading',
    file: 'replication/leading.ts',
    correct: '  if (!isQuorumHeard(raft, leader)) {',
    wrong: '  if (!isQuorumHeard(raft, leader) && leader.round < 0) {',
    script: 'check-quorum.txt',
  },
  {
    name: 'proposals are accepted while the lead is handed over',
    file: 'proposals.ts',
    correct: "  if (leader.transfer !== null) return 'leadership-transfer'\n  if (entries.length === 0)",
    wrong: '  if (entries.length === 0)',
    script: 'transfer.txt',
  },
  {
    name: 'the lead is handed to one that lags',
    file: 'transfer.ts',
    correct: '  if (leader.peers.get(transfer.to)?.matchIndex !== raft.log.last.index) return\n',
    wrong: '',
    script: 'transfer-lagging.txt',
  },
  {
    name: 'a transfer is announced more than once',
    file: 'transfer.ts',
    correct: '  transfer.isSent = true\n',
    wrong: '',
    script: 'transfer.txt',
  },
  {
    name: 'a question before an election moves the term',
    file: 'election.ts',
    correct: '  const isGranted = term > raft.term && mayVote(raft)',
    wrong: '  if (term > raft.term + 0) becomeFollower(raft, term, null)\n  const isGranted = term >= raft.term && mayVote(raft)',
    script: 'pre-vote.txt',
  },
  {
    name: 'who hears a leader votes for others',
    file: 'election.ts',
    correct: '    if (!isTransfer && hearsLeader(raft, from)) return\n',
    wrong: '',
    script: 'vote-while-led.txt',
  },
  {
    name: 'a leader that wants to be elected again is refused for itself',
    file: 'election.ts',
    correct: ' && role.leader !== candidate && ',
    wrong: " && candidate !== '' && ",
    script: 'sitting-leader.txt',
  },
  {
    name: 'a leader stays that holds everybody up',
    file: 'replication/leading.ts',
    correct: '  if (leader.overrunTicks > config.electionTicks &&',
    wrong: '  if (leader.overrunTicks > config.electionTicks * Infinity &&',
    script: 'overrun-leader.txt',
  },
  {
    name: 'what a follower agrees on is forgotten within a term',
    file: 'roles.ts',
    correct: '  const role: Follower = ',
    wrong: '  raft.verifiedIndex = 0\n  const role: Follower = ',
    scenario: 'accepted-before-a-pre-vote.txt',
  },
]
