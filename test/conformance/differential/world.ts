/**
 * What the actors of one scenario know: the ids, generations and epochs that the broker gave them. Scenarios share a broker, so
 * each has a prefix for the names of its groups, topics and transactional ids.
 *
 * It also gives names to what brokers choose freely (member ids, producer ids), by who was given them, so that two brokers'
 * answers can be held against each other.
 */
import { ZERO_UUID } from '@millrace/protocol'

export interface ClassicMember {
  readonly memberId: string
  readonly generation: number
  /** Of the group, as the leader was told. */
  readonly members: readonly string[]
}

export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface OwnedPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export interface ConsumerMember {
  readonly memberId: string
  readonly memberEpoch: number
  readonly assignment: readonly OwnedPartitions[]
}

export interface WorldTopic {
  readonly name: string
  /** As the broker knows it. */
  readonly fullName: string
  readonly topicId: string
}

const NOBODY: ClassicMember = { memberId: '', generation: -1, members: [] }
const NO_CONSUMER: ConsumerMember = { memberId: '', memberEpoch: 0, assignment: [] }
/** Epoch 0 of a producer id that no broker has given out. */
const NO_PRODUCER: Producer = { producerId: 999_999_999, producerEpoch: 0 }

export class World {
  readonly prefix: string
  readonly #topics: readonly WorldTopic[]
  readonly #members = new Map<string, ClassicMember>()
  readonly #consumers = new Map<string, ConsumerMember>()
  readonly #producers = new Map<string, Producer>()
  readonly #sequences = new Map<string, number>()
  readonly #aliases = new Map<string, string>()
  readonly #aliasCounts = new Map<string, number>()

  constructor(prefix: string, topics: readonly WorldTopic[]) {
    this.prefix = prefix
    this.#topics = topics
  }

  /** The name of a group, topic or transactional id of this scenario, as the broker knows it. */
  named(name: string): string {
    return name === '' ? '' : (this.#topics.find((topic) => topic.name === name)?.fullName ?? this.prefix + name)
  }

  /** A text of the broker's with the names that the scenario uses. */
  unnamed(text: string): string {
    return this.#topics.reduce((rest, { name, fullName }) => rest.replaceAll(fullName, name), text).replaceAll(this.prefix, '')
  }

  topicId(topic: string): string {
    return this.#topics.find(({ name }) => name === topic)?.topicId ?? ZERO_UUID
  }

  topicOf(topicId: string): string | null {
    return this.#topics.find((topic) => topic.topicId === topicId)?.name ?? null
  }

  member(actor: string): ClassicMember {
    return this.#members.get(actor) ?? NOBODY
  }

  setMember(actor: string, change: Partial<ClassicMember>): void {
    this.#members.set(actor, { ...this.member(actor), ...change })
  }

  consumer(actor: string): ConsumerMember {
    return this.#consumers.get(actor) ?? NO_CONSUMER
  }

  setConsumer(actor: string, change: Partial<ConsumerMember>): void {
    this.#consumers.set(actor, { ...this.consumer(actor), ...change })
  }

  producer(actor: string): Producer {
    return this.#producers.get(actor) ?? NO_PRODUCER
  }

  setProducer(actor: string, producer: Producer): void {
    this.#producers.set(actor, producer)
    for (const key of this.#sequences.keys()) if (key.startsWith(`${actor}/`)) this.#sequences.delete(key)
  }

  /** The sequence number with which this actor goes on in a partition. */
  nextSequence(actor: string, topic: string, partition: number, count: number): number {
    const key = `${actor}/${topic}/${partition}`
    const next = this.#sequences.get(key) ?? 0
    this.#sequences.set(key, next + count)
    return next
  }

  aliasOf(value: string): string | null {
    return this.#aliases.get(value) ?? null
  }

  /** What a text that the broker made up is called from now on; the first who asks gives the name. */
  alias(value: string, owner: string): string {
    const known = this.#aliases.get(value)
    if (known !== undefined) return known
    const count = (this.#aliasCounts.get(owner) ?? 0) + 1
    this.#aliasCounts.set(owner, count)
    const name = count === 1 ? `<${owner}>` : `<${owner} ${count}>`
    this.#aliases.set(value, name)
    return name
  }
}
