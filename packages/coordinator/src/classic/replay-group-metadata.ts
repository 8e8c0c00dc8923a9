/** Applies a record of a classic group, or the tombstone that ends one. */
import type { GroupState } from '../group/state.ts'
import type { TypedRecord } from '../records/record-format.ts'
import type { groupMetadataRecord } from '../records/group-metadata-record.ts'
import { ClassicGroup } from './classic-group.ts'

export function replayGroupMetadata(state: GroupState, { key, value }: TypedRecord<typeof groupMetadataRecord>): void {
  const known = state.groups.get(key.group)
  if (value === null) {
    // A group of the other kind may have taken the id, and this is what it wrote of the one that had it.
    if (known?.type === 'classic') state.groups.delete(key.group)
    return
  }
  const group = known instanceof ClassicGroup ? known : new ClassicGroup(key.group)
  state.groups.set(key.group, group)
  group.replay(value)
}
