/**
 * Runs the replica machine of one partition against its log: tells it what happens to the log and in the cluster, and does what it
 * decides. While the log is cut or flushed on behalf of a leader, what the metadata says next waits for the end of that.
 */
import type { PartitionLog } from '@millrace/log'
import type { PartitionImage, TopicConfig } from '@millrace/metadata'
import type { ReplicaEffect } from '../replica/effects.ts'
import type { IsrAnswer, ReplicaEvent } from '../replica/events.ts'
import type { FollowerFetch } from '../replica/follower-progress.ts'
import { initialState, type IsrChange, type ReplicaState } from '../replica/state.ts'
import { step } from '../replica/step.ts'
import { type FollowOutcome, followLeader, type LeaderAnswer } from './follow-leader.ts'
import type { PartitionServices } from './partition-services.ts'

export interface ReplicaListener {
  readonly names: { readonly topic: string; readonly partition: number }
  /** As the metadata has it now. */
  assignment(): { readonly image: PartitionImage; readonly config: TopicConfig }
  onHighWatermark(offset: number): void
  /** This broker leads, and is about to take notice that its log goes on. */
  onLogMoving(): void
  /** This broker leads no more. */
  onStopLeading(): void
  onIsrChange(): void
  /** What was to be stored was not, for good. */
  onStorageFailed(error: unknown): void
}

export class ReplicaShell {
  readonly log: PartitionLog
  readonly state: ReplicaState
  readonly #services: PartitionServices
  readonly #listener: ReplicaListener
  #following: Promise<FollowOutcome> | null = null
  #isClosed = false

  constructor(log: PartitionLog, services: PartitionServices, listener: ReplicaListener) {
    this.log = log
    this.#services = services
    this.#listener = listener
    this.state = initialState(services.nodeId, this.#settings, log.highWatermark)
  }

  /** What is being done for the leader; null while nothing is. */
  get following(): Promise<FollowOutcome> | null {
    return this.#following
  }

  /** What the controller is to be asked for; null when it is nothing any more. */
  get isrChange(): IsrChange | null {
    const { role } = this.state
    return role.type === 'leader' && !this.#isClosed ? role.pending : null
  }

  /** Where every replica that lives begins: what lies below is deleted everywhere. */
  get lowWatermark(): number {
    const { role, brokers } = this.state
    let lowest = this.log.logStartOffset
    if (role.type !== 'leader') return lowest
    for (const { replicaId, logStartOffset } of role.followers.values()) {
      if (brokers.has(replicaId)) lowest = Math.min(lowest, logStartOffset)
    }
    return lowest
  }

  close(): void {
    this.#isClosed = true
  }

  /** The metadata, or a config, has changed. */
  assign(): void {
    if (this.#isClosed || this.#following !== null) return
    const { log } = this
    this.#step({
      type: 'assigned',
      assignment: this.#listener.assignment().image,
      settings: this.#settings,
      brokers: this.#services.eligibleBrokers(),
      endOffset: log.logEndOffset,
      ownOffset: this.#ownOffset,
      nowMs: this.#services.clock.monotonic(),
    })
    this.logMoved()
  }

  /** The log was appended to, or more of it is durable. */
  logMoved(): void {
    const { role } = this.state
    if (role.type !== 'leader') return
    const { log } = this
    if (log.logEndOffset !== role.endOffset) this.#listener.onLogMoving()
    const ownOffset = this.#ownOffset
    // A flush stores the epochs too, but in a `replicated` topic nothing waits for one, and it may have had no room for them.
    if (ownOffset === log.storedEpochsEndOffset && ownOffset < this.#heldOffset) this.#storeEpochs()
    this.#step({ type: 'log-moved', endOffset: log.logEndOffset, ownOffset, nowMs: this.#services.clock.monotonic() })
  }

  brokersChanged(): void {
    this.#step({ type: 'brokers-changed', brokers: this.#services.eligibleBrokers(), nowMs: this.#services.clock.monotonic() })
  }

  timePassed(): void {
    this.#step({ type: 'time-passed', nowMs: this.#services.clock.monotonic() })
  }

  followerFetched(replicaId: number, fetch: FollowerFetch, nowMs: number): void {
    this.#step({ type: 'follower-fetched', replicaId, fetch, nowMs })
  }

  isrAnswered(change: IsrChange, answer: IsrAnswer): void {
    if (!this.#isClosed) this.#step({ type: 'isr-answered', change, answer, nowMs: this.#services.clock.monotonic() })
  }

  /** Rejects with the `StorageError` for which this replica cannot go on. */
  async leaderAnswered(answer: LeaderAnswer, isCurrent: () => boolean): Promise<FollowOutcome> {
    const { log, state } = this
    this.#following = followLeader({
      log,
      replica: state,
      answer,
      isFsync: state.settings.isFsync,
      isCurrent,
      perform: (effects) => this.#perform(effects),
      reports: this.#services.reports,
      names: this.#listener.names,
    })
    try {
      return await this.#following
    } finally {
      this.#following = null
      // The metadata may have said something else meanwhile.
      this.assign()
    }
  }

  get #settings(): ReplicaState['settings'] {
    const { minInsyncReplicas, durability, uncleanLeaderElectionEnable } = this.#listener.assignment().config
    const lagTimeMaxMs = this.#services.lagTimeMaxMs()
    return { minInsyncReplicas, isFsync: durability === 'fsync', isUncleanAllowed: uncleanLeaderElectionEnable, lagTimeMaxMs }
  }

  /** What this replica holds, as safely as the topic asks for. */
  get #heldOffset(): number {
    return this.#listener.assignment().config.durability === 'fsync' ? this.log.durableEndOffset : this.log.logEndOffset
  }

  /** How far it counts: a batch of an epoch that is not stored yet does not. */
  get #ownOffset(): number {
    return Math.min(this.#heldOffset, this.log.storedEpochsEndOffset)
  }

  #storeEpochs(): void {
    const { log } = this
    const before = log.storedEpochsEndOffset
    log.storeLeaderEpochs().then(
      () => {
        if (log.storedEpochsEndOffset > before) this.logMoved()
      },
      (error: unknown) => {
        if (!log.isClosed) this.#listener.onStorageFailed(error)
      },
    )
  }

  #step(event: ReplicaEvent): void {
    const effects = step(this.state, event)
    if (effects.length > 0) this.#perform(effects)
  }

  #perform(effects: readonly ReplicaEffect[]): void {
    const { log } = this
    const { logger } = this.#services
    for (const effect of effects) {
      switch (effect.type) {
        case 'move-high-watermark':
          log.setHighWatermark(effect.offset)
          this.#listener.onHighWatermark(effect.offset)
          break
        case 'alter-isr':
          this.#listener.onIsrChange()
          break
        case 'begin-leading':
          log.assignLeaderEpoch(effect.leaderEpoch, effect.startOffset)
          break
        case 'stop-leading':
          this.#listener.onStopLeading()
          break
        case 'move-log-start':
          log.deleteRecordsBefore(effect.offset)
          break
        case 'report':
          logger[effect.level](effect.event, { ...this.#listener.names, ...effect.fields })
          break
        default:
          // What follows a leader's answer is done by the one who brought it.
          break
      }
    }
  }
}
