/**
 * The controller of a cluster of brokers in one test: it decides as little as replication needs. Brokers register, are unfenced
 * by their heartbeats and fenced by the test; leaders are chosen among the in-sync replicas; leaders alter the ISR. All brokers see
 * what it commits at once, unless the test holds the metadata of one back.
 */
import { activeBrokers, CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import type {
  AlteredPartition,
  AlterablePartition,
  AlterPartitionsOutcome,
  BrokerHeartbeatCommand,
  BrokerHeartbeatOutcome,
  ControllerPort,
  MetadataRecord,
  PartitionImage,
  RegisterBrokerCommand,
  RegisteredBroker,
  TopicImage,
} from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { RecordFeed } from './record-feed.ts'
import { RecordingController, SUCCESS } from './recording-controller.ts'

export class FakeController {
  readonly #clusterId: string
  /** All that was committed, a batch an entry. */
  readonly #log: (readonly MetadataRecord[])[] = []
  /** The image that decisions are made from. */
  readonly feed: RecordFeed
  readonly #observers = new Map<number, { readonly feed: RecordFeed; applied: number; isHeld: boolean }>()
  readonly #unreachable = new Set<number>()
  readonly registrations: RegisterBrokerCommand[] = []
  #topics = 0

  constructor(clusterId: string) {
    this.#clusterId = clusterId
    this.feed = new RecordFeed(clusterId)
  }

  /** The metadata as the broker sees it, across its lives. */
  feedOf(brokerId: number): RecordFeed {
    let observer = this.#observers.get(brokerId)
    if (observer === undefined) {
      observer = { feed: new RecordFeed(this.#clusterId), applied: 0, isHeld: false }
      this.#observers.set(brokerId, observer)
      this.#catchUp(observer)
    }
    return observer.feed
  }

  /** The broker sees nothing new until `release`. */
  hold(brokerId: number): void {
    this.feedOf(brokerId)
    const observer = this.#observers.get(brokerId)
    if (observer !== undefined) observer.isHeld = true
  }

  release(brokerId: number): void {
    const observer = this.#observers.get(brokerId)
    if (observer === undefined) return
    observer.isHeld = false
    this.#catchUp(observer)
  }

  /** What the broker asks is not answered, until it is reachable again. */
  setReachable(brokerId: number, isReachable: boolean): void {
    if (isReachable) this.#unreachable.delete(brokerId)
    else this.#unreachable.add(brokerId)
  }

  /** What one life of a broker asks with. The dead ask nothing. */
  portFor(brokerId: number, isAlive: () => boolean): ControllerPort {
    const others = new RecordingController()
    const reached = <Outcome>(answer: () => Outcome): Promise<Outcome> => {
      if (!isAlive()) return new Promise(() => {})
      return this.#unreachable.has(brokerId)
        ? Promise.reject(new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'no controller is reached'))
        : Promise.resolve().then(answer)
    }
    return Object.assign(others, {
      registerBroker: (command: RegisterBrokerCommand) => reached(() => this.#register(command)),
      heartbeat: (command: BrokerHeartbeatCommand) => reached(() => this.#heartbeat(command)),
      alterPartitions: (command: { readonly brokerId: number; readonly partitions: readonly AlterablePartition[] }) =>
        reached(
          (): AlterPartitionsOutcome => ({ ...SUCCESS, partitions: command.partitions.map((part) => this.#alter(command.brokerId, part)) }),
        ),
    })
  }

  commit(...records: readonly MetadataRecord[]): void {
    this.#log.push(records)
    this.feed.commit(...records)
    for (const observer of this.#observers.values()) if (!observer.isHeld) this.#catchUp(observer)
  }

  /** A topic of one partition with these replicas, the first of which leads. */
  addTopic(name: string, replicas: readonly number[], configs: Readonly<Record<string, string>> = {}): string {
    const topicId = `topic-${this.#topics++}`.padEnd(21, '-').concat('A')
    this.commit(
      { type: 'topic', topicId, name },
      {
        type: 'partition',
        topicId,
        partition: 0,
        replicas,
        isr: replicas,
        elr: [],
        lastKnownElr: [],
        addingReplicas: [],
        removingReplicas: [],
        leader: replicas[0] ?? -1,
        recoveryState: 'recovered',
        leaderEpoch: 0,
        partitionEpoch: 0,
      },
      ...Object.entries(configs).map(
        ([key, value]): MetadataRecord => ({ type: 'config', resourceType: 'topic', resourceName: name, name: key, value }),
      ),
    )
    return topicId
  }

  partition(topic: string): PartitionImage {
    const image = this.feed.image().topics.get(topic)?.partitions[0]
    if (image === undefined) throw new Error(`${topic} does not exist`)
    return image
  }

  /** As when its session ended: it leads nothing any more, and is in no ISR where others are. */
  fence(brokerId: number): void {
    const broker = this.feed.image().brokers.get(brokerId)
    if (broker === undefined) return
    this.#leave(brokerId, { type: 'broker-registration-change', brokerId, brokerEpoch: broker.epoch, isFenced: true })
  }

  /** Gives the partition a leader, whoever it is. */
  elect(topic: string, leader: number): void {
    const image = this.feed.image().topics.get(topic)
    if (image !== undefined) this.commit({ type: 'partition-change', topicId: image.id, partition: 0, leader })
  }

  #catchUp(observer: { readonly feed: RecordFeed; applied: number }): void {
    while (observer.applied < this.#log.length) observer.feed.commit(...(this.#log[observer.applied++] ?? []))
  }

  #register(command: RegisterBrokerCommand): RegisteredBroker {
    this.registrations.push(command)
    const { brokerId, incarnationId, listeners, rack, directoryIds, features } = command
    const known = this.feed.image().brokers.get(brokerId)
    if (known?.incarnationId === incarnationId) return { ...SUCCESS, brokerEpoch: known.epoch }
    this.fence(brokerId)
    this.commit({
      type: 'register-broker',
      brokerId,
      brokerEpoch: -1,
      incarnationId,
      listeners,
      rack,
      directoryIds,
      features,
      isFenced: true,
      isInControlledShutdown: false,
    })
    return { ...SUCCESS, brokerEpoch: this.feed.image().offset }
  }

  #heartbeat(command: BrokerHeartbeatCommand): BrokerHeartbeatOutcome {
    const { brokerId, brokerEpoch } = command
    const broker = this.feed.image().brokers.get(brokerId)
    if (broker?.epoch !== brokerEpoch)
      return { ...outcome(ERROR_CODES.STALE_BROKER_EPOCH), isFenced: true, isCaughtUp: false, shouldShutdown: false }
    if (command.wantFence) this.fence(brokerId)
    else if (command.wantShutdown && !broker.isInControlledShutdown) {
      this.#leave(brokerId, { type: 'broker-registration-change', brokerId, brokerEpoch, isInControlledShutdown: true })
      return { ...SUCCESS, isFenced: false, isCaughtUp: true, shouldShutdown: false }
    } else if (broker.isFenced && command.metadataOffset >= brokerEpoch) {
      this.commit({ type: 'broker-registration-change', brokerId, brokerEpoch, isFenced: false })
      this.#settle()
    }
    const now = this.feed.image().brokers.get(brokerId)
    return { ...SUCCESS, isFenced: now?.isFenced ?? true, isCaughtUp: true, shouldShutdown: command.wantShutdown }
  }

  #alter(brokerId: number, { topicId, partition, leaderEpoch, partitionEpoch, newIsr }: AlterablePartition): AlteredPartition {
    const image = this.feed.image().topics.getById(topicId)?.partitions[partition]
    const isEligible = (id: number, epoch: number): boolean => {
      const broker = this.feed.image().brokers.get(id)
      return broker !== undefined && !broker.isFenced && !broker.isInControlledShutdown && broker.epoch === epoch
    }
    let errorCode: ErrorCode = ERROR_CODES.NONE
    if (image === undefined) errorCode = ERROR_CODES.UNKNOWN_TOPIC_ID
    else if (leaderEpoch < image.leaderEpoch || image.leader !== brokerId) errorCode = ERROR_CODES.FENCED_LEADER_EPOCH
    else if (partitionEpoch < image.partitionEpoch) errorCode = ERROR_CODES.INVALID_UPDATE_VERSION
    else if (!newIsr.every((member) => isEligible(member.brokerId, member.brokerEpoch))) errorCode = ERROR_CODES.INELIGIBLE_REPLICA
    else this.commit({ type: 'partition-change', topicId, partition, isr: newIsr.map((member) => member.brokerId) })
    const now = this.feed.image().topics.getById(topicId)?.partitions[partition]
    return {
      topicId,
      partition,
      errorCode,
      leader: now?.leader ?? -1,
      leaderEpoch: now?.leaderEpoch ?? -1,
      partitionEpoch: now?.partitionEpoch ?? -1,
      isr: now?.isr ?? [],
      recoveryState: now?.recoveryState ?? 'recovered',
    }
  }

  /** The broker stops counting: its partitions go to others that are in sync. */
  #leave(brokerId: number, registration: MetadataRecord): void {
    const isActive = (id: number): boolean => id !== brokerId && activeBrokers(this.feed.image()).some((broker) => broker.id === id)
    const changes = this.#partitions().flatMap(([topic, image]): MetadataRecord[] => {
      if (!image.isr.includes(brokerId) && image.leader !== brokerId) return []
      const others = image.isr.filter((id) => id !== brokerId)
      const isr = others.length === 0 ? image.isr : others
      const leader = image.leader === brokerId ? (image.replicas.find((id) => others.includes(id) && isActive(id)) ?? -1) : image.leader
      const change = { type: 'partition-change', topicId: topic.id, partition: 0, isr } as const
      return [leader === image.leader ? change : { ...change, leader }]
    })
    this.commit(registration, ...changes)
  }

  /** Partitions without a leader get one, if a replica in sync is there again. */
  #settle(): void {
    const active = activeBrokers(this.feed.image()).map(({ id }) => id)
    const changes = this.#partitions().flatMap(([topic, image]): MetadataRecord[] => {
      const leader = image.replicas.find((id) => image.isr.includes(id) && active.includes(id))
      if (image.leader >= 0 || leader === undefined) return []
      return [{ type: 'partition-change', topicId: topic.id, partition: 0, leader }]
    })
    if (changes.length > 0) this.commit(...changes)
  }

  #partitions(): (readonly [TopicImage, PartitionImage])[] {
    return [...this.feed.image().topics].flatMap((topic) => topic.partitions.map((partition) => [topic, partition] as const))
  }
}

function outcome(errorCode: ErrorCode): { readonly errorCode: ErrorCode; readonly errorMessage: string } {
  return { errorCode, errorMessage: `error ${errorCode}` }
}
