/**
 * The one place where a cluster image changes: image + batch of records = next image + what changed.
 *
 * Total for every sequence of records that a controller writes, deterministic, and proportional to the change: a topic's
 * partition list is copied once a batch, everything else is shared. A record that does not fit the image means that the log
 * is not what this image was built from; it throws, and nothing of the batch is applied.
 */
import { METADATA_ERROR_CODES, MetadataError } from '../errors.ts'
import type {
  BrokerRegistrationChangeRecord,
  ConfigRecord,
  MetadataRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  RemoveTopicRecord,
  TopicRecord,
  UnregisterBrokerRecord,
} from '../records/metadata-record.ts'
import { isInternalTopic } from '../topic-name.ts'
import type { BrokerImage, ClusterImage, ConfigsImage, ControllerImage } from './cluster-image.ts'
import type { ConfigResource, ImageDelta, TopicDelta } from './image-delta.ts'
import type { PartitionImage, TopicImage, TopicsImage } from './topics-image.ts'

export interface Applied {
  readonly image: ClusterImage
  readonly delta: ImageDelta
}

export interface BatchPosition {
  /** Where the batch is in the metadata log. All of its records have this offset, since they take effect as one. */
  readonly offset: number
  /** Epoch of the controller that wrote the batch. */
  readonly epoch: number
}

/** The whole batch at once, or an exception and nothing. */
export function applyRecords(image: ClusterImage, records: readonly MetadataRecord[], position: BatchPosition): Applied {
  const builder = new ImageBuilder(image)
  for (const record of records) builder.apply(record, position.offset)
  return builder.build(position.offset, position.epoch)
}

/** A topic that this batch touches: its partitions are copied once and then changed in place. */
interface DraftTopic {
  readonly id: string
  readonly name: string
  readonly before: TopicImage | null
  readonly partitions: PartitionImage[]
  readonly touched: Set<number>
}

class ImageBuilder {
  readonly #base: ClusterImage
  readonly #drafts = new Map<string, DraftTopic>()
  readonly #removedTopics = new Map<string, TopicImage>()
  /** Of drafts that are not among `#topics` yet. */
  readonly #newNames = new Set<string>()
  #topics: TopicsImage
  readonly #draftConfigs = new Map<string, { readonly resource: ConfigResource; readonly overrides: Map<string, string> }>()
  #configs: ConfigsImage
  #brokers: Map<number, BrokerImage> | null = null
  readonly #touchedBrokers = new Set<number>()
  #controllers: Map<number, ControllerImage> | null = null
  #features: Map<string, number> | null = null
  #nextProducerId: number

  constructor(base: ClusterImage) {
    this.#base = base
    this.#topics = base.topics
    this.#configs = base.configs
    this.#nextProducerId = base.nextProducerId
  }

  apply(record: MetadataRecord, offset: number): void {
    switch (record.type) {
      case 'topic':
        return this.#topic(record)
      case 'partition':
        return this.#partition(record)
      case 'partition-change':
        return this.#partitionChange(record)
      case 'remove-topic':
        return this.#removeTopic(record)
      case 'register-broker':
        return this.#registerBroker(record, offset)
      case 'broker-registration-change':
        return this.#brokerRegistrationChange(record)
      case 'unregister-broker':
        return this.#unregisterBroker(record)
      case 'register-controller':
        return this.#registerController(record)
      case 'config':
        return this.#config(record)
      case 'producer-ids':
        return this.#producerIds(record)
      case 'feature-level': {
        this.#features ??= new Map(this.#base.features)
        if (record.level === 0) this.#features.delete(record.name)
        else this.#features.set(record.name, record.level)
        return
      }
      case 'no-op':
        return
      default:
        return unknownRecord(record)
    }
  }

