/** A cluster in a test: an image that commands are run against, with chance from a counter. */
import {
  applyRecords,
  assertImageInvariants,
  BrokerConfig,
  type BrokerImage,
  type ClusterImage,
  emptyImage,
  type MetadataRecord,
  type PartitionImage,
} from '@millrace/metadata'
import type { BrokerSessionsView, Command } from '../command.ts'
import { assertControllerInvariants } from '../invariants.ts'
import { failureKey } from '../sessions/state.ts'

/** More steps than any command takes in a test: one that never ends is found. */
const STEPS_MAX = 1000

export class TestCluster {
  image: ClusterImage
  readonly #fromFile: ReadonlyMap<string, string>
  #state: number
  #topicCount = 0
  /** Brokers that were not heard of for too long. */
  readonly silent = new Set<number>()
  /** What brokers said that they have applied; everything, unless it is said here. */
  readonly metadataOffsets = new Map<number, number>()
  readonly shutdownOffsets = new Map<number, number>()
  /** Logs that cannot be opened, as `broker topicId partition`. */
  readonly failed = new Set<string>()
  readonly sessions: BrokerSessionsView = {
    isLive: (brokerId, brokerEpoch) => !this.silent.has(brokerId) && this.image.brokers.get(brokerId)?.epoch === brokerEpoch,
    metadataOffset: (brokerId) => this.metadataOffsets.get(brokerId) ?? this.image.offset,
    shutdownOffset: (brokerId) => this.shutdownOffsets.get(brokerId) ?? Number.POSITIVE_INFINITY,
    hasFailed: (brokerId, topicId, partition) => this.failed.has(`${brokerId} ${failureKey(topicId, partition)}`),
  }
  /** How many batches the last command took. */
  lastBatchCount = 0

  constructor(brokers: readonly Partial<BrokerImage>[] = [{ id: 1 }], fromFile: Record<string, string> = {}, seed = 1) {
    this.#fromFile = new Map(Object.entries(fromFile))
    this.#state = seed
    this.image = emptyImage('cluster')
    for (const broker of brokers) this.apply([registration(broker)])
  }

  /** Runs the command to its end and applies its records, as if they were committed at once. */
  run<Request, Response>(command: Command<Request, Response>, request: Request): Response {
    this.lastBatchCount = 0
    for (let step = 0; step < STEPS_MAX; step++) {
      const {
        batches,
        response,
        isPartial = false,
      } = command(request, {
        image: this.image,
        config: this.config(),
        nextOffset: this.image.offset + 1,
        sessions: this.sessions,
        step,
        random: () => this.random(),
        newTopicId: () => `topic-id-${this.#topicCount++}`.padEnd(22, '-'),
      })
      for (const records of batches) this.apply(records)
      this.lastBatchCount += batches.length
      if (!isPartial) return response
    }
    throw new Error('the command does not come to an end')
  }

  /** A topic with these partitions, as they are: what is left out is as it is in a healthy partition on all brokers. */
  addTopic(name: string, partitions: readonly Partial<PartitionImage>[], configs: Record<string, string> = {}): string {
    const topicId = `topic-id-${this.#topicCount++}`.padEnd(22, '-')
    const all = [...this.image.brokers.keys()]
    this.apply([
      { type: 'topic', topicId, name },
      ...partitions.map((given, partition): MetadataRecord => {
        const replicas = given.replicas ?? all
        const isr = given.isr ?? replicas
        const leader = isr[0] ?? -1
        const empty = { elr: [], lastKnownElr: [], addingReplicas: [], removingReplicas: [], recoveryState: 'recovered' as const }
        return { type: 'partition', topicId, partition, ...empty, leader, leaderEpoch: 5, partitionEpoch: 10, ...given, replicas, isr }
      }),
      ...Object.entries(configs).map(
        ([key, value]): MetadataRecord => ({ type: 'config', resourceType: 'topic', resourceName: name, name: key, value }),
      ),
    ])
    return topicId
  }

  partition(topic: string, index = 0): PartitionImage {
    const partition = this.image.topics.get(topic)?.partitions[index]
    if (partition === undefined) throw new Error(`there is no partition ${index} of ${topic}`)
    return partition
  }

  epochOf(brokerId: number): number {
    return this.image.brokers.get(brokerId)?.epoch ?? -1
  }

  config(): BrokerConfig {
    return new BrokerConfig({ fromFile: this.#fromFile, allBrokers: this.image.configs.defaultBroker() })
  }

  apply(records: readonly MetadataRecord[]): void {
    this.image = applyRecords(this.image, records, { offset: this.image.offset + 1, epoch: 1 }).image
    assertImageInvariants(this.image)
    assertControllerInvariants(this.image)
  }

  /** xorshift32: any seed other than 0 runs through all others. */
  random(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return state >>> 0
  }
}

function registration(broker: Partial<BrokerImage>): MetadataRecord {
  return {
    type: 'register-broker',
    brokerId: broker.id ?? 1,
    brokerEpoch: -1,
    incarnationId: 'incarnation',
    listeners: [],
    rack: broker.rack ?? null,
    directoryIds: broker.directoryIds ?? [],
    features: broker.features ?? [],
    isFenced: broker.isFenced ?? false,
    isInControlledShutdown: broker.isInControlledShutdown ?? false,
  }
}
