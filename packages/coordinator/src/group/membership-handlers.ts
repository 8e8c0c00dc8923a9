/** What the APIs of classic groups ask of a group, by its type. Group ids and timeouts are valid when it comes to that. */
import type { ErrorCode } from '@millrace/protocol'
import type { Group } from './group.ts'
import type { GroupCall } from './requests.ts'
import type { GroupTurn } from './turn.ts'

export interface MembershipHandlers<Of extends Group> {
  join(turn: GroupTurn, group: Of, call: GroupCall<'JoinGroup'>): void
  sync(turn: GroupTurn, group: Of, call: GroupCall<'SyncGroup'>): void
  heartbeat(turn: GroupTurn, group: Of, call: GroupCall<'Heartbeat'>): ErrorCode
  /** An outcome for each who leaves. */
  leave(turn: GroupTurn, group: Of, leavers: readonly Leaver[]): readonly ErrorCode[]
}

export interface Leaver {
  readonly memberId: string
  readonly groupInstanceId: string | null
}