  build(offset: number, epoch: number): Applied {
    const topicDeltas = new Map<string, TopicDelta>()
    for (const before of this.#removedTopics.values()) {
      topicDeltas.set(before.id, { before, after: null, partitions: new Set() })
    }
    const changed: TopicImage[] = []
    for (const draft of this.#drafts.values()) {
      const isInternal = isInternalTopic(draft.name)
      const after: TopicImage = { id: draft.id, name: draft.name, isInternal, partitions: draft.partitions }
      changed.push(after)
      topicDeltas.set(draft.id, { before: draft.before, after, partitions: draft.touched })
    }
    const configs: ConfigResource[] = []
    let configsImage = this.#configs
    for (const { resource, overrides } of this.#draftConfigs.values()) {
      configsImage = configsImage.with(resource.type, resource.name, overrides)
      configs.push(resource)
    }
    const base = this.#base
    return {
      image: {
        clusterId: base.clusterId,
        offset,
        epoch,
        brokers: this.#brokers ?? base.brokers,
        controllers: this.#controllers ?? base.controllers,
        topics: this.#topics.with(changed),
        configs: configsImage,
        features: this.#features ?? base.features,
        nextProducerId: this.#nextProducerId,
      },
      delta: {
        topics: topicDeltas,
        configs,
        brokers: this.#touchedBrokers,
        featuresChanged: this.#features !== null,
        producerIdsChanged: this.#nextProducerId !== base.nextProducerId,
      },
    }
  }

