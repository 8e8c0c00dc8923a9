/** How consumer groups take the requests of members that speak the classic protocol (KIP-848, "Upgrade"). */
import type { MembershipHandlers } from '../../group/membership-handlers.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { heartbeat } from './heartbeat.ts'
import { join } from './join.ts'
import { leave } from './leave.ts'
import { sync } from './sync.ts'

export const consumerMembership: MembershipHandlers<ConsumerGroup> = { join, sync, heartbeat, leave }
