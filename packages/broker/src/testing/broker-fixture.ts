/**
 * One broker without its sockets, made of the real parts: metadata image, partitions, logs on a disk in memory. Only the
 * controller is a stand-in. Requests and answers go through the codec, so an answer that its version cannot carry fails.
 */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, openLogDirectory } from '@millrace/log'
import type { LogDirectory, PartitionLog } from '@millrace/log'
import { parseTopicConfig, TRANSACTION_VERSION } from '@millrace/metadata'
import type { CreateTopicsCommand, MetadataRecord } from '@millrace/metadata'
import { batchLastOffset, batchSizeInBytes, buildBatch, decodeMessage, encodeMessage } from '@millrace/protocol'
import type { ApiDefinition, BatchInput, Decoded, Encodable, MessageDefinition, RecordInput } from '@millrace/protocol'
import { crc32c, createCompression, createMemoryDisk, killableProcess, nodeRandom, seededRandom, silentLogger } from '@millrace/runtime'
import type { Address, KillableProcess, MemoryDisk } from '@millrace/runtime'
import { advertisedAddress } from '../advertised-address.ts'
import type { BrokerServices } from '../broker-services.ts'
import { brokerConfigOf, brokerSettings, consumerGroupSettings } from '../broker-settings.ts'
import { Coordinators } from '../coordinator/coordinators.ts'
import { GroupKind } from '../coordinator/group-kind.ts'
import { CONSUMER_OFFSETS } from '../coordinator/internal-topics.ts'
import { FetchSessionCache } from '../fetch/fetch-session-cache.ts'
import { errorCodeOf } from '../handlers/error-mapping.ts'
import type { Handler } from '../handlers/handler.ts'
import { createHandlers } from '../handlers/registry.ts'
import { loadDeferred } from '../load-deferred.ts'
import { AppendTurn } from '../partition/append-turn.ts'
import type { Partition } from '../partition/partition.ts'
import { PartitionManager } from '../partition/partition-manager.ts'
import { ProducerIds } from '../produce/producer-ids.ts'
import type { ReplicaStatus } from '../replication/replica-fetchers.ts'
import { TransactionServices } from '../transactions/transaction-services.ts'
import { Exchange } from './exchange.ts'
import { PipeNetwork } from './pipe-network.ts'
import { RecordFeed } from './record-feed.ts'
import { RecordingController, SUCCESS } from './recording-controller.ts'
import { ScriptedVerifier } from './scripted-verifier.ts'
import { StillClock } from './still-clock.ts'

export const CLUSTER_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
export const NODE_ID = 1
/** Where clients of the fixture connect to. */
export const LOCAL: Address = { host: 'broker.test', port: 9092 }

const LOG_PATH = '/data'

export interface FixtureOptions {
  /** Broker configs as from a file. */
  readonly configs?: Readonly<Record<string, string>>
  /** Of this broker; 1 unless it is one of several. */
  readonly nodeId?: number
  /** What several brokers have in common. */
  readonly cluster?: { readonly clock: StillClock; readonly feed: RecordFeed; readonly controller: RecordingController }
  readonly canLosePower?: boolean
  /** Batches of transactions are confirmed by the coordinators of the fixture's own brokers, not by its script. */
  readonly hasTransactions?: boolean
}

export interface PartitionChange {
  readonly leader?: number
  readonly isr?: readonly number[]
  readonly elr?: readonly number[]
}

export class BrokerFixture {
  readonly nodeId: number
  readonly clock: StillClock
  readonly disk: MemoryDisk
  readonly feed: RecordFeed
  readonly controller: RecordingController
  /** What is said of partitions that follow, by `topicId/index`. */
  readonly replicaStatuses = new Map<string, ReplicaStatus>()
  readonly verifier = new ScriptedVerifier()
  readonly #configs: ReadonlyMap<string, string>
  readonly #hasTransactions: boolean
  #services: BrokerServices | null = null
  #process: KillableProcess | null = null
  #handlers: readonly Handler[] = []
  #topicCount = 0

