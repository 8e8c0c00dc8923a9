/**
 * Goes through the partitions of the cluster and changes those that a visitor says something about, as many as make one
 * step. Whoever gets `isComplete: false` comes again when these records are applied: the visitor then finds what is left.
 */
import type { MetadataRecord, PartitionImage, TopicImage } from '@millrace/metadata'
import { type CommandContext, PARTITIONS_PER_STEP } from '../command.ts'
import { isActiveBroker } from '../new-partition.ts'
import { changePartition, type PartitionChange } from './change-partition.ts'
import { type TopicRules, topicRules } from './topic-rules.ts'

/** What shall change; null leaves the partition alone. */
export type Visitor = (partition: PartitionImage, topic: SweptTopic, index: number) => Wanted | null

export type Wanted = Omit<PartitionChange, 'topicId' | 'partition' | 'before' | 'rules' | 'mayLead'>

export interface SweptTopic {
  readonly id: string
  readonly name: string
  readonly rules: TopicRules
}

export interface Sweep {
  readonly records: readonly MetadataRecord[]
  readonly isComplete: boolean
}

export interface SweepOptions {
  /** Who may lead once the records are applied, as far as it differs from what the image says. */
  readonly isActive?: (brokerId: number) => boolean
  /** `PARTITIONS_PER_STEP` when absent. */
  readonly limit?: number
  readonly topics?: Iterable<TopicImage>
  /** Where other configs are to be in force than the image says. */
  readonly rulesOf?: (topic: TopicImage) => TopicRules
}

export function sweepPartitions(context: CommandContext, visit: Visitor, options: SweepOptions = {}): Sweep {
  const { limit = PARTITIONS_PER_STEP, topics = context.image.topics } = options
  const isActive = options.isActive ?? ((brokerId: number) => isActiveBroker(context.image.brokers.get(brokerId)))
  const rulesOf = options.rulesOf ?? ((topic: TopicImage) => topicRules(context.image.configs.topic(topic.name), context.config))
  const records: MetadataRecord[] = []
  for (const topic of topics) {
    let swept: SweptTopic | null = null
    for (let index = 0; index < topic.partitions.length; index++) {
      const partition = topic.partitions[index] as PartitionImage
      swept ??= new LazyRules(topic, rulesOf)
      const wanted = visit(partition, swept, index)
      if (wanted === null) continue
      const mayLead = (brokerId: number): boolean => isActive(brokerId) && !context.sessions.hasFailed(brokerId, topic.id, index)
      const changed = changePartition({ ...wanted, topicId: topic.id, partition: index, before: partition, rules: swept.rules, mayLead })
      if (changed === null) continue
      if (records.length === limit) return { records, isComplete: false }
      records.push(changed.record)
    }
  }
  return { records, isComplete: true }
}

/** Most topics of a sweep are left alone, and nobody needs to know their rules. */
class LazyRules implements SweptTopic {
  readonly id: string
  readonly name: string
  readonly #topic: TopicImage
  readonly #rulesOf: (topic: TopicImage) => TopicRules
  #rules: TopicRules | null = null

  constructor(topic: TopicImage, rulesOf: (topic: TopicImage) => TopicRules) {
    this.id = topic.id
    this.name = topic.name
    this.#topic = topic
    this.#rulesOf = rulesOf
  }

  get rules(): TopicRules {
    this.#rules ??= this.#rulesOf(this.#topic)
    return this.#rules
  }
}

/**
 * Partitions after a broker ceases to be active: it leads none and is in no ISR. What it had acknowledged may be lost with it,
 * or worthless from now on.
 */
export function withoutBroker(
  brokerId: number,
  has: { readonly lost?: (topic: SweptTopic) => boolean; readonly failed?: boolean } = {},
): Visitor {
  const isIt = (other: number): boolean => other === brokerId
  return (partition, topic) => {
    if (!partition.replicas.includes(brokerId)) return null
    const isMember = partition.leader === brokerId || partition.isr.includes(brokerId)
    const isRemembered = partition.elr.includes(brokerId) || partition.lastKnownElr.includes(brokerId)
    if (!isMember && !isRemembered) return null
    return {
      isr: partition.isr.filter((other) => other !== brokerId),
      ...(has.failed === true ? { hasFailed: isIt } : has.lost?.(topic) === true ? { hasLost: isIt } : {}),
    }
  }
}

/** Partitions without a leader that one of their replicas may lead now; and members of an ISR that are not active leave it. */
export function settle(isActive: (brokerId: number) => boolean): Visitor {
  return (partition) => {
    const isr = partition.isr.filter(isActive)
    if (partition.leader !== -1 && isr.length === partition.isr.length) return null
    return { isr }
  }
}
