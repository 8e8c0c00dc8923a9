/**
 * Bugs that logs, brokers and controllers really had, each as the smallest change that puts it into ours. A bug is planted in a copy
 * of the sources, so that nothing of this is in the house itself; a change whose place cannot be found any more fails loudly.
 *
 * The bugs of Raft are in its own package, with schedules of its own that find them.
 */
import type { FaultClass, Profile } from '@millrace/simulator'

export interface PlantedChange {
  /** From `packages`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly correct: string
  readonly wrong: string
}

export interface PlantedBug extends PlantedChange {
  readonly name: string
  /** A second place, where each of two rules would make up for the other's absence. */
  readonly also?: PlantedChange
  readonly profile: Profile
  /** Classes of faults that are on with every seed, where the bug takes a rare one to show. */
  readonly with?: readonly FaultClass[]
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a failed sync is forgotten when the process is started anew',
    file: 'log/src/directory/log-directory.ts',
    correct: '    this.#syncFailure.leave()\n',
    wrong: '',
    profile: 'single',
    with: ['power', 'sync-error'],
  },
  {
    name: 'a flush does not wait for the device',
    file: 'log/src/log-flusher.ts',
    correct: 'await unsynced.sync(this.#environment)',
    wrong: 'void unsynced.sync(this.#environment).catch(() => undefined)',
    profile: 'single',
    with: ['power'],
  },
  {
    name: 'the names of new files are not synced',
    file: 'log/src/unsynced-files.ts',
    correct: 'if (isDirectoryUnsynced) await syncGate.run(() => disk.syncDirectory(this.#directory))',
    wrong: 'if (isDirectoryUnsynced && this.#directory === null) await disk.syncDirectory(this.#directory)',
    profile: 'single',
    with: ['power'],
  },
  {
    name: 'recovery does not check what it reads',
    file: 'log/src/recovery/segment-recovery.ts',
    correct: 'const check = isChecked ? { crc32c: environment.crc32c } : {}',
    wrong: 'const check = {}',
    profile: 'single',
    with: ['power'],
  },
  {
    name: 'a batch that is sent again is stored again',
    file: 'log/src/append-stage.ts',
    correct: "if (origin === 'client') {",
    wrong: "if (origin === 'client' && producerId < 0) {",
    also: {
      file: 'log/src/producer-state/append-rules.ts',
      correct: '!follows(lastSequence(entry), firstSequence)',
      wrong: '!follows(lastSequence(entry), firstSequence) && firstSequence > lastSequence(entry)',
    },
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
    name: 'a node whose controller failed goes on waiting for it',
    file: 'broker/src/broker.ts',
    correct: 'if (isStarting) return lifecycle.shutDown()',
    wrong: 'if (!isStarting) return lifecycle.shutDown()',
    profile: 'cluster',
    with: ['disk-error', 'sync-error'],
  },
  {
    name: 'metadata is acknowledged before it is durable',
    file: 'controller/src/shell/raft/raft-storage.ts',
    correct: '    await log.flush()\n    durableMark',
    wrong: '    void log.flush().catch(() => undefined)\n    durableMark',
    profile: 'cluster',
    with: ['power'],
  },
  {
    name: 'a vote is given before it is durable',
    file: 'controller/src/shell/raft/raft-storage.ts',
    correct: 'if (hardState !== null) await voteFile.write(',
    wrong: 'if (hardState !== null && hardState.term < 0) await voteFile.write(',
    profile: 'cluster',
    with: ['power', 'crash-point'],
  },
  {
    name: 'the log stays as it is under an installed snapshot',
    file: 'controller/src/shell/raft/raft-storage.ts',
    correct: '    await this.#cut(snapshot.index, () => log.resetTo(snapshot.index))\n',
    wrong: '',
    profile: 'cluster',
  },
  {
    name: 'commands are answered before they are committed',
    file: 'controller/src/shell/controller.ts',
    correct: 'await quorum.propose(group.batches)\n        const { offset } = feed.image()',
    wrong: 'void quorum.propose(group.batches).catch(() => undefined)\n        const offset = group.endOffset',
    profile: 'cluster',
  },
  {
    name: 'an empty disk comes back into the ISR by an old request',
    file: 'controller/src/core/alter-partitions.ts',
    correct: 'return isActiveBroker(member) && member?.epoch === brokerEpoch && !hasFailed',
    wrong: 'return isActiveBroker(member) && (member?.epoch ?? 0) >= 0 * brokerEpoch && !hasFailed',
    profile: 'cluster',
    with: ['born-again'],
  },
  {
    name: 'a broker whose disk was replaced is taken for what it was',
    file: 'controller/src/core/register-broker.ts',
    correct: 'failed: lostDirectory,',
    wrong: 'failed: lostDirectory && known.id < 0,',
    profile: 'cluster',
    with: ['wipe', 'last-standing'],
  },
  {
    name: 'a broker that stopped out of order is taken for one that lost nothing',
    file: 'controller/src/core/register-broker.ts',
    correct: '!stoppedCleanly && topic.rules.isLostByCrash',
    wrong: '!stoppedCleanly && topic.rules.isLostByCrash && known.id < 0',
    profile: 'cluster',
    with: ['power', 'last-standing'],
  },
  {
    name: 'a fenced broker that led last is elected',
    file: 'controller/src/core/partition/choose-leader.ts',
    correct: 'replicas.includes(lastKnownLeader) && mayLead(lastKnownLeader)',
    wrong: 'replicas.includes(lastKnownLeader)',
    profile: 'cluster',
    with: ['last-standing'],
  },
  {
    name: 'leaders are elected from all replicas that live',
    file: 'controller/src/core/partition/choose-leader.ts',
    correct: 'const inSync = replicas.find(isInSync)',
    wrong: 'const inSync = replicas.find((id) => mayLead(id))',
    profile: 'cluster',
    with: ['last-standing'],
  },
  {
    name: 'a fenced broker stays in the ISR',
    file: 'controller/src/core/fence-broker.ts',
    correct: 'sweepPartitions(context, withoutBroker(broker.id), { isActive })',
    wrong: 'sweepPartitions(context, withoutBroker(-1), { isActive })',
    profile: 'cluster',
  },
  {
    name: 'a new leader has the epoch of the old one',
    file: 'metadata/src/image/apply-records.ts',
    correct: 'record.leader === undefined ? old.leaderEpoch : old.leaderEpoch + 1',
    wrong: 'record.leader === undefined || record.leader >= 0 ? old.leaderEpoch : old.leaderEpoch + 1',
    profile: 'cluster',
  },
  {
    name: 'producer ids are given twice',
    file: 'controller/src/core/producer-ids.ts',
    correct: 'const nextProducerId = firstProducerId + BLOCK_SIZE',
    wrong: 'const nextProducerId = Math.max(firstProducerId, BLOCK_SIZE)',
    profile: 'cluster',
  },
  {
    name: 'the high watermark does not wait for followers',
    file: 'broker/src/replica/high-watermark.ts',
    correct: 'if (follower.fetchOffset >= lowest) continue',
    wrong: 'if (follower.fetchOffset >= lowest || lowest >= 0) continue',
    profile: 'cluster',
  },
  {
    name: 'the high watermark moves with too few in sync',
    file: 'broker/src/replica/high-watermark.ts',
    correct: 'if (state.isr.length < requiredInSync(state)) return',
    wrong: 'if (state.isr.length < requiredInSync(state) && state.isr.length === 0) return',
    profile: 'cluster',
    with: ['last-standing'],
  },
  {
    name: 'a leader takes a follower from the ISR by its own word',
    file: 'broker/src/replica/state.ts',
    correct: 'return state.isr.includes(replicaId) || (leader.pending?.newIsr.includes(replicaId) ?? false)',
    wrong: 'return (leader.pending?.newIsr ?? state.isr).includes(replicaId)',
    profile: 'cluster',
  },
  {
    name: 'a follower asks for more before it has flushed',
    file: 'broker/src/partition/follow-leader.ts',
    correct: 'if (isFsync && log.durableEndOffset < log.logEndOffset) await log.flush()',
    wrong: 'if (isFsync && log.durableEndOffset < log.logEndOffset) void log.flush().catch(() => undefined)',
    also: {
      file: 'broker/src/partition/partition.ts',
      correct: '!this.#followerFlush.isDone(log)) return null',
      wrong: '!this.#followerFlush.isDone(log) && log.logEndOffset < 0) return null',
    },
    profile: 'cluster',
    with: ['power', 'stall'],
  },
  {
    name: 'a leader that was replaced follows before it has flushed',
    file: 'broker/src/partition/partition.ts',
    correct: '!this.#followerFlush.isDone(log)) return null',
    wrong: '!this.#followerFlush.isDone(log) && log.logEndOffset < 0) return null',
    profile: 'cluster',
    with: ['back-unsaved'],
  },
  {
    name: 'logs that part are not noticed',
    file: 'broker/src/fetch/fetch-plan.ts',
    correct: 'else if (end.epoch < target.lastFetchedEpoch || end.endOffset < fetchOffset) return',
    wrong: 'else if (end.epoch < 0 * target.lastFetchedEpoch) return',
    profile: 'cluster',
  },
  {
    name: 'consumers read what is not committed',
    file: 'broker/src/fetch/fetch-plan.ts',
    correct: 'const visibleOffset = isReadCommitted ? lastStableOffset : highWatermark',
    wrong: 'const visibleOffset = isReadCommitted || highWatermark >= 0 ? log.logEndOffset : lastStableOffset',
    profile: 'cluster',
  },
  {
    name: 'acks=all does not wait',
    file: 'broker/src/partition/partition.ts',
    correct: 'if (waiter.requiredOffset <= this.highWatermark) return waiter',
    wrong: 'if (waiter.requiredOffset >= 0) return waiter',
    profile: 'cluster',
    with: ['crash'],
  },
  {
    name: 'a replica joins the ISR that lacks what is committed',
    file: 'broker/src/replica/isr.ts',
    correct: 'if (fetchOffset < state.highWatermark || fetchOffset < leader.epochStartOffset',
    wrong: 'if (fetchOffset < 0',
    profile: 'cluster',
  },
  {
    name: 'a change of the ISR is made whose leader meant another state',
    file: 'controller/src/core/alter-partitions.ts',
    correct: 'if (wanted.partitionEpoch < before.partitionEpoch) return ERROR_CODES.INVALID_UPDATE_VERSION',
    wrong: '',
    profile: 'cluster',
    with: ['asked-twice'],
  },
  {
    name: 'what is written counts as durable when checkpoints are written',
    file: 'log/src/partition-log.ts',
    correct: 'return this.#flusher.end\n',
    wrong: 'return this.#parts.appender.end\n',
    profile: 'single',
    with: ['power'],
  },
  {
    name: 'a follower takes a high watermark above the end of its log',
    file: 'broker/src/replica/following.ts',
    correct: 'const highWatermark = Math.min(event.leaderHighWatermark, event.endOffset)',
    wrong: 'const highWatermark = event.leaderHighWatermark',
    profile: 'cluster',
  },
  {
    name: 'a broker goes on leading in the epoch of its life before',
    file: 'broker/src/partition/inherited-leadership.ts',
    correct: 'leaderEpoch <= this.#latestEpoch ? NO_LEADER : leader',
    wrong: 'leaderEpoch <= this.#latestEpoch && leaderEpoch < 0 ? NO_LEADER : leader',
    also: {
      file: 'controller/src/core/register-broker.ts',
      correct: 'known === undefined ? { records: [], isComplete: true }',
      wrong: 'known === undefined || known.id >= 0 ? { records: [], isComplete: true }',
    },
    profile: 'cluster',
    with: ['power'],
  },
  {
    name: 'a follower cuts its log at its high watermark',
    file: 'broker/src/replica/following.ts',
    correct: 'const offset = truncationOffset({ ...event, divergingEpoch })',
    wrong: 'const offset = Math.max(state.highWatermark, truncationOffset({ ...event, divergingEpoch }) * 0)',
    profile: 'cluster',
    with: ['cut-short'],
  },
  {
    name: 'an image says that a broker is fenced before its partitions are led by others',
    file: 'controller/src/core/fence-broker.ts',
    correct: 'return { batches: [[...records, record]], response: SUCCESS }',
    wrong: 'return { batches: [[record], records], response: SUCCESS }',
    profile: 'cluster',
  },
  {
    name: 'a transaction that is aborted is told as committed',
    file: 'coordinator/src/transaction/transaction-coordinator.ts',
    correct: "const result = state === 'PrepareCommit' ? 'commit' : 'abort'",
    wrong: "const result = state === 'PrepareCommit' || topics.length > 0 ? 'commit' : 'abort'",
    profile: 'single',
  },
  {
    name: 'a partition that could not be told of an end counts as told',
    file: 'coordinator/src/transaction/marker-progress.ts',
    correct: "return outcome === ERROR_CODES.NONE || outcome === 'deleted' || outcome === ERROR_CODES.INVALID_PRODUCER_EPOCH",
    wrong: "return outcome === 'deleted' || outcome >= ERROR_CODES.NONE",
    profile: 'cluster',
  },
  {
    name: 'who leads next does not tell partitions of what was decided',
    file: 'coordinator/src/transaction/transaction-coordinator.ts',
    correct: 'if (!isEnding(transaction)) continue',
    wrong: 'if (!isEnding(transaction) || transaction.partitions.length > 0) continue',
    profile: 'cluster',
  },
  {
    name: 'a producer that begins does not abort what was open',
    file: 'coordinator/src/transaction/init-producer-id.ts',
    correct: 'if (!isIdle(transaction)) return abortFirst(transaction, expected, surroundings)',
    wrong: "if (transaction.state === 'Dead') return abortFirst(transaction, expected, surroundings)",
    profile: 'single',
  },
  {
    name: 'a producer that was shut out may still commit',
    file: 'coordinator/src/transaction/end-transaction.ts',
    correct: 'if (request.producerEpoch !== transaction.producerEpoch) return refused(ERROR_CODES.PRODUCER_FENCED)',
    wrong: 'if (request.producerEpoch > transaction.producerEpoch) return refused(ERROR_CODES.PRODUCER_FENCED)',
    profile: 'single',
  },
  {
    name: 'an end that is sent twice succeeds whatever the first one was',
    file: 'coordinator/src/transaction/end-transaction.ts',
    correct: 'return state === completeState(request) ? ERROR_CODES.NONE : ERROR_CODES.INVALID_TXN_STATE\n}',
    wrong: 'return state === completeState(request) ? ERROR_CODES.NONE : ERROR_CODES.NONE\n}',
    profile: 'single',
  },
  {
    name: 'partitions are told of an end before it is committed',
    file: 'broker/src/coordinator/coordinator-host.ts',
    correct: 'this.#log.whenCommitted({ onCommitted: () => this.#kind.perform(effect, this) })',
    wrong: 'this.#kind.perform(effect, this)',
    profile: 'cluster',
    with: ['undecided'],
  },
  {
    name: 'transactions time out by the wall clock',
    file: 'coordinator/src/transaction/sweeps.ts',
    correct: 'dueMs >= monotonicMs',
    wrong: 'transaction.startMs + transaction.timeoutMs + 0 * (dueMs + monotonicMs) >= nowMs',
    profile: 'cluster',
    with: ['clock'],
  },
  {
    name: 'readers of committed records see transactions that are open',
    file: 'broker/src/fetch/fetch-plan.ts',
    correct: 'const visibleOffset = isReadCommitted ? lastStableOffset : highWatermark',
    wrong: 'const visibleOffset = isReadCommitted && lastStableOffset < 0 ? lastStableOffset : highWatermark',
    profile: 'single',
  },
  {
    name: 'a batch may begin a transaction that its coordinator does not know of',
    file: 'broker/src/produce/transaction-gate.ts',
    correct: 'ask: () => verifier.confirm(asked),',
    // CONCURRENT_TRANSACTIONS: the end of the last one is still being told.
    wrong: 'ask: () => verifier.confirm(asked).then((errorCode) => (errorCode === 51 ? 0 : errorCode)),',
    profile: 'single',
  },
]
