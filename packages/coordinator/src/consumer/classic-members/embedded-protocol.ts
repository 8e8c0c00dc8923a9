/**
 * What members of the classic protocol tell each other in bytes that are opaque to classic groups. In a consumer group it is the
 * coordinator that assigns, so it reads what they subscribe to and have, and writes what they get.
 */
import { decodeSubscription, encodeAssignment, ProtocolError } from '@millrace/protocol'
import type { TopicsView } from '../../group/topics-view.ts'
import type { ClassicMemberMetadata } from '../../records/consumer-group-records.ts'
import type { TopicPartitions } from '../assignment.ts'
import { type OwnedPartitions, partitionsOf } from '../owned-partitions.ts'

type Protocols = ClassicMemberMetadata['supportedProtocols']

export interface EmbeddedSubscription {
  readonly topicNames: readonly string[]
  readonly rackId: string | null
  /** What the member still has. Those who give up everything before they join say nothing. */
  readonly owned: readonly TopicPartitions[]
}

/** The versions of assignments: that in which a member writes its subscription is one that it can read. */
const NEWEST_VERSION = 3

/** Whichever assignor it is for, a member subscribes to the same. Null when it cannot be read. */
export function subscriptionOf(protocols: Protocols, topics: TopicsView): EmbeddedSubscription | null {
  const [first] = protocols
  if (first === undefined) return null
  try {
    const { topics: topicNames, rackId, ownedPartitions } = decodeSubscription(first.metadata)
    return { topicNames, rackId, owned: toTopicPartitions(ownedPartitions, topics) }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** By id, of the topics that there are. */
export function toTopicPartitions(
  named: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
  topics: TopicsView,
): TopicPartitions[] {
  return named.flatMap(({ topic, partitions }) => {
    const known = topics.byName(topic)
    if (known === undefined) return []
    return [{ topicId: known.id, partitions: partitions.filter((partition) => partition >= 0 && partition < known.partitionCount) }]
  })
}

/** In the version of the given subscription. */
export function assignmentBytes(assigned: readonly TopicPartitions[], subscription: Uint8Array, topics: TopicsView): Uint8Array {
  const assignedPartitions = assigned.flatMap(({ topicId, partitions }) => {
    const topic = topics.byId(topicId)
    return topic === undefined ? [] : [{ topic: topic.name, partitions }]
  })
  const version = Math.min(NEWEST_VERSION, subscription[1] ?? 0)
  return encodeAssignment({ assignedPartitions, userData: null }, version)
}

export function ownedBytes(owned: OwnedPartitions, { supportedProtocols }: ClassicMemberMetadata, topics: TopicsView): Uint8Array {
  return assignmentBytes(partitionsOf(owned), supportedProtocols[0]?.metadata ?? new Uint8Array(0), topics)
}
