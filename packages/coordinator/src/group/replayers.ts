/**
 * How each type of record changes the state. Deterministic, and nothing else changes what survives a failover. Types that are not in the
 * list, such as those of newer versions, are read over.
 */
import { replayGroupMetadata } from '../classic/replay-group-metadata.ts'
import { replayConsumerGroupRecord } from '../consumer/replay.ts'
import type { TransactionalOrigin } from '../machine.ts'
import { replayLegacyOffsetCommit, replayOffsetCommit } from '../offsets/replay-offset-commit.ts'
import type { GroupRecord } from '../records/group-record.ts'
import type { GroupState } from './state.ts'

type Replayers = {
  readonly [Type in GroupRecord['type']]?: (
    state: GroupState,
    record: Extract<GroupRecord, { readonly type: Type }>,
    transaction: TransactionalOrigin | null,
  ) => void
}

const REPLAYERS: Replayers = {
  'legacy-offset-commit': replayLegacyOffsetCommit,
  'offset-commit': replayOffsetCommit,
  'group-metadata': replayGroupMetadata,
  'consumer-group-metadata': replayConsumerGroupRecord,
  'consumer-group-partition-metadata': replayConsumerGroupRecord,
  'consumer-group-member-metadata': replayConsumerGroupRecord,
  'consumer-group-target-assignment-metadata': replayConsumerGroupRecord,
  'consumer-group-target-assignment-member': replayConsumerGroupRecord,
  'consumer-group-current-assignment': replayConsumerGroupRecord,
  'consumer-group-regular-expression': replayConsumerGroupRecord,
}

export function replayGroupRecord(state: GroupState, record: GroupRecord, transaction: TransactionalOrigin | null): void {
  const replay = REPLAYERS[record.type] as
    | ((state: GroupState, record: GroupRecord, transaction: TransactionalOrigin | null) => void)
    | undefined
  replay?.(state, record, transaction)
}
