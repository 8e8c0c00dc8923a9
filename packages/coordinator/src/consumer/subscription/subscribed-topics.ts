/** Which topics the members of a group subscribe to: those that exist, of the names they give and of those their expressions match. */
import type { TopicDescription, TopicsView } from '../../group/topics-view.ts'
import type { ConsumerGroup, ConsumerGroupMember } from '../consumer-group.ts'
import { metadataHash } from './metadata-hash.ts'
import type { Subscription } from './subscriptions.ts'

export class SubscribedTopics {
  readonly #group: ConsumerGroup
  readonly #topics: TopicsView
  readonly #ids = new Map<Subscription, readonly string[]>()

  constructor(group: ConsumerGroup, topics: TopicsView) {
    this.#group = group
    this.#topics = topics
  }

  /** Topic ids, each once. Members with the same subscription share one list. */
  idsOf({ subscription }: ConsumerGroupMember): readonly string[] {
    return this.#idsOf(subscription)
  }

  /** Of all members. */
  all(): TopicDescription[] {
    const topics = new Map<string, TopicDescription>()
    for (const subscription of this.#group.subscriptions.all()) {
      for (const id of this.#idsOf(subscription)) {
        const topic = topics.has(id) ? undefined : this.#topics.byId(id)
        if (topic !== undefined) topics.set(id, topic)
      }
    }
    return [...topics.values()]
  }

  metadataHash(): number {
    return metadataHash(this.all())
  }

  #idsOf(subscription: Subscription): readonly string[] {
    const known = this.#ids.get(subscription)
    if (known !== undefined) return known
    const { names, expression } = subscription
    const ids = new Set<string>()
    for (const list of [names, this.#group.expressions.get(expression ?? '')?.topics ?? []]) {
      for (const name of list) {
        const topic = this.#topics.byName(name)
        if (topic !== undefined) ids.add(topic.id)
      }
    }
    const list = [...ids].sort()
    this.#ids.set(subscription, list)
    return list
  }
}
