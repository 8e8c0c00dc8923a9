/** Which group an id stands for, and which ids stand for one. */
import { SimpleGroup } from '../offsets/simple-group.ts'
import type { Group } from './group.ts'
import type { GroupState } from './state.ts'

/** The group of an id: one with members or a past, or one of offsets only, which may all be gone. */
export function findGroup({ groups, offsets, rememberedGroups }: GroupState, groupId: string): Group | undefined {
  return groups.get(groupId) ?? (offsets.has(groupId) || rememberedGroups.has(groupId) ? new SimpleGroup(groupId) : undefined)
}

export function allGroupIds({ groups, offsets, rememberedGroups }: GroupState): ReadonlySet<string> {
  return new Set([...groups.keys(), ...offsets.groupIds(), ...rememberedGroups.ids()])
}

/** Keeps the group in mind if the last that was known of it is gone. */
export function rememberIfGone({ groups, offsets, rememberedGroups }: GroupState, groupId: string): void {
  if (!groups.has(groupId) && !offsets.has(groupId)) rememberedGroups.add(groupId)
}