  private constructor(options: FixtureOptions) {
    const { nodeId = NODE_ID, cluster, canLosePower = false, hasTransactions = false } = options
    this.#hasTransactions = hasTransactions
    this.nodeId = nodeId
    this.clock = cluster?.clock ?? new StillClock()
    this.feed = cluster?.feed ?? new RecordFeed(CLUSTER_ID)
    this.controller = cluster?.controller ?? new RecordingController()
    this.disk = createMemoryDisk({ clock: this.clock, canLosePower })
    this.#configs = new Map(Object.entries(options.configs ?? {}))
  }

  /** A broker that is registered, in a cluster without topics. */
  static async start(options: FixtureOptions = {}): Promise<BrokerFixture> {
    // A clock that stands still does not wait for files.
    await loadDeferred()
    const fixture = new BrokerFixture(options)
    await fixture.#open()
    return fixture
  }

  get services(): BrokerServices {
    if (this.#services === null) throw new Error('the fixture is closed')
    return this.#services
  }

  get handlers(): readonly Handler[] {
    return this.#handlers
  }

  async close(): Promise<void> {
    const { coordinators, transactions, partitions, logDirectory } = this.services
    this.#services = null
    coordinators.close()
    transactions.close()
    partitions.close()
    await logDirectory.close()
  }

  /** As a clean stop and a start, with the disk and the metadata that were left. */
  async restart(): Promise<void> {
    await this.close()
    await this.start()
  }

  /** In the middle of whatever goes on: what was written stays, or, when the power is cut, what was synced. */
  kill(powerLossSeed: number | null = null): void {
    this.#process?.kill()
    this.services.coordinators.close()
    this.services.transactions.close()
    this.services.partitions.close()
    this.#services = null
    if (powerLossSeed !== null) this.disk.losePower(seededRandom(powerLossSeed))
  }

  get isRunning(): boolean {
    return this.#services !== null
  }

  /** With what the disk holds. */
  start(): Promise<void> {
    return this.#open()
  }

  addBroker(id: number, registration: { readonly rack?: string; readonly isFenced?: boolean; readonly host?: string } = {}): void {
    this.feed.commit({
      type: 'register-broker',
      brokerId: id,
      brokerEpoch: -1,
      incarnationId: CLUSTER_ID,
      listeners: [{ name: 'PLAINTEXT', host: registration.host ?? '', port: 9000 + id, securityProtocol: 0 }],
      rack: registration.rack ?? null,
      directoryIds: [],
      features: [],
      isFenced: registration.isFenced ?? false,
      isInControlledShutdown: false,
    })
  }

  /** Commits a topic whose partitions have these replicas, the first of which leads, and returns its id. */
  addTopic(name: string, partitions: readonly (readonly number[])[] = [[NODE_ID]], configs: Readonly<Record<string, string>> = {}): string {
    const topicId = `topic-id-${this.#topicCount++}`.padEnd(21, '-').concat('A')
    this.feed.commit(
      { type: 'topic', topicId, name },
      ...partitions.map((replicas, partition) => partitionRecord(topicId, partition, replicas)),
      ...Object.entries(configs).map(
        ([key, value]): MetadataRecord => ({ type: 'config', resourceType: 'topic', resourceName: name, name: key, value }),
      ),
    )
    return topicId
  }

  /** From now on the controller creates the topics that it is asked for, all of whose partitions this broker leads. */
  createTopicsAsAsked(): void {
    this.controller.answers.createTopics = ({ topics }: CreateTopicsCommand) =>
      topics.map(({ name, partitionCount, configs }) => {
        const overrides = Object.fromEntries(configs.map((config) => [config.name, config.value ?? '']))
        this.addTopic(
          name,
          Array.from({ length: partitionCount }, () => [this.nodeId]),
          overrides,
        )
        return { name, ...SUCCESS }
      })
  }

  partition(topic: string, index = 0): Partition {
    const partition = this.services.partitions.find(topic, index)
    if (typeof partition === 'number') throw new Error(`${topic}-${index} cannot be used: error ${partition}`)
    return partition
  }

  /** The partition's log, opened if need be. */
  log(topic: string, index = 0): Promise<PartitionLog> {
    return this.partition(topic, index).open()
  }

  /** What lies in the partition's log, batch by batch. */
  async storedBatches(topic: string, index = 0): Promise<Uint8Array[]> {
    const found = this.services.partitions.findReadable(topic, index)
    if (typeof found === 'number') throw new Error(`${topic}-${index} is not here: ${found}`)
    const log = await found.open()
    const batches: Uint8Array[] = []
    for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
      const read = log.read({ offset, maxBytes: Number.MAX_SAFE_INTEGER, endOffset: log.logEndOffset, atLeastOneBatch: true })
      if (read.type === 'empty') throw new Error(`${topic}-${index} has nothing at ${offset}`)
      const bytes = read.type === 'bytes' ? read.bytes.slice() : new Uint8Array(read.sizeBytes)
      if (read.type === 'region') {
        read.file.readSync(bytes, read.position)
        read.release()
      }
      for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at)) {
        batches.push(bytes.slice(at, at + batchSizeInBytes(bytes, at)))
        offset = batchLastOffset(bytes, at) + 1
      }
    }
    return batches
  }

  /** Commits a change of one partition: its replicas in sync, or its leader, which begins a new leader epoch. */
  changePartition(topic: string, index: number, change: PartitionChange): void {
    const topicId = this.feed.image().topics.get(topic)?.id
    if (topicId === undefined) throw new Error(`${topic} does not exist`)
    this.feed.commit({ type: 'partition-change', topicId, partition: index, ...change })
  }

  setTopicConfig(topic: string, key: string, value: string | null): void {
    this.feed.commit({ type: 'config', resourceType: 'topic', resourceName: topic, name: key, value })
  }

  /** For all brokers. */
  setBrokerConfig(key: string, value: string | null): void {
    this.feed.commit({ type: 'config', resourceType: 'broker', resourceName: '', name: key, value })
  }

  /** Commits one more partition of a topic. */
  addPartition(topic: string, replicas: readonly number[]): void {
    const image = this.feed.image().topics.get(topic)
    if (image === undefined) throw new Error(`${topic} does not exist`)
    this.feed.commit(partitionRecord(image.id, image.partitions.length, replicas))
  }

  removeTopic(name: string): void {
    const topicId = this.feed.image().topics.get(name)?.id
    if (topicId === undefined) throw new Error(`${name} does not exist`)
    this.feed.commit({ type: 'remove-topic', topicId })
  }

  /** Appends one batch and makes it durable. */
  async append(topic: string, index: number, records: readonly Partial<RecordInput>[], producer: Partial<BatchInput> = {}): Promise<void> {
    const log = await this.log(topic, index)
    const partition = this.partition(topic, index)
    const inputs = records.map((record) => ({ timestamp: this.clock.now(), key: null, value: null, ...record }))
    const outcome = partition.stage(buildBatch({ records: inputs, crc32c, ...producer }), () => {})
    if (outcome.type !== 'staged') throw new Error(`the batch was not staged: ${JSON.stringify(outcome)}`)
    partition.commitStaged()
    await log.flush()
  }

  /** What a client gets for this request in this version. */
  async call<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): Promise<Decoded<Res>> {
    return this.send(api, version, request).answer()
  }

  /** Sends a request that ends its turn, and whose answer may be long in coming. */
  send<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): Exchange<Res> {
    const [exchange] = this.sendTogether(api, version, [request])
    return exchange as Exchange<Res>
  }

  /** Sends requests that arrive in one turn of the loop. */
  sendTogether<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    requests: readonly Encodable<Req>[],
  ): Exchange<Res>[] {
    const handler = this.#handlers.find((candidate) => candidate.api.key === api.key)
    if (handler === undefined) throw new Error(`${api.name} is not served`)
    const frames = requests.map((request) => encodeMessage(api.request, version, request))
    const exchanges = frames.map((frame) => {
      const exchange = new Exchange<Res>(api, version)
      exchange.start(handler, decodeMessage(api.request, version, frame))
      return exchange
    })
    this.services.turn.commit()
    // The read buffer is used for what comes next.
    for (const frame of frames) frame.fill(0xee)
    return exchanges
  }

  async #open(): Promise<void> {
    const { nodeId, feed, controller } = this
    const process = killableProcess(this.disk, this.clock)
    this.#process = process
    const { clock, disk } = process
    const runtime = { clock, random: nodeRandom, disk, logger: silentLogger, compression: createCompression(), crc32c }
    const settings = DEFAULT_LOG_DIRECTORY_SETTINGS
    const logDirectory: LogDirectory = await openLogDirectory({ runtime, path: LOG_PATH, nodeId, settings })
    const config = () => brokerConfigOf(feed.image(), nodeId, this.#configs)
    let isRegistered = false
    const partitions = new PartitionManager({
      nodeId,
      clock,
      logger: silentLogger,
      logDirectory,
      feed,
      controller,
      brokerEpoch: () => (isRegistered ? (feed.image().brokers.get(nodeId)?.epoch ?? -1) : -1),
      lagTimeMaxMs: () => brokerSettings(config()).replicaLagTimeMaxMs,
      topicConfig: (image, topic) => parseTopicConfig(image.configs.topic(topic), config()),
    })
    const turn = new AppendTurn()
    const producerIds = new ProducerIds(controller, () => ({ brokerId: nodeId, brokerEpoch: 0 }), silentLogger)
    const transactions = new TransactionServices({
      ...runtime,
      nodeId,
      feed,
      partitions,
      turn,
      producerIds,
      errorCodeOf,
      network: new PipeNetwork().host(LOCAL.host),
      maxFrameBytes: 1_000_000,
      commitTimeoutMs: () => brokerSettings(config()).coordinatorCommitTimeoutMs,
      settings: () => ({ ...brokerSettings(config()).transactions, featureLevel: feed.image().features.get(TRANSACTION_VERSION) ?? 0 }),
      offsetsTopic: CONSUMER_OFFSETS.name,
      endOffsets: (partition, ended) => coordinators.groups.endTransaction(partition, ended),
    })
    const coordinators = new Coordinators({
      ...runtime,
      nodeId,
      controller,
      feed,
      partitions,
      turn,
      commitTimeoutMs: () => brokerSettings(config()).coordinatorCommitTimeoutMs,
      brokerConfig: config,
      groups: new GroupKind({
        random: nodeRandom,
        image: () => feed.image(),
        settings: () => brokerSettings(config()).groups,
        groupSettings: (configs) => consumerGroupSettings(configs, config()),
      }),
      transactions: transactions.coordinators,
    })
    const services: BrokerServices = {
      ...runtime,
      nodeId,
      clusterId: CLUSTER_ID,
      controller,
      feed,
      logDirectory,
      partitions,
      turn,
      coordinators,
      fetchSessions: new FetchSessionCache(clock, nodeRandom, () => 10),
      producerIds,
      transactionVerifier: this.#hasTransactions ? transactions.verifier : this.verifier,
      transactions,
      replicaStatus: (topicId, index) => this.replicaStatuses.get(`${topicId}/${index}`) ?? null,
      settings: () => brokerSettings(config()),
      brokerConfig: config,
      handlers: () => this.#handlers,
      advertisedAddress: (local) => advertisedAddress({ host: null, port: null }, local),
      errorCodeOf,
    }
    this.#services = services
    this.#handlers = createHandlers(services)
    // Only now, as brokers do: what the metadata says until then is of an earlier life.
    this.addBroker(nodeId)
    isRegistered = true
  }
}

/** A new partition, led by the first of its replicas. */
function partitionRecord(topicId: string, partition: number, replicas: readonly number[]): MetadataRecord {
  return {
    type: 'partition',
    topicId,
    partition,
    replicas,
    isr: replicas,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: replicas[0] ?? -1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    recoveryState: 'recovered',
  }
}
