/**
 * What the handlers of one broker share. Each handler takes what it needs from here and keeps nothing of its own, so this is
 * also the list of everything a request can touch.
 */
import type { ErrorCode } from '@millrace/protocol'
import type { LogDirectory } from '@millrace/log'
import type { BrokerConfig, ControllerPort, MetadataFeed } from '@millrace/metadata'
import type { Address, Clock, Compression, Logger, Random } from '@millrace/runtime'
import type { BrokerSettings } from './broker-settings.ts'
import type { Coordinators } from './coordinator/coordinators.ts'
import type { FetchSessionCache } from './fetch/fetch-session-cache.ts'
import type { Handler } from './handlers/handler.ts'
import type { AppendTurn } from './partition/append-turn.ts'
import type { PartitionManager } from './partition/partition-manager.ts'
import type { ProducerIds } from './produce/producer-ids.ts'
import type { ReplicaStatus } from './replication/replica-fetchers.ts'
import type { TransactionServices } from './transactions/transaction-services.ts'
import type { TransactionVerifier } from './transactions/transaction-verifier.ts'

export interface BrokerServices {
  readonly nodeId: number
  readonly clusterId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly compression: Compression
  readonly crc32c: (bytes: Uint8Array) => number
  readonly controller: ControllerPort
  readonly feed: MetadataFeed
  readonly logDirectory: LogDirectory
  readonly partitions: PartitionManager
  readonly turn: AppendTurn
  readonly fetchSessions: FetchSessionCache
  readonly producerIds: ProducerIds
  readonly transactionVerifier: TransactionVerifier
  readonly coordinators: Coordinators
  readonly transactions: TransactionServices
  /** How a partition of this broker's keeps up with its leader; null where it does not follow. */
  replicaStatus(topicId: string, index: number): ReplicaStatus | null
  /** Broker settings as they are in force now; they may change while the broker runs. */
  settings(): BrokerSettings
  /** The same with names, texts and sources, for those who describe or check configs. */
  brokerConfig(): BrokerConfig
  /** All handlers, for ApiVersions. */
  handlers(): readonly Handler[]
  /** What a client that connected to `local` is told to connect to (see `advertised-address.ts`). */
  advertisedAddress(local: Address): Address
  /** The wire's name for an operating error. */
  errorCodeOf(error: unknown): ErrorCode
}
