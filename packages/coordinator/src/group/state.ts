/** What a group coordinator knows. */
import { ConsumerGroupsSoftState } from '../consumer/soft-state.ts'
import { OffsetStore } from '../offsets/offset-store.ts'
import type { Group } from './group.ts'

export interface GroupState {
  /** By group id. Groups without members that were never written, and groups of offsets only, are not in it. */
  readonly groups: Map<string, Group>
  readonly offsets: OffsetStore
  readonly consumers: ConsumerGroupsSoftState
}

export function initialGroupState(): GroupState {
  return { groups: new Map(), offsets: new OffsetStore(), consumers: new ConsumerGroupsSoftState() }
}
