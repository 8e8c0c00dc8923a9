/**
 * The topics that coordinators keep their records in. They are created when the first client looks for a coordinator, with the settings
 * that the broker's configs give them, and never changed afterwards: which partition an id belongs to depends on how many there are.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { BrokerConfig, ClusterImage, ConfigSetting, ControllerPort, MetadataFeed, TopicImage } from '@millrace/metadata'
import type { Clock, Logger } from '@millrace/runtime'

export interface InternalTopic {
  readonly name: string
  settings(config: BrokerConfig): InternalTopicSettings
}

export interface InternalTopicSettings {
  readonly partitionCount: number
  /** Where there are so many brokers; as many as there are where there are fewer. */
  readonly replicationFactor: number
  readonly minInsyncReplicas: number | null
  readonly configs: Readonly<Record<string, string>>
}

/** Whatever the brokers say of other topics: what a coordinator has answered must survive. */
const COMMON_CONFIGS = { 'cleanup.policy': 'compact', durability: 'fsync' } as const

export const CONSUMER_OFFSETS: InternalTopic = {
  name: '__consumer_offsets',
  settings: (config) => ({
    partitionCount: config.get('offsets.topic.num.partitions'),
    replicationFactor: config.get('offsets.topic.replication.factor'),
    minInsyncReplicas: null,
    configs: {
      ...COMMON_CONFIGS,
      'compression.type': 'producer',
      'segment.bytes': String(config.get('offsets.topic.segment.bytes')),
    },
  }),
}

export const TRANSACTION_STATE: InternalTopic = {
  name: '__transaction_state',
  settings: (config) => ({
    partitionCount: config.get('transaction.state.log.num.partitions'),
    replicationFactor: config.get('transaction.state.log.replication.factor'),
    minInsyncReplicas: config.get('transaction.state.log.min.isr'),
    configs: {
      ...COMMON_CONFIGS,
      'compression.type': 'uncompressed',
      'unclean.leader.election.enable': 'false',
      'segment.bytes': String(config.get('transaction.state.log.segment.bytes')),
    },
  }),
}

export interface InternalTopicsOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly controller: ControllerPort
  readonly feed: MetadataFeed
  brokerConfig(): BrokerConfig
}

const LOG_INTERVAL_MS = 1_000

export class InternalTopics {
  readonly #options: InternalTopicsOptions
  /** By name; one creation at a time. */
  readonly #creations = new Map<string, Promise<void>>()
  #loggedMs = Number.NEGATIVE_INFINITY

  constructor(options: InternalTopicsOptions) {
    this.#options = options
  }

  /** The topic as it is, or as it was just created; null when it could not be, which the log explains. */
  async ensure(topic: InternalTopic): Promise<TopicImage | null> {
    const { feed } = this.#options
    const existing = feed.image().topics.get(topic.name)
    if (existing !== undefined) return existing
    let creation = this.#creations.get(topic.name)
    if (creation === undefined) {
      creation = this.#create(topic).finally(() => this.#creations.delete(topic.name))
      this.#creations.set(topic.name, creation)
    }
    await creation
    return feed.image().topics.get(topic.name) ?? null
  }

  async #create(topic: InternalTopic): Promise<void> {
    const { controller, feed, brokerConfig } = this.#options
    const { partitionCount, replicationFactor, configs } = creationOf(topic, brokerConfig(), feed.image())
    try {
      const [created] = await controller.createTopics({
        topics: [{ name: topic.name, partitionCount, replicationFactor, assignments: [], configs }],
        validateOnly: false,
      })
      const errorCode = created?.errorCode ?? ERROR_CODES.NONE
      // Another broker was faster.
      if (errorCode === ERROR_CODES.NONE || errorCode === ERROR_CODES.TOPIC_ALREADY_EXISTS) return
      this.#warn({ topic: topic.name, errorCode, message: created?.errorMessage, replicationFactor })
    } catch (error) {
      this.#warn({ topic: topic.name, error })
    }
  }

  /** Clients ask again and again. */
  #warn(fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#options.clock.monotonic()
    if (nowMs < this.#loggedMs + LOG_INTERVAL_MS) return
    this.#loggedMs = nowMs
    this.#options.logger.warn('an internal topic was not created; groups and transactions need it, and it is tried again', fields)
  }
}

interface Creation {
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly configs: readonly ConfigSetting[]
}

/**
 * Brokers that are registered and down count: the topic is created when they are back, with all the replicas that it is to have, rather
 * than now with fewer for ever.
 */
function creationOf(topic: InternalTopic, config: BrokerConfig, image: ClusterImage): Creation {
  const settings = topic.settings(config)
  const replicationFactor = Math.max(1, Math.min(settings.replicationFactor, image.brokers.size))
  const configs = Object.entries(settings.configs).map(([name, value]) => ({ name, value }))
  if (settings.minInsyncReplicas !== null) {
    configs.push({ name: 'min.insync.replicas', value: String(Math.min(settings.minInsyncReplicas, replicationFactor)) })
  }
  return { partitionCount: settings.partitionCount, replicationFactor, configs }
}
