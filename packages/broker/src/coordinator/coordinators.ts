/** The coordinators of one broker, of all kinds: where clients are sent to find theirs, and what all have in common. */
import type {
  GroupEvent,
  GroupRecord,
  GroupResponse,
  TransactionEvent,
  TransactionRecord,
  TransactionResponse,
  WriteMarkers,
} from '@millrace/coordinator'
import type { MetadataFeed } from '@millrace/metadata'
import type { OwnEffect } from './coordinator-kind.ts'
import type { GroupKind } from './group-kind.ts'
import { HostedCoordinators, type HostedCoordinatorsOptions } from './hosted-coordinators.ts'
import { type InternalTopic, InternalTopics, type InternalTopicsOptions } from './internal-topics.ts'
import { partitionOfKey } from './partition-of-key.ts'

export interface CoordinatorsOptions extends HostedCoordinatorsOptions, InternalTopicsOptions {
  readonly nodeId: number
  readonly feed: MetadataFeed
  readonly groups: GroupKind
  readonly transactions: TransactionCoordinators
}

/** Of one kind. */
export type TransactionCoordinators = HostedCoordinators<TransactionEvent, TransactionRecord, TransactionResponse, WriteMarkers>
export type GroupCoordinators = HostedCoordinators<GroupEvent, GroupRecord, GroupResponse, never>

const NOBODY = -1

export class Coordinators {
  readonly groups: GroupCoordinators
  readonly transactions: TransactionCoordinators
  readonly #nodeId: number
  readonly #feed: MetadataFeed
  readonly #topics: InternalTopics

  constructor(options: CoordinatorsOptions) {
    this.#nodeId = options.nodeId
    this.#feed = options.feed
    this.#topics = new InternalTopics(options)
    this.groups = new HostedCoordinators<GroupEvent, GroupRecord, GroupResponse, never>(options.groups, options)
    this.transactions = options.transactions
  }

  /** The broker that coordinates the group; as `leaderOf`. */
  groupLeader(groupId: string): Promise<number> {
    return this.leaderOf(this.groups, groupId)
  }

  /** The broker that coordinates the transactional id; as `leaderOf`. */
  transactionLeader(transactionalId: string): Promise<number> {
    return this.leaderOf(this.transactions, transactionalId)
  }

  /**
   * The broker that coordinates the key, by coordinators of this kind; -1 while there is none. The topic is created if need be. When it is
   * this broker, its coordinator can be asked when this resolves, or will take longer than a client is made to wait.
   */
  async leaderOf<Event, Record, Response, Own extends OwnEffect>(
    hosted: HostedCoordinators<Event, Record, Response, Own>,
    key: string,
  ): Promise<number> {
    // Code for the first coordinator is read while the disk is busy with the topic. Whoever needs it says if that does not go well.
    if (hosted.partitionOf(key) === null) hosted.kind.load().catch(() => {})
    const partition = await this.#partitionOf(hosted.kind.topic, key)
    if (partition === null) return NOBODY
    const leader = this.#feed.image().topics.get(hosted.kind.topic.name)?.partitions[partition]?.leader ?? NOBODY
    if (leader === this.#nodeId) await hosted.whenReady({ partition })
    return leader
  }

  disconnected(connectionId: number): void {
    this.groups.disconnected(connectionId)
    this.transactions.disconnected(connectionId)
  }

  servingChanged(isServing: boolean): void {
    this.groups.servingChanged(isServing)
    this.transactions.servingChanged(isServing)
  }

  close(): void {
    this.groups.close()
    this.transactions.close()
  }

  async #partitionOf(topic: InternalTopic, key: string): Promise<number | null> {
    const image = await this.#topics.ensure(topic)
    return image === null ? null : partitionOfKey(key, image.partitions.length)
  }
}
