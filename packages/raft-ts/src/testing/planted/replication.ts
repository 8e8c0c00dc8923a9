/** Bugs of how entries get to followers and are committed. */
import type { PlantedBug } from './planted-bug.ts'

export const REPLICATION_BUGS: readonly PlantedBug[] = [
  {
    name: 'entries of older terms are committed by counting',
    file: 'replication/commit.ts',
    correct: ' || log.termAt(index) !== raft.term) return',
    wrong: ') return',
    script: 'figure-8.txt',
  },
  {
    name: 'a follower removes all that follows, then appends',
    file: 'replication/following.ts',
    correct: 'entries.findIndex((entry) => !log.has(entry))',
    wrong: 'entries.findIndex(() => true)',
  },
  {
    name: 'a follower commits what it was not shown to share',
    file: 'replication/following.ts',
    correct: 'log.commitTo(Math.min(commitIndex, verifiedIndex))',
    wrong: 'log.commitTo(Math.max(Math.min(commitIndex, log.last.index), Math.min(commitIndex, verifiedIndex)))',
  },
  {
    name: 'answers to an older term count',
    file: 'step-message.ts',
    correct: "message.term < raft.term || raft.role.type !== 'leader'",
    wrong: "raft.role.type !== 'leader'",
    script: 'old-answers.txt',
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
    name: 'a question that was lost is never asked again',
    file: 'replication/progress.ts',
    correct: '  answeredHeartbeat(): void {\n    this.#isProbing = false\n',
    wrong: '  answeredHeartbeat(): void {\n',
  },
  {
    name: 'what is committed still counts as uncommitted',
    file: 'replication/uncommitted.ts',
    correct: '      this.#bytes -= next.bytes\n',
    wrong: '',
  },
  {
    name: 'followers hear of a commit with the next heartbeat only',
    file: 'replication/sending.ts',
    correct: 'const isCommitNews = !isFull && log.commitIndex > progress.sentCommitIndex',
    wrong: 'const isCommitNews = !isFull && log.commitIndex < 0',
    script: 'commit-news.txt',
  },
]
