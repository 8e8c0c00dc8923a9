/** What happens to classic groups without a request: they are loaded, time passes, connections close. */
import type { GroupTurn } from '../group/turn.ts'
import { ClassicGroup } from './classic-group.ts'
import { disconnected } from './disconnect.ts'
import { deadlinesPassed } from './expire.ts'
import { resume } from './resume.ts'

export function loadClassicGroups(turn: GroupTurn): void {
  for (const group of turn.state.groups.values()) if (group instanceof ClassicGroup) resume(turn, group.state)
}

export function onClassicGroupTimer(turn: GroupTurn, groupId: string): void {
  const group = turn.state.groups.get(groupId)
  if (group instanceof ClassicGroup) deadlinesPassed(turn, group.state)
}

export function onDisconnected(turn: GroupTurn, connectionId: number): void {
  for (const groupId of turn.state.connections.remove(connectionId)) {
    const group = turn.state.groups.get(groupId)
    if (group instanceof ClassicGroup) disconnected(turn, group.state, connectionId)
  }
}
