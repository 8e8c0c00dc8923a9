/** What clients ask a group coordinator: the APIs by name, each with the request as decoded and the answer as it is encoded. */
import type {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
  Decoded,
  Encodable,
  MessageDefinition,
  deleteGroupsRequest,
  deleteGroupsResponse,
  describeGroupsRequest,
  describeGroupsResponse,
  heartbeatRequest,
  heartbeatResponse,
  joinGroupRequest,
  joinGroupResponse,
  leaveGroupRequest,
  leaveGroupResponse,
  listGroupsRequest,
  listGroupsResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  offsetDeleteRequest,
  offsetDeleteResponse,
  offsetFetchRequest,
  offsetFetchResponse,
  syncGroupRequest,
  syncGroupResponse,
  txnOffsetCommitRequest,
  txnOffsetCommitResponse,
} from '@millrace/protocol'
import type { ReplyToken } from '../machine.ts'

interface Exchange<Request extends MessageDefinition, Response extends MessageDefinition> {
  readonly request: Decoded<Request>
  readonly response: Encodable<Response>
}

/**
 * Requests that name several groups (ConsumerGroupDescribe, DescribeGroups, DeleteGroups, OffsetFetch from version 8 on) are asked of
 * each partition with the groups that it has; ListGroups is asked of all.
 */
export interface GroupApis {
  readonly ConsumerGroupDescribe: Exchange<typeof consumerGroupDescribeRequest, typeof consumerGroupDescribeResponse>
  readonly ConsumerGroupHeartbeat: Exchange<typeof consumerGroupHeartbeatRequest, typeof consumerGroupHeartbeatResponse>
  readonly DeleteGroups: Exchange<typeof deleteGroupsRequest, typeof deleteGroupsResponse>
  readonly DescribeGroups: Exchange<typeof describeGroupsRequest, typeof describeGroupsResponse>
  readonly Heartbeat: Exchange<typeof heartbeatRequest, typeof heartbeatResponse>
  readonly JoinGroup: Exchange<typeof joinGroupRequest, typeof joinGroupResponse>
  readonly LeaveGroup: Exchange<typeof leaveGroupRequest, typeof leaveGroupResponse>
  readonly ListGroups: Exchange<typeof listGroupsRequest, typeof listGroupsResponse>
  readonly OffsetCommit: Exchange<typeof offsetCommitRequest, typeof offsetCommitResponse>
  readonly OffsetDelete: Exchange<typeof offsetDeleteRequest, typeof offsetDeleteResponse>
  readonly OffsetFetch: Exchange<typeof offsetFetchRequest, typeof offsetFetchResponse>
  readonly SyncGroup: Exchange<typeof syncGroupRequest, typeof syncGroupResponse>
  readonly TxnOffsetCommit: Exchange<typeof txnOffsetCommitRequest, typeof txnOffsetCommitResponse>
}

export type GroupApi = keyof GroupApis

export type GroupRequest = { readonly [Api in GroupApi]: { readonly api: Api; readonly body: GroupApis[Api]['request'] } }[GroupApi]
export type GroupResponse = { readonly [Api in GroupApi]: { readonly api: Api; readonly body: GroupApis[Api]['response'] } }[GroupApi]

export interface GroupClient {
  /** As in the header of the request; empty where it has none. */
  readonly id: string
  /** The address it comes from, as Kafka writes it: "/127.0.0.1". */
  readonly host: string
  readonly connectionId: number
}

/** One request, for the handler of its API. */
export interface GroupCall<Api extends GroupApi> {
  readonly token: ReplyToken
  readonly apiVersion: number
  readonly client: GroupClient
  readonly body: GroupApis[Api]['request']
}
