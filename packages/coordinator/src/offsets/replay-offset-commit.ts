/** Applies a committed offset, or a tombstone that takes one away. */
import { ZERO_UUID } from '@millrace/protocol'
import type { GroupState } from '../group/state.ts'
import type { TransactionalOrigin } from '../machine.ts'
import type { TypedRecord } from '../records/record-format.ts'
import type { legacyOffsetCommitRecord, offsetCommitRecord } from '../records/offset-commit-record.ts'
import type { OffsetCommitValue } from './offset-store.ts'

type OffsetCommitRecord = TypedRecord<typeof offsetCommitRecord>

export function replayOffsetCommit(state: GroupState, { key, value }: OffsetCommitRecord, transaction: TransactionalOrigin | null): void {
  const { group, topic, partition } = key
  if (value === null) return state.offsets.delete(group, topic, partition)
  if (transaction === null) return state.offsets.commit(group, topic, partition, value)
  state.offsets.commitInTransaction(transaction.producerId, group, topic, partition, value)
}

/** What the format had not yet. */
const LEGACY_DEFAULTS: Pick<OffsetCommitValue, 'leaderEpoch' | 'expireTimestamp' | 'topicId'> = {
  leaderEpoch: -1,
  expireTimestamp: -1,
  topicId: ZERO_UUID,
}

export function replayLegacyOffsetCommit(
  state: GroupState,
  { key, value }: TypedRecord<typeof legacyOffsetCommitRecord>,
  transaction: TransactionalOrigin | null,
): void {
  replayOffsetCommit(state, { type: 'offset-commit', key, value: value === null ? null : { ...LEGACY_DEFAULTS, ...value } }, transaction)
}
