/**
 * The topics of an image, found by name and by id. Immutable: changes answer with a new one that shares the rest.
 *
 * Owns the index of names that Kafka would not tell apart in its metric names ('.' and '_' count as equal there).
 */
import type { RecoveryState } from '../records/metadata-record.ts'
import { PersistentMap } from './persistent-map.ts'

export interface TopicImage {
  readonly id: string
  readonly name: string
  readonly isInternal: boolean
  /** Index = partition number. */
  readonly partitions: readonly PartitionImage[]
}

export interface PartitionImage {
  /** In order of preference: the first is the preferred leader. */
  readonly replicas: readonly number[]
  /** Invariant: within `replicas`; contains `leader` when there is one. */
  readonly isr: readonly number[]
  /** Replicas outside the ISR that hold all that was ever committed. Invariant: within `replicas`, disjoint from `isr`. */
  readonly elr: readonly number[]
  /** Who led last, while nobody leads; the protocol has a list for it. Invariant: at most one, and none while there is a leader. */
  readonly lastKnownElr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  /** -1: none. */
  readonly leader: number
  /** Grows by one with each change of leadership. */
  readonly leaderEpoch: number
  /** Grows by one with every change. */
  readonly partitionEpoch: number
  /** Invariant: while recovering, the ISR is the leader alone, or empty. */
  readonly recoveryState: RecoveryState
}

export class TopicsImage {
  static readonly empty: TopicsImage = new TopicsImage(PersistentMap.empty(), PersistentMap.empty(), PersistentMap.empty())

  readonly #byName: PersistentMap<TopicImage>
  readonly #nameById: PersistentMap<string>
  /** Only names with '.' or '_', by the name with all of them made '_'. Invariant: at most one name each. */
  readonly #nameByCollisionKey: PersistentMap<string>

  private constructor(byName: PersistentMap<TopicImage>, nameById: PersistentMap<string>, nameByCollisionKey: PersistentMap<string>) {
    this.#byName = byName
    this.#nameById = nameById
    this.#nameByCollisionKey = nameByCollisionKey
  }

  get size(): number {
    return this.#byName.size
  }

  get(name: string): TopicImage | undefined {
    return this.#byName.get(name)
  }

  getById(id: string): TopicImage | undefined {
    const name = this.#nameById.get(id)
    return name === undefined ? undefined : this.#byName.get(name)
  }

  /** The existing topic that a new `name` could not be told apart from, if any. */
  collidingWith(name: string): string | undefined {
    const key = collisionKeyOf(name)
    const other = key === null ? undefined : this.#nameByCollisionKey.get(key)
    return other === name ? undefined : other
  }

  /** In no particular order. */
  values(): Generator<TopicImage, undefined> {
    return this.#byName.values()
  }

  [Symbol.iterator](): Generator<TopicImage, undefined> {
    return this.#byName.values()
  }

  /** Adds the topics, or replaces those with the same name and id. */
  with(topics: readonly TopicImage[]): TopicsImage {
    const added = topics.filter((topic) => this.#nameById.get(topic.id) !== topic.name)
    return new TopicsImage(
      this.#byName.setAll(topics.map((topic) => [topic.name, topic])),
      this.#nameById.setAll(added.map((topic) => [topic.id, topic.name])),
      this.#nameByCollisionKey.setAll(added.flatMap(({ name }) => collisionEntry(name))),
    )
  }

  without(topic: TopicImage): TopicsImage {
    const key = collisionKeyOf(topic.name)
    return new TopicsImage(
      this.#byName.delete(topic.name),
      this.#nameById.delete(topic.id),
      key === null ? this.#nameByCollisionKey : this.#nameByCollisionKey.delete(key),
    )
  }
}

/** Names with equal keys collide; null when the name cannot collide with any other. */
export function collisionKeyOf(name: string): string | null {
  return name.includes('.') || name.includes('_') ? name.replaceAll('.', '_') : null
}

function collisionEntry(name: string): readonly (readonly [string, string])[] {
  const key = collisionKeyOf(name)
  return key === null ? [] : [[key, name]]
}