  #topic(record: TopicRecord): void {
    const isNameTaken = this.#hasTopic(record.name)
    const isIdTaken = this.#drafts.has(record.topicId) || this.#topics.getById(record.topicId) !== undefined
    if (isNameTaken || isIdTaken) throw misplaced(record, `topic ${record.name} (id ${record.topicId}) is there already`)
    const draft = { id: record.topicId, name: record.name, before: null, partitions: [], touched: new Set<number>() }
    this.#drafts.set(record.topicId, draft)
    this.#newNames.add(record.name)
  }

  #partition(record: PartitionRecord): void {
    const draft = this.#draft(record, record.topicId)
    if (record.partition !== draft.partitions.length) {
      throw misplaced(record, `partition ${record.partition} of ${draft.name} does not follow ${draft.partitions.length - 1}`)
    }
    draft.touched.add(record.partition)
    draft.partitions.push({
      replicas: record.replicas,
      isr: record.isr,
      elr: record.elr,
      lastKnownElr: record.lastKnownElr,
      addingReplicas: record.addingReplicas,
      removingReplicas: record.removingReplicas,
      leader: record.leader,
      leaderEpoch: record.leaderEpoch,
      partitionEpoch: record.partitionEpoch,
      recoveryState: record.recoveryState,
    })
  }

  #partitionChange(record: PartitionChangeRecord): void {
    const draft = this.#draft(record, record.topicId)
    const old = draft.partitions[record.partition]
    if (old === undefined) throw misplaced(record, `${draft.name} has no partition ${record.partition}`)
    draft.touched.add(record.partition)
    draft.partitions[record.partition] = {
      replicas: record.replicas ?? old.replicas,
      isr: record.isr ?? old.isr,
      elr: record.elr ?? old.elr,
      lastKnownElr: record.lastKnownElr ?? old.lastKnownElr,
      addingReplicas: record.addingReplicas ?? old.addingReplicas,
      removingReplicas: record.removingReplicas ?? old.removingReplicas,
      leader: record.leader ?? old.leader,
      leaderEpoch: record.leader === undefined ? old.leaderEpoch : old.leaderEpoch + 1,
      partitionEpoch: old.partitionEpoch + 1,
      recoveryState: record.recoveryState ?? old.recoveryState,
    }
  }

  #removeTopic(record: RemoveTopicRecord): void {
    const draft = this.#drafts.get(record.topicId)
    const topic = this.#topics.getById(record.topicId)
    const name = draft?.name ?? topic?.name
    if (name === undefined) throw misplaced(record, `no topic has id ${record.topicId}`)
    this.#drafts.delete(record.topicId)
    this.#newNames.delete(name)
    if (topic !== undefined) {
      this.#removedTopics.set(record.topicId, topic)
      this.#topics = this.#topics.without(topic)
    }
    this.#removeConfigs({ type: 'topic', name })
  }

  #registerBroker(record: RegisterBrokerRecord, offset: number): void {
    this.#setBroker({
      id: record.brokerId,
      epoch: record.brokerEpoch === -1 ? offset : record.brokerEpoch,
      incarnationId: record.incarnationId,
      listeners: record.listeners,
      rack: record.rack,
      directoryIds: record.directoryIds,
      features: record.features,
      isFenced: record.isFenced,
      isInControlledShutdown: record.isInControlledShutdown,
    })
  }

  #brokerRegistrationChange(record: BrokerRegistrationChangeRecord): void {
    const broker = this.#registered(record)
    this.#setBroker({
      ...broker,
      isFenced: record.isFenced ?? broker.isFenced,
      isInControlledShutdown: record.isInControlledShutdown ?? broker.isInControlledShutdown,
    })
  }

  #unregisterBroker(record: UnregisterBrokerRecord): void {
    const { id } = this.#registered(record)
    this.#brokers ??= new Map(this.#base.brokers)
    this.#brokers.delete(id)
    this.#touchedBrokers.add(id)
  }

  /** The broker that the record is about, under the epoch that it is meant for. */
  #registered(record: BrokerRegistrationChangeRecord | UnregisterBrokerRecord): BrokerImage {
    const broker = (this.#brokers ?? this.#base.brokers).get(record.brokerId)
    if (broker === undefined) throw misplaced(record, `broker ${record.brokerId} is not registered`)
    if (broker.epoch !== record.brokerEpoch) {
      throw misplaced(record, `broker ${record.brokerId} has epoch ${broker.epoch}, the record is for ${record.brokerEpoch}`)
    }
    return broker
  }

  #registerController(record: RegisterControllerRecord): void {
    const { nodeId: id, directoryId, host, port } = record
    this.#controllers ??= new Map(this.#base.controllers)
    this.#controllers.set(id, { id, directoryId, host, port })
  }

  #config(record: ConfigRecord): void {
    const { resourceType: type, resourceName: name } = record
    if (type === 'topic' && !this.#hasTopic(name)) throw misplaced(record, `there is no topic ${name}`)
    const key = `${type} ${name}`
    let draft = this.#draftConfigs.get(key)
    if (draft === undefined) {
      draft = { resource: { type, name }, overrides: new Map(this.#configs.get(type, name)) }
      this.#draftConfigs.set(key, draft)
    }
    if (record.value === null) draft.overrides.delete(record.name)
    else draft.overrides.set(record.name, record.value)
  }

  #producerIds(record: ProducerIdsRecord): void {
    if (record.nextProducerId < this.#nextProducerId) {
      throw misplaced(record, `producer ids below ${this.#nextProducerId} are given away, not only those below ${record.nextProducerId}`)
    }
    this.#nextProducerId = record.nextProducerId
  }

  #hasTopic(name: string): boolean {
    return this.#newNames.has(name) || this.#topics.get(name) !== undefined
  }

  #draft(record: MetadataRecord, topicId: string): DraftTopic {
    const known = this.#drafts.get(topicId)
    if (known !== undefined) return known
    const before = this.#topics.getById(topicId)
    if (before === undefined) throw misplaced(record, `no topic has id ${topicId}`)
    const draft = { id: topicId, name: before.name, before, partitions: before.partitions.slice(), touched: new Set<number>() }
    this.#drafts.set(topicId, draft)
    return draft
  }

  #setBroker(broker: BrokerImage): void {
    this.#brokers ??= new Map(this.#base.brokers)
    this.#brokers.set(broker.id, broker)
    this.#touchedBrokers.add(broker.id)
  }

  #removeConfigs(resource: ConfigResource): void {
    const hadDraft = this.#draftConfigs.delete(`${resource.type} ${resource.name}`)
    const hadAny = this.#configs.get(resource.type, resource.name).size > 0
    if (!hadDraft && !hadAny) return
    this.#draftConfigs.set(`${resource.type} ${resource.name}`, { resource, overrides: new Map() })
    this.#configs = this.#configs.with(resource.type, resource.name, new Map())
  }
}

function misplaced(record: MetadataRecord, problem: string): MetadataError {
  return new MetadataError(METADATA_ERROR_CODES.recordMisplaced, `metadata record "${record.type}" does not fit: ${problem}`)
}

function unknownRecord(record: never): never {
  const type = String((record as { readonly type?: unknown }).type)
  throw new MetadataError(METADATA_ERROR_CODES.recordUnreadable, `unknown metadata record "${type}"`)
}
