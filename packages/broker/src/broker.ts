/**
 * One broker: composed here from its parts, started, and stopped in the order that keeps every promise.
 *
 * Start: follow the metadata, take the port, have the controller count on this broker, and only then serve: what a client is
 * told is true. Stop: hand over what is led here if there is anybody to hand it to, accept no more, let answers that are under
 * way leave, then let go of the partitions. The log directory is its owner's to close, after the broker: closing it leaves the
 * mark that says which life of the broker ended cleanly.
 */
import { type LogDirectory, startMaintenance } from '@millrace/log'
import { parseTopicConfig, SUPPORTED_FEATURES, TRANSACTION_VERSION } from '@millrace/metadata'
import type { ClusterImage, ControllerPort, MetadataFeed, TopicConfig } from '@millrace/metadata'
import { uuidFromBytes } from '@millrace/protocol'
import { BufferPool } from '@millrace/runtime'
import type { Address, Runtime } from '@millrace/runtime'
import { advertisedAddress } from './advertised-address.ts'
import type { AdvertisedAddressSettings } from './advertised-address.ts'
import type { BrokerServices } from './broker-services.ts'
import { brokerConfigOf, brokerSettings, consumerGroupSettings } from './broker-settings.ts'
import { Coordinators } from './coordinator/coordinators.ts'
import { GroupKind } from './coordinator/group-kind.ts'
import { CONSUMER_OFFSETS } from './coordinator/internal-topics.ts'
import { FetchSessionCache } from './fetch/fetch-session-cache.ts'
import { unsupportedApiVersionsFrame } from './handlers/18-api-versions.ts'
import { errorCodeOf } from './handlers/error-mapping.ts'
import { createHandlers } from './handlers/registry.ts'
import type { Handler } from './handlers/handler.ts'
import type { BrokerFailedError } from './lifecycle/broker-failed-error.ts'
import { BrokerLifecycle } from './lifecycle/broker-lifecycle.ts'
import { Acceptor } from './network/acceptor.ts'
import { BoundedWarnings } from './network/bounded-warnings.ts'
import type { ConnectionServices } from './network/client-connection.ts'
import { RequestMemory } from './network/request-memory.ts'
import { AppendTurn } from './partition/append-turn.ts'
import type { Partition } from './partition/partition.ts'
import { PartitionManager } from './partition/partition-manager.ts'
import { ReplicaFetchers } from './replication/replica-fetchers.ts'
import { reportStrays } from './partition/report-strays.ts'
import { ProducerIds } from './produce/producer-ids.ts'
import { TransactionServices } from './transactions/transaction-services.ts'

/** Buffers kept for the next large frames. */
const POOLED_BYTES = 16 * 1024 * 1024
const CLOSE_GRACE_MS = 3_000
const CONTROLLED_SHUTDOWN_TIMEOUT_MS = 30_000

export interface BrokerOptions {
  readonly runtime: Runtime
  readonly nodeId: number
  readonly clusterId: string
  readonly host: string
  readonly port: number
  readonly advertised: AdvertisedAddressSettings
  readonly rack: string | null
  /** Tells this process from earlier ones of the same id; drawn at random when absent. */
  readonly incarnationId?: string
  readonly controller: ControllerPort
  readonly feed: MetadataFeed
  readonly logDirectory: LogDirectory
  /** Kafka's broker configs as the operator set them, by name. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** How long partitions may take to be handed over before the broker stops; 30 s when absent. */
  readonly controlledShutdownTimeoutMs?: number
  /** Rejects when what the broker stands on has failed: one that is still starting gives up. */
  readonly failed?: Promise<never>
  /**
   * The broker cannot go on, and serves nothing any more: its disk failed, or the controller will not have it. Who runs it
   * ends the process with the message.
   */
  onFatal?(error: BrokerFailedError): void
}

