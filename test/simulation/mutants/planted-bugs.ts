/**
 * Bugs that logs, brokers and controllers really had, each as the smallest change that puts it into ours. A bug is planted in a copy
 * of the sources, so that nothing of this is in the house itself; a change whose place cannot be found any more fails loudly.
 *
 * The bugs of Raft are in its own package, with schedules of its own that find them.
 */
import type { Profile } from '@millrace/simulator'

export interface PlantedBug {
  readonly name: string
  /** From `packages`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly correct: string
  readonly wrong: string
  readonly profile: Profile
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a failed sync is forgotten when the process is started anew',
    file: 'log/src/directory/log-directory.ts',
    correct: '    this.#syncFailure.leave()\n',
    wrong: '',
    profile: 'single',
  },
  {
    name: 'a flush does not wait for the device',
    file: 'log/src/log-flusher.ts',
    correct: 'await unsynced.sync(this.#environment)',
    wrong: 'void unsynced.sync(this.#environment).catch(() => undefined)',
    profile: 'single',
  },
  {
    name: 'the names of new files are not synced',
    file: 'log/src/unsynced-files.ts',
    correct: 'if (isDirectoryUnsynced) await syncGate.run(() => disk.syncDirectory(this.#directory))',
    wrong: 'if (isDirectoryUnsynced && this.#directory === null) await disk.syncDirectory(this.#directory)',
    profile: 'single',
  },
  {
    name: 'recovery does not check what it reads',
    file: 'log/src/recovery/segment-recovery.ts',
    correct: 'const check = isChecked ? { crc32c: environment.crc32c } : {}',
    wrong: 'const check = {}',
    profile: 'single',
  },
  {
    name: 'a batch that is sent again is stored again',
    file: 'log/src/append-stage.ts',
    correct: 'if (duplicate !== undefined) {',
    wrong: 'if (duplicate !== undefined && duplicate.lastOffset < 0) {',
    profile: 'single',
  },
  {
    name: 'sequence numbers are not looked at',
    file: 'log/src/producer-state/append-rules.ts',
    correct: '!follows(lastSequence(entry), firstSequence)',
    wrong: 'firstSequence < 0',
    profile: 'single',
  },
  {
    name: 'snapshots remember the last batch of a producer alone',
    file: 'log/src/producer-state/producer-snapshot.ts',
    correct: ': batches.map((batch) => ({ producer, batch }))',
    wrong: ': batches.slice(-1).map((batch) => ({ producer, batch }))',
    profile: 'cluster',
  },
  {
    name: 'a node whose controller failed goes on waiting for it',
    file: 'server/src/start-node.ts',
    correct: 'return await Promise.race([failed, starting])',
    wrong: 'return await starting',
    profile: 'cluster',
  },
  {
    name: 'a leader whose epochs no flush stores does not store them',
    file: 'broker/src/partition/replica-shell.ts',
    correct: 'ownOffset < this.#heldOffset) this.#storeEpochs()',
    wrong: 'ownOffset < this.#heldOffset && !this.state.settings.isFsync) this.#storeEpochs()',
    profile: 'cluster',
  },
]
