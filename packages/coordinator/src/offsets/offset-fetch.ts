/**
 * OffsetFetch, versions 1-10: where groups have got to.
 *
 * Version notes: 1 has no error for the group, so it stands in each partition; from 2 on null topics are all that have offsets; 7
 * `requireStable`; 8 several groups; 9 member ids and epochs; 10 names topics by id, and an offset of another topic that had the same
 * name is none of this one's.
 *
 * An answer waits until all that was written before it is committed, so without `requireStable` too nobody sees an offset that a
 * failover could take back. What `requireStable` adds are offsets of open transactions: while there are any for a partition, its
 * committed offset may be about to change.
 */
import { ERROR_CODES, type ErrorCode, ZERO_UUID } from '@millrace/protocol'
import { findGroup } from '../group/find-group.ts'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import type { CommittedOffset } from './offset-store.ts'

const GROUP_ERROR_VERSION = 2
const GROUPS_VERSION = 8
const TOPIC_ID_VERSION = 10

interface FetchScope {
  readonly turn: GroupTurn
  readonly groupId: string
  readonly requireStable: boolean
  readonly usesTopicIds: boolean
}

interface TopicToFetch {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

interface FetchedGroup {
  readonly groupId: string
  readonly topics: readonly FetchedTopic[]
  readonly errorCode: ErrorCode
}

interface FetchedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly FetchedPartition[]
}

interface FetchedPartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: ErrorCode
}

export function onOffsetFetch(turn: GroupTurn, { token, apiVersion, body }: GroupCall<'OffsetFetch'>): void {
  const scope = { turn, requireStable: body.requireStable, usesTopicIds: apiVersion >= TOPIC_ID_VERSION }
  if (apiVersion >= GROUPS_VERSION) {
    const groups = body.groups.map((group) => fetchGroup({ ...scope, groupId: group.groupId }, group))
    return turn.reply(token, 'OffsetFetch', { groups })
  }
  const { groupId } = body
  const topics = body.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
  const { topics: fetched, errorCode } = fetchGroup({ ...scope, groupId }, { memberId: null, memberEpoch: -1, topics })
  if (apiVersion < GROUP_ERROR_VERSION && errorCode !== ERROR_CODES.NONE) {
    return turn.reply(token, 'OffsetFetch', { topics: (topics ?? []).map((topic) => withError(topic, errorCode)) })
  }
  turn.reply(token, 'OffsetFetch', { topics: fetched, errorCode })
}

function fetchGroup(
  scope: FetchScope,
  request: { readonly memberId: string | null; readonly memberEpoch: number; readonly topics: readonly TopicToFetch[] | null },
): FetchedGroup {
  const { turn, groupId } = scope
  const { memberId, memberEpoch, topics } = request
  const errorCode = findGroup(turn.state, groupId)?.checkOffsetFetch({ memberId, memberEpoch }) ?? ERROR_CODES.NONE
  if (errorCode !== ERROR_CODES.NONE) return { groupId, topics: [], errorCode }
  return { groupId, topics: topics === null ? allTopics(scope) : topics.map((topic) => fetchTopic(scope, topic)), errorCode }
}

function fetchTopic(scope: FetchScope, topic: TopicToFetch): FetchedTopic {
  const { turn, groupId, usesTopicIds } = scope
  const { topicId, partitionIndexes } = topic
  const name = usesTopicIds ? turn.topics.byId(topicId)?.name : topic.name
  if (name === undefined) return withError(topic, ERROR_CODES.UNKNOWN_TOPIC_ID)
  const offsets = turn.state.offsets.committed(groupId)?.get(name)
  const partitions = partitionIndexes.map((partition) => {
    const offset = offsets?.get(partition)
    return fetchPartition(scope, name, partition, offset !== undefined && isOfTopic(offset, topicId) ? offset : undefined)
  })
  return { name, topicId, partitions }
}

/** Offsets of older records do not say of which topic they are, nor do older requests. */
function isOfTopic(offset: CommittedOffset, topicId: string): boolean {
  return topicId === ZERO_UUID || offset.topicId === ZERO_UUID || offset.topicId === topicId
}

function allTopics(scope: FetchScope): FetchedTopic[] {
  const { turn, groupId, usesTopicIds } = scope
  const topics: FetchedTopic[] = []
  for (const [name, offsets] of turn.state.offsets.committed(groupId) ?? []) {
    const topicId = usesTopicIds ? turn.topics.byName(name)?.id : ZERO_UUID
    // Without an id there is no name for it.
    if (topicId === undefined) continue
    const ofTopic = [...offsets].filter(([, offset]) => isOfTopic(offset, topicId))
    topics.push({ name, topicId, partitions: ofTopic.map(([partition, offset]) => fetchPartition(scope, name, partition, offset)) })
  }
  return topics
}

function fetchPartition(scope: FetchScope, topic: string, partition: number, offset: CommittedOffset | undefined): FetchedPartition {
  if (scope.requireStable && scope.turn.state.offsets.isPending(scope.groupId, topic, partition)) {
    return noOffset(partition, ERROR_CODES.UNSTABLE_OFFSET_COMMIT)
  }
  if (offset === undefined) return noOffset(partition, ERROR_CODES.NONE)
  return {
    partitionIndex: partition,
    committedOffset: offset.offset,
    committedLeaderEpoch: offset.leaderEpoch,
    metadata: offset.metadata,
    errorCode: ERROR_CODES.NONE,
  }
}

function noOffset(partitionIndex: number, errorCode: ErrorCode): FetchedPartition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
}

function withError({ name, topicId, partitionIndexes }: TopicToFetch, errorCode: ErrorCode): FetchedTopic {
  return { name, topicId, partitions: partitionIndexes.map((partition) => noOffset(partition, errorCode)) }
}
