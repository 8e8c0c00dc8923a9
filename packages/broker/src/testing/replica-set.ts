/**
 * Several brokers in one process with one metadata, between which a test carries the fetches of followers, so that it decides what
 * happens when. The controller is a stand-in that changes an ISR as a real one would, or not, as the test says.
 */
import type { AlterPartitionsCommand, AlterPartitionsOutcome } from '@millrace/metadata'
import { ERROR_CODES, fetchApi } from '@millrace/protocol'
import type { Decoded, ErrorCode, fetchResponse } from '@millrace/protocol'
import type { LeaderAnswer, FollowOutcome } from '../partition/follow-leader.ts'
import type { Partition } from '../partition/partition.ts'
import { BrokerFixture, CLUSTER_ID, type PartitionChange } from './broker-fixture.ts'
import { RecordFeed } from './record-feed.ts'
import { RecordingController, SUCCESS } from './recording-controller.ts'
import { settled } from './settled.ts'
import { StillClock } from './still-clock.ts'

const MIB = 1024 * 1024
const FETCH_VERSION = 17

export class ReplicaSet {
  readonly clock = new StillClock()
  readonly feed = new RecordFeed(CLUSTER_ID)
  readonly controller = new RecordingController()
  readonly brokers = new Map<number, BrokerFixture>()

  private constructor() {
    this.controller.answers.alterPartitions = (command: AlterPartitionsCommand) => this.#alter(command)
  }

  static async start(nodeIds: readonly number[] = [1, 2, 3], canLosePower = false): Promise<ReplicaSet> {
    const set = new ReplicaSet()
    const { clock, feed, controller } = set
    for (const nodeId of nodeIds) {
      set.brokers.set(nodeId, await BrokerFixture.start({ nodeId, cluster: { clock, feed, controller }, canLosePower }))
    }
    return set
  }

  async close(): Promise<void> {
    for (const broker of this.brokers.values()) if (broker.isRunning) await broker.close()
  }

  broker(nodeId: number): BrokerFixture {
    const broker = this.brokers.get(nodeId)
    if (broker === undefined) throw new Error(`there is no broker ${nodeId}`)
    return broker
  }

  /** The partition on that broker, whatever part it has. */
  replica(nodeId: number, topic = 'a', index = 0): Partition {
    const found = this.broker(nodeId).services.partitions.findReadable(topic, index)
    if (typeof found === 'number') throw new Error(`broker ${nodeId} has no ${topic}-${index}: ${found}`)
    return found
  }

  get image() {
    const image = this.feed.image().topics.get('a')?.partitions[0]
    if (image === undefined) throw new Error('there is no topic a')
    return image
  }

  /** Commits who leads, who is in sync, or both. */
  change(change: PartitionChange): void {
    const [any] = this.brokers.values()
    any?.changePartition('a', 0, change)
  }

  /** The controller counts on a broker, or does not any more. */
  setFenced(nodeId: number, isFenced: boolean): void {
    this.feed.commit({ type: 'broker-registration-change', brokerId: nodeId, brokerEpoch: this.brokerEpoch(nodeId), isFenced })
  }

  /** One fetch of a follower from its leader, and what becomes of the answer. Null when it does not follow, or is not ready to. */
  async follow(nodeId: number, brokerEpoch = this.brokerEpoch(nodeId)): Promise<FollowOutcome | null> {
    const asked = await this.ask(nodeId, brokerEpoch)
    return asked === null ? null : this.replica(nodeId).onReplicaFetched(asked)
  }

  /** The answer of the leader to the follower's next fetch, which the follower has not seen yet. */
  async ask(nodeId: number, brokerEpoch = this.brokerEpoch(nodeId)): Promise<LeaderAnswer | null> {
    const partition = this.replica(nodeId)
    await partition.open()
    const position = partition.replicaFetchPosition()
    const leader = this.brokers.get(partition.image.leader)
    if (position === null || leader?.isRunning !== true) return null
    const result = onlyResult(
      await leader.call(fetchApi, FETCH_VERSION, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: MIB,
        replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch },
        topics: [
          {
            topicId: partition.topicId,
            partitions: [{ ...position, partition: partition.index, partitionMaxBytes: MIB }],
          },
        ],
        forgottenTopicsData: [],
      }),
    )
    const { epoch, endOffset } = result.divergingEpoch
    return {
      leaderEpoch: position.currentLeaderEpoch,
      errorCode: result.errorCode as ErrorCode,
      records: result.records,
      highWatermark: result.highWatermark,
      logStartOffset: result.logStartOffset,
      divergingEpoch: endOffset < 0 ? null : { epoch, endOffset },
    }
  }

  /** Followers fetch until nothing changes any more. */
  async catchUp(nodeIds: readonly number[] = this.image.replicas): Promise<void> {
    for (let round = 0; round < 30; round += 1) {
      const before = JSON.stringify(this.#ends())
      for (const nodeId of nodeIds) if (this.broker(nodeId).isRunning) await this.follow(nodeId)
      await settled()
      if (before === JSON.stringify(this.#ends())) return
    }
    throw new Error('replicas do not come to rest')
  }

  brokerEpoch(nodeId: number): number {
    return this.feed.image().brokers.get(nodeId)?.epoch ?? -1
  }

  #ends(): unknown[] {
    return this.image.replicas.map((nodeId) => {
      if (!this.broker(nodeId).isRunning) return null
      const { log, highWatermark } = this.replica(nodeId)
      return [log?.logEndOffset, log?.durableEndOffset, highWatermark, this.image.isr]
    })
  }

  #alter({ brokerId, partitions }: AlterPartitionsCommand): AlterPartitionsOutcome {
    return {
      ...SUCCESS,
      partitions: partitions.map(({ topicId, partition, leaderEpoch, partitionEpoch, newIsr }) => {
        const errorCode = this.#problem(brokerId, leaderEpoch, partitionEpoch, newIsr)
        if (errorCode === ERROR_CODES.NONE) this.change({ isr: newIsr.map((member) => member.brokerId) })
        const { leader, isr, recoveryState, ...epochs } = this.image
        const { leaderEpoch: currentEpoch, partitionEpoch: currentPartitionEpoch } = epochs
        return {
          topicId,
          partition,
          errorCode,
          leader,
          leaderEpoch: currentEpoch,
          partitionEpoch: currentPartitionEpoch,
          isr,
          recoveryState,
        }
      }),
    }
  }

  #problem(
    brokerId: number,
    leaderEpoch: number,
    partitionEpoch: number,
    newIsr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[],
  ): ErrorCode {
    const { image } = this
    if (leaderEpoch < image.leaderEpoch || image.leader !== brokerId) return ERROR_CODES.FENCED_LEADER_EPOCH
    if (partitionEpoch < image.partitionEpoch) return ERROR_CODES.INVALID_UPDATE_VERSION
    const isEligible = (member: { readonly brokerId: number; readonly brokerEpoch: number }): boolean => {
      const broker = this.feed.image().brokers.get(member.brokerId)
      return broker?.isFenced === false && (member.brokerEpoch < 0 || member.brokerEpoch === broker.epoch)
    }
    return newIsr.every(isEligible) ? ERROR_CODES.NONE : ERROR_CODES.INELIGIBLE_REPLICA
  }
}

function onlyResult(answer: Decoded<typeof fetchResponse>): Decoded<typeof fetchResponse>['responses'][number]['partitions'][number] {
  const [result, ...others] = answer.responses.flatMap(({ partitions }) => partitions)
  if (result === undefined || others.length > 0) throw new Error(`the answer is not for one partition: ${answer.errorCode}`)
  return result
}