export interface Broker {
  readonly address: Address
  /** Of its registration; it changes when the broker had to register again. */
  readonly brokerEpoch: number
  /** The partitions that are here now, for those who watch and change nothing. */
  hosted(): Iterable<Partition>
  /** The controller is not heard any more: a heartbeat finds out who is. */
  controllerLost(): void
  /** Hands over what is led here, if there is anybody to hand it to, and stops. */
  close(): Promise<void>
}

/**
 * Resolves when clients are served: the broker is registered, and the controller counts on it. Rejects with a `NetworkError`
 * when the address cannot be listened on, and with a `BrokerFailedError` when the controller refuses the broker, or does not let
 * it serve within `initial.broker.registration.timeout.ms`.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { runtime, nodeId, feed, controller, logDirectory } = options
  const { clock, random, logger, network } = runtime

  let config = brokerConfigOf(feed.image(), nodeId, options.staticConfigs)
  let settings = brokerSettings(config)
  // Subscribed before the partitions are, so that they see the new settings.
  const unsubscribe = feed.subscribe((image, delta) => {
    if (!delta.configs.some(({ type }) => type === 'broker')) return
    config = brokerConfigOf(image, nodeId, options.staticConfigs)
    settings = brokerSettings(config)
  })
  const registration = { brokerId: nodeId, brokerEpoch: -1 }
  const turn = new AppendTurn()
  let fetchers = null as ReplicaFetchers | null
  const topicConfig = (image: ClusterImage, topic: string): TopicConfig => parseTopicConfig(image.configs.topic(topic), config)
  const partitions = new PartitionManager({
    nodeId,
    clock,
    logger,
    logDirectory,
    feed,
    controller,
    brokerEpoch: () => registration.brokerEpoch,
    lagTimeMaxMs: () => settings.replicaLagTimeMaxMs,
    topicConfig,
  })
  // Before anything else can happen: coordinators are loaded for what the metadata says.
  partitions.setServing(false)
  const producerIds = new ProducerIds(controller, () => registration, logger)
  const transactions = new TransactionServices({
    ...runtime,
    nodeId,
    feed,
    partitions,
    turn,
    producerIds,
    maxFrameBytes: settings.socketRequestMaxBytes,
    commitTimeoutMs: () => settings.coordinatorCommitTimeoutMs,
    settings: () => ({ ...settings.transactions, featureLevel: feed.image().features.get(TRANSACTION_VERSION) ?? 0 }),
    offsetsTopic: CONSUMER_OFFSETS.name,
    endOffsets: (partition, ended) => coordinators.groups.endTransaction(partition, ended),
    errorCodeOf,
  })
  const coordinators = new Coordinators({
    ...runtime,
    nodeId,
    controller,
    feed,
    partitions,
    turn,
    commitTimeoutMs: () => settings.coordinatorCommitTimeoutMs,
    brokerConfig: () => config,
    groups: new GroupKind({
      random,
      image: () => feed.image(),
      settings: () => settings.groups,
      groupSettings: (configs) => consumerGroupSettings(configs, config),
    }),
    transactions: transactions.coordinators,
  })
  const services: BrokerServices = {
    nodeId,
    clusterId: options.clusterId,
    clock,
    random,
    logger,
    compression: runtime.compression,
    crc32c: runtime.crc32c,
    controller,
    feed,
    logDirectory,
    partitions,
    turn,
    coordinators,
    fetchSessions: new FetchSessionCache(clock, random, () => settings.fetchSessionSlots),
    producerIds,
    transactionVerifier: transactions.verifier,
    transactions,
    replicaStatus: (topicId, index) => fetchers?.statusOf(topicId, index) ?? null,
    settings: () => settings,
    brokerConfig: () => config,
    handlers: () => handlers,
    advertisedAddress: (local) => advertisedAddress(options.advertised, local),
    errorCodeOf,
  }
  const handlers: readonly Handler[] = createHandlers(services)
  const byKey = new Map(handlers.map((handler) => [handler.api.key, handler]))
  const connectionServices: ConnectionServices = {
    clock,
    logger,
    warnings: new BoundedWarnings(logger, clock),
    requestMemory: new RequestMemory({
      pool: new BufferPool({ maxRetainedBytes: POOLED_BYTES }),
      maxBytes: settings.queuedMaxRequestBytes,
    }),
    maxFrameBytes: settings.socketRequestMaxBytes,
    handlerFor: (apiKey) => byKey.get(apiKey),
    unsupportedApiVersions: unsupportedApiVersionsFrame,
    connectionClosed: (connectionId) => coordinators.disconnected(connectionId),
    beginTurn: () => lifecycle.checkTime(clock.monotonic()),
    endTurn: () => turn.commit(),
  }
  const acceptor = new Acceptor({
    network,
    host: options.host,
    port: options.port,
    services: connectionServices,
    maxConnections: () => settings.maxConnections,
    maxIdleMs: () => settings.connectionsMaxIdleMs,
  })
  const address = await acceptor.listen()
  const lifecycle = new BrokerLifecycle({
    clock,
    random,
    logger,
    controller,
    feed,
    settings: {
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      controlledShutdown: settings.controlledShutdown,
      controlledShutdownTimeoutMs: options.controlledShutdownTimeoutMs ?? CONTROLLED_SHUTDOWN_TIMEOUT_MS,
    },
    registration: {
      brokerId: nodeId,
      clusterId: options.clusterId,
      incarnationId: options.incarnationId ?? uuidFromBytes(random.bytes(16)),
      listeners: [
        {
          name: 'PLAINTEXT',
          securityProtocol: 0,
          host: options.advertised.host ?? address.host,
          port: options.advertised.port ?? address.port,
        },
      ],
      rack: options.rack,
      directoryIds: [logDirectory.directoryId],
      features: SUPPORTED_FEATURES,
    },
    previousBrokerEpoch: logDirectory.brokerEpoch,
    startTimeoutMs: settings.registrationTimeoutMs,
    failedPartitions: () => partitions.failed(),
    setServing: (isServing) => {
      partitions.setServing(isServing)
      coordinators.servingChanged(isServing)
    },
    onRegistered: (brokerEpoch) => {
      registration.brokerEpoch = brokerEpoch
      logDirectory.brokerEpoch = brokerEpoch
      // Fenced or not, it follows: that is how it catches up.
      fetchers ??= new ReplicaFetchers({
        nodeId,
        clock,
        random,
        network,
        logger,
        maxFrameBytes: settings.socketRequestMaxBytes,
        settings: () => settings.replicaFetch,
        brokerEpoch: () => registration.brokerEpoch,
        partitions,
        feed,
      })
    },
    onFailed: (error) => options.onFatal?.(error),
  })
  logDirectory.whenOffline((error) => lifecycle.directoryFailed(error))
  let isStarting = true
  options.failed?.catch(() => {
    if (isStarting) return lifecycle.shutDown()
  })
  try {
    await lifecycle.start()
    isStarting = false
  } catch (error) {
    await acceptor.close(0)
    fetchers?.close()
    transactions.close()
    unsubscribe()
    coordinators.close()
    partitions.close()
    throw error
  }
  reportStrays(logDirectory, feed.image(), logger)
  const maintenance = startMaintenance(logDirectory, {
    configFor: (topic, partition) => partitions.configFor(topic, partition),
    onDamaged: ({ topic, partition }, error) => partitions.damageFound(topic, partition, error),
  })
  acceptor.open()

  return {
    address,
    get brokerEpoch() {
      return lifecycle.brokerEpoch
    },
    hosted: () => partitions.hosted(),
    controllerLost: () => lifecycle.controllerLost(),
    async close() {
      await lifecycle.shutDown()
      await acceptor.close(CLOSE_GRACE_MS)
      fetchers?.close()
      transactions.close()
      await maintenance.stop()
      unsubscribe()
      coordinators.close()
      partitions.close()
    },
  }
}
