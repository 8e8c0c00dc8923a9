/**
 * All partitions that this broker hosts, as the committed metadata says: the way from a topic's name or id to a `Partition`.
 *
 * It follows the metadata feed and is the only place that does so for partitions: a changed config or leadership reaches the
 * partition before the next request is handled, a deleted topic's logs are removed. A partition comes into being when it is
 * first asked for, so a broker pays for the partitions that are used and not for those that exist.
 *
 * What lies on disk and not in the metadata is left alone (see `report-strays.ts`).
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { LogDirectory } from '@millrace/log'
import type { ClusterImage, ImageDelta, MetadataFeed, TopicConfig, TopicImage } from '@millrace/metadata'
import type { Clock, Logger } from '@millrace/runtime'
import { Partition } from './partition.ts'

export interface PartitionManagerOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly logger: Logger
  readonly logDirectory: LogDirectory
  readonly feed: MetadataFeed
  /** The effective config of a topic. */
  topicConfig(image: ClusterImage, topic: string): TopicConfig
}

/** A topic of the image, with what of it is hosted here. */
interface HostedTopic {
  image: TopicImage
  config: TopicConfig
  /** By partition number; a hole where nobody asked yet. */
  readonly partitions: (Partition | undefined)[]
}

export class PartitionManager {
  readonly #options: PartitionManagerOptions
  readonly #byName = new Map<string, HostedTopic>()
  readonly #byId = new Map<string, HostedTopic>()
  readonly #unsubscribe: () => void
  #isServing = true

  constructor(options: PartitionManagerOptions) {
    this.#options = options
    this.#unsubscribe = options.feed.subscribe((image, delta) => this.#follow(image, delta))
  }

  /** A partition that is led here, or the error that a client is told. */
  find(topic: string, index: number): Partition | ErrorCode {
    return this.#partitionOf(this.#topicByName(topic), index, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  }

  findById(topicId: string, index: number): Partition | ErrorCode {
    return this.#partitionOf(this.#topicById(topicId), index, ERROR_CODES.UNKNOWN_TOPIC_ID)
  }

  /** A broker that the cluster may not count on any more leads nothing, whatever the metadata that it has says. */
  setServing(isServing: boolean): void {
    this.#isServing = isServing
  }

  /** Whose log a directory of that name holds, and how it is to be kept; null for a partition that is not hosted here. */
  configFor(name: string, index: number): { readonly topicId: string; readonly config: TopicConfig } | null {
    const topic = this.#topicByName(name)
    const isHosted = topic?.image.partitions[index]?.replicas.includes(this.#options.nodeId) ?? false
    return topic === undefined || !isHosted ? null : { topicId: topic.image.id, config: topic.config }
  }

  /** Every partition that was asked for so far. */
  *hosted(): Generator<Partition, undefined> {
    for (const topic of this.#byName.values()) for (const partition of topic.partitions) if (partition !== undefined) yield partition
    return undefined
  }

  close(): void {
    this.#unsubscribe()
    for (const partition of this.hosted()) partition.close()
  }

  #partitionOf(topic: HostedTopic | undefined, index: number, unknownTopic: ErrorCode): Partition | ErrorCode {
    if (topic === undefined) return unknownTopic
    const existing = topic.partitions[index]
    const image = topic.image.partitions[index]
    if (image === undefined) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
    if (image.leader !== this.#options.nodeId) return ERROR_CODES.NOT_LEADER_OR_FOLLOWER
    if (!this.#isServing) {
      return this.#options.logDirectory.offlineError === null ? ERROR_CODES.NOT_LEADER_OR_FOLLOWER : ERROR_CODES.KAFKA_STORAGE_ERROR
    }
    if (existing !== undefined) return existing
    const { clock, logger, logDirectory } = this.#options
    const partition = new Partition(topic.image.name, index, topic.image.id, image, topic.config, {
      clock,
      logger,
      openLog: (name, number, topicId, config) => logDirectory.open(name, number, topicId, config),
    })
    topic.partitions[index] = partition
    return partition
  }

  #topicByName(name: string): HostedTopic | undefined {
    return this.#byName.get(name) ?? this.#host(this.#options.feed.image().topics.get(name))
  }

  #topicById(id: string): HostedTopic | undefined {
    return this.#byId.get(id) ?? this.#host(this.#options.feed.image().topics.getById(id))
  }

  #host(image: TopicImage | undefined): HostedTopic | undefined {
    if (image === undefined) return undefined
    const config = this.#options.topicConfig(this.#options.feed.image(), image.name)
    const topic: HostedTopic = { image, config, partitions: [] }
    this.#byName.set(image.name, topic)
    this.#byId.set(image.id, topic)
    return topic
  }

  #follow(image: ClusterImage, delta: ImageDelta): void {
    for (const { before, after } of delta.topics.values()) {
      if (before !== null && after === null) this.#drop(before)
      const hosted = after === null ? undefined : this.#byId.get(after.id)
      if (after !== null && hosted !== undefined) this.#update(hosted, after, hosted.config)
    }
    const brokerConfigChanged = delta.configs.some(({ type }) => type === 'broker')
    const changed = brokerConfigChanged
      ? [...this.#byName.values()]
      : delta.configs.map(({ name }) => this.#byName.get(name)).filter((topic) => topic !== undefined)
    for (const topic of changed) this.#update(topic, topic.image, this.#options.topicConfig(image, topic.image.name))
  }

  #update(topic: HostedTopic, image: TopicImage, config: TopicConfig): void {
    topic.image = image
    topic.config = config
    topic.partitions.forEach((partition, index) => {
      const partitionImage = image.partitions[index]
      if (partition === undefined || partitionImage === undefined) return
      if (partitionImage.leader === this.#options.nodeId) return partition.update(partitionImage, config)
      // Should it be led here again, it begins anew with what the log holds then.
      partition.close()
      topic.partitions[index] = undefined
    })
  }

  /** A topic was deleted: its readers and writers are told, its logs go. */
  #drop(image: TopicImage): void {
    const topic = this.#byId.get(image.id)
    this.#byId.delete(image.id)
    if (topic !== undefined && this.#byName.get(image.name) === topic) this.#byName.delete(image.name)
    for (const partition of topic?.partitions ?? []) partition?.close()
    image.partitions.forEach((partition, index) => {
      if (!partition.replicas.includes(this.#options.nodeId)) return
      this.#options.logDirectory.delete(image.name, index).catch((error: unknown) => {
        this.#options.logger.error('log was not deleted', { topic: image.name, partition: index, error })
      })
    })
  }
}
