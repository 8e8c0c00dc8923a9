/** Bugs of snapshots and of the log around them. */
import type { PlantedBug } from './planted-bug.ts'

export const SNAPSHOT_BUGS: readonly PlantedBug[] = [
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
    name: 'a lost chunk of a snapshot is never sent again',
    file: 'snapshot/snapshot-stream.ts',
    correct: 'if (this.#silentTicks >= patienceTicks) this.#resume()',
    wrong: '',
  },
  {
    name: "chunks of one leader's snapshot are joined to another's",
    file: 'roles.ts',
    correct: "{ type: 'follower', leader, receiving: null }",
    wrong: "{ type: 'follower', leader, receiving: raft.role.type === 'follower' ? raft.role.receiving : null }",
    script: 'snapshot-other-leader.txt',
  },
  {
    name: 'the log is kept for ever for one that is sent a snapshot',
    file: 'replication/progress.ts',
    correct: '      if (this.#patienceTicks <= 0) this.probe()\n',
    wrong: '',
    script: 'snapshot-silent.txt',
  },
  {
    name: 'a snapshot takes away what was accepted before it',
    file: 'log/raft-log.ts',
    correct: 'Math.max(this.#commitIndex, agreedIndex)',
    wrong: 'this.#commitIndex',
    scenario: 'accepted-before-a-snapshot.txt',
  },
  {
    name: 'entries are removed that a follower needs after its snapshot',
    file: 'replication/progress.ts',
    correct: '    return this.#patienceTicks > 0 ? this.#matchIndex : Infinity',
    wrong: '    return Infinity',
    script: 'snapshot-kept.txt',
  },
]
