/** Who answers which API: the one list. A handler answers through its turn, at once or in a later step. */
import { onConsumerGroupDescribe } from '../consumer/describe.ts'
import { onConsumerGroupHeartbeat } from '../consumer/heartbeat.ts'
import { onOffsetCommit } from '../offsets/offset-commit.ts'
import { onOffsetDelete } from '../offsets/offset-delete.ts'
import { onOffsetFetch } from '../offsets/offset-fetch.ts'
import { onTxnOffsetCommit } from '../offsets/txn-offset-commit.ts'
import { onDeleteGroups } from './delete-groups.ts'
import { onDescribeGroups, onListGroups } from './describe-groups.ts'
import type { GroupEvent } from './events.ts'
import { onHeartbeat, onJoinGroup, onLeaveGroup, onSyncGroup } from './membership-requests.ts'
import type { GroupApi, GroupCall } from './requests.ts'
import type { GroupTurn } from './turn.ts'

type RequestHandlers = { readonly [Api in GroupApi]: (turn: GroupTurn, call: GroupCall<Api>) => void }

const REQUEST_HANDLERS: RequestHandlers = {
  ConsumerGroupDescribe: onConsumerGroupDescribe,
  ConsumerGroupHeartbeat: onConsumerGroupHeartbeat,
  DeleteGroups: onDeleteGroups,
  DescribeGroups: onDescribeGroups,
  Heartbeat: onHeartbeat,
  JoinGroup: onJoinGroup,
  LeaveGroup: onLeaveGroup,
  ListGroups: onListGroups,
  OffsetCommit: onOffsetCommit,
  OffsetDelete: onOffsetDelete,
  OffsetFetch: onOffsetFetch,
  SyncGroup: onSyncGroup,
  TxnOffsetCommit: onTxnOffsetCommit,
}

type RequestEvent = Extract<GroupEvent, { readonly type: 'request' }>

export function answerRequest(turn: GroupTurn, { token, apiVersion, client, request }: RequestEvent): void {
  const handle = REQUEST_HANDLERS[request.api] as (turn: GroupTurn, call: GroupCall<GroupApi>) => void
  handle(turn, { token, apiVersion, client, body: request.body } as GroupCall<GroupApi>)
}
