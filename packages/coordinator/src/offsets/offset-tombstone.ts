/** The record that takes an offset away. */
import type { GroupRecord } from '../records/group-record.ts'

/** Takes an offset away, and those that open transactions have for the partition. */
export function offsetTombstone(groupId: string, topic: string, partition: number): GroupRecord {
  return { type: 'offset-commit', key: { group: groupId, topic, partition }, value: null }
}
