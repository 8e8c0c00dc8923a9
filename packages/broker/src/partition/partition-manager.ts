/**
 * All partitions that this broker hosts, as the committed metadata says: the way from a topic's name or id to a `Partition`.
 *
 * It follows the metadata feed and is the only place that does so for partitions: a changed config or leadership reaches the
 * partition before the next request is handled, a deleted topic's logs are removed. A partition with replicas elsewhere is there from
 * the beginning, since somebody fetches it; one without comes into being when it is first asked for, so a broker pays for the
 * partitions that are used and not for those that exist. Logs are opened by those who use them in any case.
 *
 * What lies on disk and not in the metadata is left alone (see `report-strays.ts`).
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { LogCorruptError, LogDirectory, StorageError } from '@millrace/log'
import { activeBrokers } from '@millrace/metadata'
import type {
  ClusterImage,
  ControllerPort,
  ImageDelta,
  MetadataFeed,
  PartitionImage,
  TopicConfig,
  TopicIdPartition,
  TopicImage,
} from '@millrace/metadata'
import type { Clock, Logger, Timer } from '@millrace/runtime'
import type { EligibleBrokers } from '../replica/state.ts'
import { IsrChanges } from './isr-changes.ts'
import { Partition } from './partition.ts'
import type { PartitionServices } from './partition-services.ts'
import { RoomReports } from './room-reports.ts'

export interface PartitionManagerOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly logger: Logger
  readonly logDirectory: LogDirectory
  readonly feed: MetadataFeed
  readonly controller: ControllerPort
  /** Of this broker's registration. */
  brokerEpoch(): number
  /** `replica.lag.time.max.ms`. */
  lagTimeMaxMs(): number
  /** The effective config of a topic. */
  topicConfig(image: ClusterImage, topic: string): TopicConfig
}

/** Told of partitions that began or ceased to follow, follow another leader or in another epoch, or can be fetched now. */
export type RolesListener = (changed: readonly Partition[]) => void

/** A topic of the image, with what of it is hosted here. */
interface HostedTopic {
  image: TopicImage
  config: TopicConfig
  /** By partition number; a hole where nobody asked yet. */
  readonly partitions: (Partition | undefined)[]
}

export class PartitionManager {
  readonly #options: PartitionManagerOptions
  readonly #services: PartitionServices
  readonly #isrChanges: IsrChanges
  readonly #byName = new Map<string, HostedTopic>()
  readonly #byId = new Map<string, HostedTopic>()
  readonly #rolesListeners = new Set<RolesListener>()
  readonly #damaged = new Map<Partition, StorageError>()
  /** Found damaged where nobody could lead in this broker's place, by partition: what to do when somebody may. */
  readonly #damagedAlone = new Map<string, () => void>()
  readonly #unsubscribe: () => void
  #eligibleBrokers: EligibleBrokers
  #isServing = true
  #lagTimer: Timer | null = null

