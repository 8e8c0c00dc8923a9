/** Which topics the members of a group subscribe to: those that exist, of the names they give and of those their expressions match. */
import type { TopicDescription, TopicsView } from '../../group/topics-view.ts'
import type { ConsumerGroup, ConsumerGroupMember } from '../consumer-group.ts'
import { metadataHash } from './metadata-hash.ts'

export class SubscribedTopics {
  readonly #group: ConsumerGroup
  readonly #topics: TopicsView
  /** By subscription. Members mostly subscribe to the same, and then share one list. */
  readonly #idsBySubscription = new Map<string, readonly string[]>()

  constructor(group: ConsumerGroup, topics: TopicsView) {
    this.#group = group
    this.#topics = topics
  }

  /** Topic ids, each once. */
  idsOf({ metadata }: ConsumerGroupMember): readonly string[] {
    const { subscribedTopicNames, subscribedTopicRegex } = metadata
    // No topic name holds a space.
    const key = `${subscribedTopicNames.join(' ')} ${subscribedTopicRegex ?? ''}`
    const known = this.#idsBySubscription.get(key)
    if (known !== undefined) return known
    const matched = subscribedTopicRegex === null ? [] : (this.#group.expressions.get(subscribedTopicRegex)?.topics ?? [])
    const ids = new Set<string>()
    for (const names of [subscribedTopicNames, matched]) {
      for (const name of names) {
        const topic = this.#topics.byName(name)
        if (topic !== undefined) ids.add(topic.id)
      }
    }
    const list = [...ids].sort()
    this.#idsBySubscription.set(key, list)
    return list
  }

  /** Of all members. */
  all(): TopicDescription[] {
    const lists = new Set<readonly string[]>()
    for (const member of this.#group.members.values()) lists.add(this.idsOf(member))
    const topics = new Map<string, TopicDescription>()
    for (const ids of lists) {
      for (const id of ids) {
        const topic = topics.has(id) ? undefined : this.#topics.byId(id)
        if (topic !== undefined) topics.set(id, topic)
      }
    }
    return [...topics.values()]
  }

  metadataHash(): number {
    return metadataHash(this.all())
  }
}
