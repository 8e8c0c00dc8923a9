/** What a group coordinator knows. Groups and offsets are changed by replay; the rest lasts as long as this broker leads the partition. */
import { PendingMembers } from '../classic/pending-members.ts'
import { ConsumerGroupsSoftState } from '../consumer/soft-state.ts'
import { OffsetStore } from '../offsets/offset-store.ts'
import { Connections } from './connections.ts'
import type { DeletedTopic } from './events.ts'
import type { Group } from './group.ts'
import { RememberedGroups } from './remembered-groups.ts'

export interface GroupState {
  /** By group id. Ids that have offsets and nothing else are not in it, nor are groups of which nothing would be missed. */
  readonly groups: Map<string, Group>
  readonly offsets: OffsetStore
  readonly rememberedGroups: RememberedGroups
  readonly connections: Connections
  readonly pendingMembers: PendingMembers
  /** Topics that are gone and may have offsets yet. */
  readonly deletedTopics: DeletedTopic[]
  readonly consumers: ConsumerGroupsSoftState
}

export function initialGroupState(): GroupState {
  return {
    groups: new Map(),
    offsets: new OffsetStore(),
    rememberedGroups: new RememberedGroups(),
    connections: new Connections(),
    pendingMembers: new PendingMembers(),
    deletedTopics: [],
    consumers: new ConsumerGroupsSoftState(),
  }
}