  constructor(options: PartitionManagerOptions) {
    this.#options = options
    this.#isrChanges = new IsrChanges(options)
    this.#services = {
      nodeId: options.nodeId,
      clock: options.clock,
      logger: options.logger,
      reports: new RoomReports(options.clock, options.logger),
      openLog: (name, number, topicId, config) => options.logDirectory.open(name, number, topicId, config),
      eligibleBrokers: () => this.#eligibleBrokers,
      lagTimeMaxMs: () => options.lagTimeMaxMs(),
      brokerEpoch: () => options.brokerEpoch(),
      isRegistrationShown: () => options.feed.image().brokers.get(options.nodeId)?.epoch === options.brokerEpoch(),
      isServing: () => this.#isServing,
      onIsrChange: (partition) => this.#isrChanges.add(partition),
      onFollowable: (partition) => this.#tellRoles([partition]),
      onDamaged: (partition, error) => this.#noteDamage(partition, error),
    }
    const image = options.feed.image()
    this.#eligibleBrokers = eligibleBrokersOf(image)
    for (const topic of image.topics) this.#hostReplicated(topic, new Set(topic.partitions.keys()))
    this.#unsubscribe = options.feed.subscribe((next, delta) => this.#follow(next, delta))
    this.#watchLag()
  }

  /** A partition that is led here, or the error that a client is told. */
  find(topic: string, index: number): Partition | ErrorCode {
    return this.#ledOf(this.#topicByName(topic), index, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  }

  findById(topicId: string, index: number): Partition | ErrorCode {
    return this.#ledOf(this.#topicById(topicId), index, ERROR_CODES.UNKNOWN_TOPIC_ID)
  }

  /** A partition that can be read here, from its leader or from a follower. */
  findReadable(topic: string, index: number): Partition | ErrorCode {
    return this.#readableOf(this.#topicByName(topic), index, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  }

  findReadableById(topicId: string, index: number): Partition | ErrorCode {
    return this.#readableOf(this.#topicById(topicId), index, ERROR_CODES.UNKNOWN_TOPIC_ID)
  }

  /** The cluster counts on this broker. */
  get isServing(): boolean {
    return this.#isServing
  }

  /** A broker that the cluster may not count on any more leads nothing, whatever the metadata that it has says. */
  setServing(isServing: boolean): void {
    if (this.#isServing === isServing) return
    this.#isServing = isServing
    for (const partition of this.hosted()) {
      partition.servingChanged(this.#notServing)
      if (partition.isrRequest() !== null) this.#isrChanges.add(partition)
    }
  }

  /** Whose log a directory of that name holds, and how it is to be kept; null for a partition that is not hosted here. */
  configFor(name: string, index: number): { readonly topicId: string; readonly config: TopicConfig } | null {
    const topic = this.#topicByName(name)
    const isHosted = topic?.image.partitions[index]?.replicas.includes(this.#options.nodeId) ?? false
    return topic === undefined || !isHosted ? null : { topicId: topic.image.id, config: topic.config }
  }

  /** Every partition that was asked for so far, or has replicas elsewhere. */
  *hosted(): Generator<Partition, undefined> {
    for (const topic of this.#byName.values()) for (const partition of topic.partitions) if (partition !== undefined) yield partition
    return undefined
  }

  /** Partitions that another broker leads and this one follows. */
  *followed(): Generator<Partition, undefined> {
    for (const partition of this.hosted()) if (partition.isFollower) yield partition
    return undefined
  }

  /** Returns what ends it. The partitions say what they are now: `isFollower`, `image.leader`, `image.leaderEpoch`. */
  onRolesChanged(listener: RolesListener): () => void {
    this.#rolesListeners.add(listener)
    return () => void this.#rolesListeners.delete(listener)
  }

  /** Partitions whose log was found damaged, for the controller to know. */
  failed(): TopicIdPartition[] {
    return Array.from(this.#damaged.keys(), ({ topicId, index }) => ({ topicId, partition: index }))
  }

  /**
   * Records that nobody asked for were found damaged. The replica is given up only where another one has all that is committed, at once
   * or as soon as there is one: a log without a copy is of more use than none.
   */
  damageFound(name: string, index: number, error: LogCorruptError): void {
    const topic = this.#topicByName(name)
    const image = topic?.image.partitions[index]
    if (topic === undefined || image?.replicas.includes(this.#options.nodeId) !== true) return
    if (!this.#isHeldElsewhere(image)) {
      const { id } = topic.image
      // By another leader's word the log may have been cut meanwhile.
      const isSame = (): boolean => this.#byId.get(id)?.image.partitions[index]?.leaderEpoch === image.leaderEpoch
      return void this.#damagedAlone.set(`${name}-${index}`, () => isSame() && this.damageFound(name, index, error))
    }
    this.#noteDamage(topic.partitions[index] ?? this.#host(topic, index), error)
    const { logDirectory, logger } = this.#options
    logDirectory.markDamaged(name, index, error).catch((failure: unknown) => {
      logger.error('the next start cannot be told that a log is damaged', { topic: name, partition: index, error: failure })
    })
  }

  /** Another replica is in sync, or is eligible and would lead. */
  #isHeldElsewhere({ isr, elr }: PartitionImage): boolean {
    const isOther = (brokerId: number): boolean => brokerId !== this.#options.nodeId
    return isr.some(isOther) || elr.some((brokerId) => isOther(brokerId) && this.#eligibleBrokers.has(brokerId))
  }

  close(): void {
    this.#unsubscribe()
    this.#lagTimer?.cancel()
    this.#isrChanges.close()
    for (const partition of this.hosted()) partition.close()
  }

  #ledOf(topic: HostedTopic | undefined, index: number, unknownTopic: ErrorCode): Partition | ErrorCode {
    if (topic === undefined) return unknownTopic
    const image = topic.image.partitions[index]
    if (image === undefined) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
    if (image.leader !== this.#options.nodeId) return ERROR_CODES.NOT_LEADER_OR_FOLLOWER
    if (!this.#isServing) return this.#notServing
    const partition = topic.partitions[index] ?? this.#host(topic, index)
    return partition.isLeader ? partition : ERROR_CODES.NOT_LEADER_OR_FOLLOWER
  }

  #readableOf(topic: HostedTopic | undefined, index: number, unknownTopic: ErrorCode): Partition | ErrorCode {
    if (topic === undefined) return unknownTopic
    const image = topic.image.partitions[index]
    if (image === undefined) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
    if (!image.replicas.includes(this.#options.nodeId)) return ERROR_CODES.NOT_LEADER_OR_FOLLOWER
    return this.#isServing ? (topic.partitions[index] ?? this.#host(topic, index)) : this.#notServing
  }

  get #notServing(): ErrorCode {
    return this.#options.logDirectory.offlineError === null ? ERROR_CODES.NOT_LEADER_OR_FOLLOWER : ERROR_CODES.KAFKA_STORAGE_ERROR
  }

  #host(topic: HostedTopic, index: number): Partition {
    const { name, id, partitions } = topic.image
    const image = partitions[index] as (typeof partitions)[number]
    const partition = new Partition({ topic: name, index, topicId: id }, image, topic.config, this.#services)
    topic.partitions[index] = partition
    return partition
  }

  #topicByName(name: string): HostedTopic | undefined {
    return this.#byName.get(name) ?? this.#know(this.#options.feed.image().topics.get(name))
  }

  #topicById(id: string): HostedTopic | undefined {
    return this.#byId.get(id) ?? this.#know(this.#options.feed.image().topics.getById(id))
  }

  #know(image: TopicImage | undefined): HostedTopic | undefined {
    if (image === undefined) return undefined
    const config = this.#options.topicConfig(this.#options.feed.image(), image.name)
    const topic: HostedTopic = { image, config, partitions: [] }
    this.#byName.set(image.name, topic)
    this.#byId.set(image.id, topic)
    return topic
  }

  /** Partitions that other brokers have too. Returns those that are new here. */
  #hostReplicated(image: TopicImage, indexes: ReadonlySet<number>): Partition[] {
    const { nodeId } = this.#options
    const added: Partition[] = []
    for (const index of indexes) {
      const partition = image.partitions[index]
      if (partition === undefined || partition.replicas.length < 2 || !partition.replicas.includes(nodeId)) continue
      const topic = this.#byId.get(image.id) ?? (this.#know(image) as HostedTopic)
      if (topic.partitions[index] === undefined) added.push(this.#host(topic, index))
    }
    return added
  }

  #follow(image: ClusterImage, delta: ImageDelta): void {
    if (delta.brokers.size > 0) this.#eligibleBrokers = eligibleBrokersOf(image)
    const changed: Partition[] = []
    for (const { before, after, partitions } of delta.topics.values()) {
      if (before !== null && after === null) changed.push(...this.#drop(before))
      if (after === null) continue
      const hosted = this.#byId.get(after.id)
      if (hosted !== undefined) changed.push(...this.#update(hosted, after, hosted.config))
      changed.push(...this.#hostReplicated(after, partitions))
    }
    const brokerConfigChanged = delta.configs.some(({ type }) => type === 'broker')
    const configured = brokerConfigChanged
      ? [...this.#byName.values()]
      : delta.configs.map(({ name }) => this.#byName.get(name)).filter((topic) => topic !== undefined)
    for (const topic of configured) this.#update(topic, topic.image, this.#options.topicConfig(image, topic.image.name))
    if (delta.brokers.size > 0) for (const partition of this.hosted()) partition.brokersChanged()
    if (changed.length > 0) this.#tellRoles(changed)
    const found = [...this.#damagedAlone.values()]
    this.#damagedAlone.clear()
    for (const look of found) look()
  }

  /** Returns those whose part, leader or epoch is another. */
  #update(topic: HostedTopic, image: TopicImage, config: TopicConfig): Partition[] {
    topic.image = image
    topic.config = config
    const changed: Partition[] = []
    topic.partitions.forEach((partition, index) => {
      const partitionImage = image.partitions[index]
      if (partition === undefined || partitionImage === undefined) return
      const { leader, leaderEpoch } = partition.image
      if (partitionImage.replicas.includes(this.#options.nodeId)) partition.update(partitionImage, config)
      else {
        // Others have it now, and the committed metadata says that this broker does not.
        partition.close()
        topic.partitions[index] = undefined
        this.#delete(image.name, index)
      }
      if (partition.isClosed || leader !== partitionImage.leader || leaderEpoch !== partitionImage.leaderEpoch) changed.push(partition)
    })
    return changed
  }

  /** A topic was deleted: its readers and writers are told, its logs go. */
  #drop(image: TopicImage): Partition[] {
    const topic = this.#byId.get(image.id)
    this.#byId.delete(image.id)
    if (topic !== undefined && this.#byName.get(image.name) === topic) this.#byName.delete(image.name)
    const closed = (topic?.partitions ?? []).filter((partition) => partition !== undefined)
    for (const partition of closed) partition.close()
    image.partitions.forEach((partition, index) => {
      if (partition.replicas.includes(this.#options.nodeId)) this.#delete(image.name, index)
    })
    return closed
  }

  #delete(topic: string, index: number): void {
    this.#options.logDirectory.delete(topic, index).catch((error: unknown) => {
      this.#options.logger.error('log was not deleted', { topic, partition: index, error })
    })
  }

  #tellRoles(changed: readonly Partition[]): void {
    for (const partition of changed) if (partition.isClosed) this.#damaged.delete(partition)
    for (const listener of this.#rolesListeners) listener(changed)
  }

  #noteDamage(partition: Partition, error: StorageError): void {
    if (this.#damaged.has(partition)) return
    this.#damaged.set(partition, error)
    const { topic, index } = partition
    this.#options.logger.error('the log of a partition is damaged; the controller is told', { topic, partition: index, error })
  }

  /** Followers that fall behind are noticed within half as much again as they are allowed. */
  #watchLag(): void {
    const { clock, lagTimeMaxMs } = this.#options
    this.#lagTimer = clock.setTimer(lagTimeMaxMs() / 2, () => {
      for (const partition of this.hosted()) partition.timePassed()
      this.#watchLag()
    })
  }
}

function eligibleBrokersOf(image: ClusterImage): EligibleBrokers {
  return new Map(activeBrokers(image).map(({ id, epoch }) => [id, epoch]))
}
