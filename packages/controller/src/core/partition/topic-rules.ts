/** What a topic's configs say about who may lead its partitions and what counts as enough replicas. */
import { type BrokerConfig, type ConfigOverrides, effectiveTopicValue, TOPIC_CONFIGS } from '@millrace/metadata'

export interface TopicRules {
  /** `min.insync.replicas` as set; a partition with fewer replicas needs no more than it has. */
  readonly minInsyncReplicas: number
  /** A replica that may lack committed records may lead when no other can. */
  readonly allowsUncleanElection: boolean
  /** What is acknowledged may be in memory only, so that a broker which did not stop in good order may have lost it. */
  readonly isLostByCrash: boolean
}

export function topicRules(overrides: ConfigOverrides, config: BrokerConfig): TopicRules {
  const minIsr = effectiveTopicValue('min.insync.replicas', overrides, config)
  const unclean = effectiveTopicValue('unclean.leader.election.enable', overrides, config)
  const durability = effectiveTopicValue('durability', overrides, config)
  return {
    // What is set was checked before; a text that means nothing to this build is the careful default.
    minInsyncReplicas: TOPIC_CONFIGS['min.insync.replicas'].kind.parse(minIsr) ?? 1,
    allowsUncleanElection: TOPIC_CONFIGS['unclean.leader.election.enable'].kind.parse(unclean) ?? false,
    isLostByCrash: TOPIC_CONFIGS.durability.kind.parse(durability) !== 'fsync',
  }
}

/** Replicas that have to be in sync for the high watermark to move. */
export function requiredIsrSize(rules: TopicRules, replicaCount: number): number {
  return Math.min(rules.minInsyncReplicas, replicaCount)
}
