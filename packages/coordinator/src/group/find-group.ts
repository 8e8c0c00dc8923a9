/** Which group an id stands for. */
import { SimpleGroup } from '../offsets/simple-group.ts'
import type { Group } from './group.ts'
import type { GroupState } from './state.ts'

/** The group of an id: one with members or a past, or one of offsets only. */
export function findGroup(state: GroupState, groupId: string): Group | undefined {
  return state.groups.get(groupId) ?? (state.offsets.has(groupId) ? new SimpleGroup(groupId) : undefined)
}
