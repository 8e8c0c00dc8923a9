/** A partition that follows, without a log: it keeps what it was told, one byte a record, and flushes when the test lets it. */
import { ERROR_CODES } from '@millrace/protocol'
import type { FollowedPartition, ReplicaAnswer, ReplicaFetchPosition, ReplicaOutcome } from '../replication/followed-partition.ts'

export class FakeReplica implements FollowedPartition {
  readonly topic: string
  readonly topicId: string
  readonly index = 0
  image: { leader: number; leaderEpoch: number }
  readonly records: number[] = []
  /** All that it was told but records, in order. */
  readonly told: Omit<ReplicaAnswer, 'records'>[] = []
  highWatermark = -1
  isOpen = true
  /** What it answers instead of taking something. */
  outcome: ReplicaOutcome | Error = 'ready'
  /** Holds back every flush until `flush` is called. */
  isSlow = false
  #flush: (() => void) | null = null

  constructor(topic: string, leader = 2, leaderEpoch = 3) {
    this.topic = topic
    this.topicId = topicIdOf(topic)
    this.image = { leader, leaderEpoch }
  }

  replicaFetchPosition(): ReplicaFetchPosition | null {
    if (!this.isOpen || this.#flush !== null) return null
    const { leaderEpoch } = this.image
    return { fetchOffset: this.records.length, lastFetchedEpoch: leaderEpoch, currentLeaderEpoch: leaderEpoch, logStartOffset: 0 }
  }

  async onReplicaFetched({ records, ...answer }: ReplicaAnswer): Promise<ReplicaOutcome> {
    this.told.push(answer)
    if (this.outcome instanceof Error) throw this.outcome
    if (this.outcome !== 'ready') return this.outcome
    if (answer.errorCode !== ERROR_CODES.NONE) return 'wait'
    if (answer.divergingEpoch !== null) {
      this.records.length = Math.min(this.records.length, answer.divergingEpoch.endOffset)
      return 'ready'
    }
    this.records.push(...(records ?? []))
    this.highWatermark = answer.highWatermark
    if (this.isSlow && (records?.length ?? 0) > 0) await new Promise<void>((resolve) => (this.#flush = resolve))
    return 'ready'
  }

  flush(): void {
    const flush = this.#flush
    this.#flush = null
    flush?.()
  }
}

/** 22 characters of base64 that make 16 bytes. */
export function topicIdOf(topic: string): string {
  return topic.padEnd(21, 'x').concat('A')
}
