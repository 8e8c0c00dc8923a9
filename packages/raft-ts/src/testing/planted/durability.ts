/** Bugs of what is said or done before it is durable, and of what a disk forgets. */
import type { PlantedBug } from './planted-bug.ts'

export const DURABILITY_BUGS: readonly PlantedBug[] = [
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
    name: 'more counts as applied than was',
    file: 'applying.ts',
    correct: 'log.appliedTo(index)',
    wrong: 'log.appliedTo(Math.max(index, log.commitIndex))',
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
    name: 'what is applied is not durable yet',
    file: 'applying.ts',
    correct: 'return Math.min(log.commitIndex, log.durableIndex)',
    wrong: 'return log.commitIndex',
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
  {
    name: 'a node goes on after its storage has failed',
    file: 'roles.ts',
    correct: "  raft.role = { type: 'failed' }\n",
    wrong: '',
    script: 'storage-failure.txt',
  },
  {
    name: 'a loss is forgotten in a restart',
    file: 'persistence.ts',
    correct: 'isRecovering: recovery !== null }',
    wrong: 'isRecovering: recovery === undefined }',
  },
  {
    name: 'what was durable is not written down',
    file: 'persistence.ts',
    correct: 'durableIndex), durableIndex, isRecovering',
    wrong: 'durableIndex), durableIndex: 0, isRecovering',
    script: 'hints.txt',
  },
  {
    name: 'a log is cut back before that is known to be no loss',
    file: 'persistence.ts',
    correct: 'const hardState = writes.isHardStateWanted || isCutBack ?',
    wrong: 'const hardState = writes.isHardStateWanted || (isCutBack && writes.inFlight < 0) ?',
    script: 'hints.txt',
  },
]
