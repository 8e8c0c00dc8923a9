/** How classic groups take the requests of their members. */
import type { MembershipHandlers } from '../group/membership-handlers.ts'
import type { ClassicGroup } from './classic-group.ts'
import { forgetIfVoid } from './forget.ts'
import { heartbeat } from './heartbeat.ts'
import { join } from './join.ts'
import { leave } from './leave.ts'
import { sync } from './sync.ts'

export const classicMembership: MembershipHandlers<ClassicGroup> = {
  join(turn, { state }, call) {
    join(turn, state, call)
    forgetIfVoid(turn, state)
  },
  sync: (turn, { state }, call) => sync(turn, state, call),
  heartbeat: (turn, { state }, call) => heartbeat(turn, state, call),
  leave(turn, { state }, leavers) {
    const outcomes = leave(turn, state, leavers)
    forgetIfVoid(turn, state)
    return outcomes
  },
}
