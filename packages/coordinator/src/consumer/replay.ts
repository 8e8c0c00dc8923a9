/** Records of consumer groups, from the log or just written: which group they change, create or end. */
import type { GroupState } from '../group/state.ts'
import type { ConsumerGroupRecord } from '../records/consumer-group-records.ts'
import { ConsumerGroup } from './consumer-group.ts'

export function replayConsumerGroupRecord(state: GroupState, record: ConsumerGroupRecord): void {
  const { groupId } = record.key
  const known = state.groups.get(groupId)
  if (known?.type === 'consumer') {
    if ((known as ConsumerGroup).replay(record)) state.groups.delete(groupId)
    return
  }
  // A tombstone of what is not there, and what was replaced by a newer record of the group, say nothing.
  if (record.value === null || record.type === 'consumer-group-partition-metadata') return
  const group = new ConsumerGroup(groupId)
  state.groups.set(groupId, group)
  group.replay(record)
}
