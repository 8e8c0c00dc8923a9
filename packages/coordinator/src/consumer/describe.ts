/** ConsumerGroupDescribe: what a group and each of its members has, and is to have. */
import { type consumerGroupDescribeResponse, type Encodable, ERROR_CODES } from '@millrace/protocol'
import { findGroup } from '../group/find-group.ts'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { toTopicPartitions, type TopicPartitions } from './assignment.ts'
import type { ConsumerGroup, ConsumerGroupMember } from './consumer-group.ts'
import { findConsumerGroup } from './membership.ts'
import { partitionsOf, union } from './owned-partitions.ts'
import { assignorOf } from './target-assignment.ts'

type DescribedGroup = Encodable<typeof consumerGroupDescribeResponse>['groups'][number]
type DescribedMember = DescribedGroup['members'][number]

const MEMBER_TYPES = { classic: 0, consumer: 1 } as const

export function onConsumerGroupDescribe(turn: GroupTurn, { token, body }: GroupCall<'ConsumerGroupDescribe'>): void {
  const groups = body.groupIds.map((groupId) => {
    const group = findConsumerGroup(turn, groupId)
    return group === undefined ? unknownGroup(turn, groupId) : describe(turn, group)
  })
  turn.reply(token, 'ConsumerGroupDescribe', { throttleTimeMs: 0, groups })
}

function unknownGroup(turn: GroupTurn, groupId: string): DescribedGroup {
  const isThere = findGroup(turn.state, groupId) !== undefined
  return {
    errorCode: groupId === '' ? ERROR_CODES.INVALID_GROUP_ID : ERROR_CODES.GROUP_ID_NOT_FOUND,
    errorMessage: groupId === '' ? 'A group has a name.' : `Group ${groupId} ${isThere ? 'is not a consumer group' : 'not found'}.`,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}

function describe(turn: GroupTurn, group: ConsumerGroup): DescribedGroup {
  return {
    errorCode: ERROR_CODES.NONE,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: assignorOf(group, turn.settings.consumerAssignors),
    members: [...group.members.values()].map((member) => describeMember(turn, group, member)),
  }
}

function describeMember(turn: GroupTurn, group: ConsumerGroup, member: ConsumerGroupMember): DescribedMember {
  const { memberId, metadata, current } = member
  return {
    memberId,
    instanceId: metadata.instanceId,
    rackId: metadata.rackId,
    memberEpoch: current.memberEpoch,
    clientId: metadata.clientId,
    clientHost: metadata.clientHost,
    subscribedTopicNames: metadata.subscribedTopicNames,
    // As Apache Kafka does, whose clients take it for a text in any case.
    subscribedTopicRegex: metadata.subscribedTopicRegex ?? '',
    // Until it has let go of something, it has it.
    assignment: { topicPartitions: named(turn, partitionsOf(union(current.assigned, current.pendingRevocation))) },
    targetAssignment: { topicPartitions: named(turn, toTopicPartitions(group.targetOf(memberId))) },
    memberType: metadata.classicMemberMetadata === null ? MEMBER_TYPES.consumer : MEMBER_TYPES.classic,
  }
}

/** Topics that are gone have no name to give. */
function named(turn: GroupTurn, list: readonly TopicPartitions[]): DescribedMember['assignment']['topicPartitions'] {
  return list.flatMap(({ topicId, partitions }) => {
    const topic = turn.topics.byId(topicId)
    return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }]
  })
}
