/**
 * What a change of configs means for partitions: with another `min.insync.replicas` nobody is eligible by the old one any more,
 * and where unclean elections come to be allowed, partitions without a leader get one.
 *
 * The records go before those of the configs and, if they fit, into the same batch: forgetting who is eligible is right at any
 * time, while a leader that already works with fewer replicas must find nobody who counts on more.
 */
import type { ConfigOverrides, ConfigResourceType, MetadataRecord, TopicImage } from '@millrace/metadata'
import type { CommandContext } from './command.ts'
import { sweepPartitions, type Visitor } from './partition/sweep.ts'
import { type TopicRules, topicRules } from './partition/topic-rules.ts'

const RELEVANT = ['min.insync.replicas', 'unclean.leader.election.enable'] as const

export interface ConsequencesOf {
  readonly type: ConfigResourceType
  /** Topic name, or empty for all brokers. What is set for one broker alone, or for a group, says nothing about topics. */
  readonly name: string
  readonly wanted: ConfigOverrides
}

export function configConsequences({ type, name, wanted }: ConsequencesOf, context: CommandContext): readonly MetadataRecord[] {
  if (type === 'group' || (type === 'broker' && name !== '')) return []
  const { image, config } = context
  const newConfig = type === 'broker' ? config.withAllBrokers(wanted) : config
  if (type === 'broker' && RELEVANT.every((key) => config.lookUp(key)?.value === newConfig.lookUp(key)?.value)) return []
  const overridesOf = (topic: TopicImage): ConfigOverrides => (type === 'topic' ? wanted : image.configs.topic(topic.name))
  const rulesOf = (topic: TopicImage): TopicRules => topicRules(overridesOf(topic), newConfig)
  const only = type === 'topic' ? image.topics.get(name) : null
  const topics = only === null ? image.topics : only === undefined ? [] : [only]
  const records: MetadataRecord[] = []
  for (const topic of topics) {
    const visit = visitorFor(topicRules(image.configs.topic(topic.name), config), rulesOf(topic))
    if (visit === null) continue
    const sweep = sweepPartitions(context, visit, { topics: [topic], rulesOf, limit: Number.POSITIVE_INFINITY })
    for (const record of sweep.records) records.push(record)
  }
  return records
}

/** Null: the change means nothing to the partitions of the topic. */
function visitorFor(before: TopicRules, after: TopicRules): Visitor | null {
  const forgetsElr = before.minInsyncReplicas !== after.minInsyncReplicas
  const electsAnybody = !before.allowsUncleanElection && after.allowsUncleanElection
  if (!forgetsElr && !electsAnybody) return null
  return (partition) => {
    const isAffected = (forgetsElr && partition.elr.length > 0) || (electsAnybody && partition.leader === -1)
    return isAffected ? { forgetsElr } : null
  }
}
