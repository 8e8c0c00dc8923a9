/**
 * One partition that this broker hosts: its log, its part in the partition (leader, follower or neither), and those who wait for
 * either to move.
 *
 * It owns the order of things on the produce path. A batch is staged (offsets assigned, nothing written), the turn's batches
 * are written together, then durability and the followers' fetches move the high watermark, and only then are the waiting produces
 * and fetches told. The log is opened at the first use, because a broker with ten thousand partitions must start at once.
 *
 * What is decided about replicas is decided by the machine in `replica/`. The partition never talks to a client and knows no wire
 * format beyond the record batch.
 *
 * Invariants: `logStartOffset <= highWatermark <= logEndOffset` while the log is open; `highWatermark` never retreats while this
 * broker leads.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { type AppendOptions, type AppendOutcome, type PartitionLog, STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import type { IsrMember, PartitionImage, TopicConfig } from '@millrace/metadata'
import type { IsrAnswer } from '../replica/events.ts'
import type { FollowerFetch } from '../replica/follower-progress.ts'
import { type IsrChange, type ReplicaState, requiredInSync } from '../replica/state.ts'
import { type AcknowledgementWaiter, AcknowledgementQueue } from './acknowledgement-queue.ts'
import { FlushSchedule } from './flush-schedule.ts'
import type { FollowOutcome, LeaderAnswer, ReplicaFetchPosition } from './follow-leader.ts'
import { FollowerFlush } from './follower-flush.ts'
import { PartitionReaders, type VisibilityWaiter } from './partition-readers.ts'
import { InheritedLeadership } from './inherited-leadership.ts'
import type { PartitionServices } from './partition-services.ts'
import { ReplicaShell } from './replica-shell.ts'

/** Told once, when the batch is written or could not be. */
export type OnAppended = (errorCode: ErrorCode) => void

export interface PartitionIdentity {
  readonly topic: string
  readonly index: number
  readonly topicId: string
}

/** A follower whose log could not be opened tries again after this long. */
const REOPEN_PAUSE_MS = 1_000
/** Damage stays until somebody repairs it, and to look for it is to read the log: each pause is twice the one before, up to this. */
const DAMAGED_PAUSE_MS_MAX = 60_000

export class Partition {
  readonly topic: string
  readonly index: number
  readonly topicId: string
  readonly #services: PartitionServices
  readonly #inherited: InheritedLeadership
  #config: TopicConfig
  #image: PartitionImage
  /** Null until the log is open. */
  #replica: ReplicaShell | null = null
  #opening: Promise<PartitionLog> | null = null
  #reopenMs = 0
  /** What the log was found to be, until it is looked at again; null while it is sound for all that is known. */
  #damage: { readonly error: unknown; readonly pauseMs: number } | null = null
  #isClosed = false
  readonly #followerFlush = new FollowerFlush((error) => (error === null ? this.#services.onFollowable(this) : this.#failWaiters(error)))

  #staged: OnAppended[] = []
  readonly #acknowledgements = new AcknowledgementQueue()
  /** Those who want to be told of what becomes of it. */
  readonly readers = new PartitionReaders()
  readonly #flushes: FlushSchedule

  constructor({ topic, index, topicId }: PartitionIdentity, image: PartitionImage, config: TopicConfig, services: PartitionServices) {
    this.topic = topic
    this.index = index
    this.topicId = topicId
    this.#inherited = new InheritedLeadership(services)
    this.#inherited.look(image)
    this.#image = image
    this.#config = config
    this.#services = services
    this.#flushes = new FlushSchedule({
      clock: services.clock,
      isAwaited: () => !this.#acknowledgements.isEmpty || this.readers.areConsumers,
      onFailed: (error) => this.#failWaiters(error),
    })
  }

  /** The log, if it is open and ready for the part that the metadata gives this broker. */
  get log(): PartitionLog | null {
    const replica = this.#replica
    return replica !== null && replica.following === null ? replica.log : null
  }

  /** The log as it is now, for those who only read it: also while it is made to follow a leader. */
  get readableLog(): PartitionLog | null {
    return this.#replica?.log ?? null
  }

  get config(): TopicConfig {
    return this.#config
  }

  get image(): PartitionImage {
    return this.#image
  }

  get leaderEpoch(): number {
    return this.#image.leaderEpoch
  }

  /** This broker leads, and may do so. */
  get isLeader(): boolean {
    return this.#inherited.leaderOf(this.#image) === this.#services.nodeId && !this.#isClosed && this.#services.isServing()
  }

  /** Another broker leads, and this one follows it. */
  get isFollower(): boolean {
    const leaderId = this.#inherited.leaderOf(this.#image)
    return leaderId >= 0 && leaderId !== this.#services.nodeId && !this.#isClosed
  }

  /** What is committed may be read here, whoever leads. */
  get isReadable(): boolean {
    return !this.#isClosed && this.#services.isServing()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** What is known of the part that this broker has, and of its followers; null until the log is open. */
  get replica(): ReplicaState | null {
    return this.#replica?.state ?? null
  }

  get highWatermark(): number {
    return this.#replica?.state.highWatermark ?? 0
  }

  /** What `read_committed` readers see the end of. */
  get lastStableOffset(): number {
    return this.#replica?.log.lastStableOffset(this.highWatermark) ?? this.highWatermark
  }

  /** A new leader knows what was committed before its epoch once something of its own is. */
  get isEndKnown(): boolean {
    const role = this.#replica?.state.role
    return role?.type !== 'leader' || this.highWatermark >= role.epochStartOffset
  }

  /** Where every replica that lives begins. */
  get lowWatermark(): number {
    return this.#replica?.lowWatermark ?? 0
  }

  /** `acks=all` can be promised now. */
  get hasEnoughInSyncReplicas(): boolean {
    const state = this.#replica?.state
    if (state !== undefined) return state.isr.length >= requiredInSync(state)
    return this.#image.isr.length >= Math.min(this.#config.minInsyncReplicas, this.#image.replicas.length)
  }

  /** Follows the committed metadata. */
  update(image: PartitionImage, config: TopicConfig): void {
    const isNewEpoch = image.leaderEpoch !== this.#image.leaderEpoch
    // It says in which epoch it was staged, and the next one begins where the log ends.
    if (isNewEpoch) this.commitStaged()
    this.readers.tellNews()
    this.#image = image
    this.#config = config
    this.#inherited.look(image)
    this.#replica?.log.setConfig(config)
    this.#replica?.assign()
    // Also when it goes on to lead: whoever waits in the epoch before is refused now, not when its time is up.
    if (isNewEpoch) this.readers.wakeAll()
  }

  brokersChanged(): void {
    this.readers.tellNews()
    this.#replica?.brokersChanged()
  }

  /** Looks whether followers fell behind. */
  timePassed(): void {
    if (this.isLeader) this.#replica?.timePassed()
  }

  /** The cluster counts on this broker again; or does not, and nobody waits here for a commit (`refusal` is told) or for more to read. */
  servingChanged(refusal: ErrorCode): void {
    if (!this.#services.isServing()) this.#acknowledgements.fail(refusal)
    this.readers.wakeAll()
  }

  /** Opens the log, recovering it where it has to be, and waits until it is ready. Rejects with the log's `StorageError`. */
  open(): Promise<PartitionLog> {
    const replica = this.#replica
    if (replica !== null) {
      const again = (): Promise<PartitionLog> => this.open()
      return replica.following === null ? Promise.resolve(replica.log) : replica.following.then(again, again)
    }
    // Clients ask as often as they like.
    if (this.#damage !== null && this.#services.clock.monotonic() < this.#reopenMs) return Promise.reject(this.#damage.error)
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #open(): Promise<PartitionLog> {
    try {
      const log = await this.#services.openLog(this.topic, this.index, this.topicId, this.#config)
      // What a crash left and this start found is made durable before anybody is told that it is there.
      if (log.durableEndOffset < log.logEndOffset) await log.flush()
      const replica = new ReplicaShell(log, this.#services, {
        names: { topic: this.topic, partition: this.index },
        assignment: () => ({ image: { ...this.#image, leader: this.#inherited.leaderOf(this.#image) }, config: this.#config }),
        onHighWatermark: (offset) => {
          this.#acknowledgements.reached(offset, ERROR_CODES.NONE)
          this.readers.wakeCommitted()
        },
        onStopLeading: () => {
          this.#acknowledgements.fail(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
          this.readers.wakeAll()
        },
        onLogMoving: () => this.readers.tellLogMoving(),
        onIsrChange: () => this.#services.onIsrChange(this),
        onStorageFailed: (error) => this.#failWaiters(error),
      })
      log.onDurable = () => replica.logMoved()
      log.onStartMoved = () => this.readers.tellNews()
      this.#replica = replica
      this.#damage = null
      if (this.#isClosed) replica.close()
      log.setConfig(this.#config)
      replica.assign()
      if (this.isFollower) this.#services.onFollowable(this)
      return log
    } catch (error) {
      const pauseMs = isDamage(error) ? Math.min(2 * (this.#damage?.pauseMs ?? REOPEN_PAUSE_MS / 2), DAMAGED_PAUSE_MS_MAX) : REOPEN_PAUSE_MS
      this.#damage = isDamage(error) ? { error, pauseMs } : null
      this.#reopenMs = this.#services.clock.monotonic() + pauseMs
      this.reportDamage(error)
      throw error
    }
  }

  /**
   * Gives a validated batch its place in the log. Call `commitStaged` before `batch` is reused; `onAppended` is told there, unless the
   * outcome is already final (`duplicate`, `refused`).
   */
  stage(batch: Uint8Array, onAppended: OnAppended, from: Omit<AppendOptions, 'leaderEpoch'> = { origin: 'client' }): AppendOutcome {
    const log = this.log as PartitionLog
    const options = { leaderEpoch: this.leaderEpoch, ...from }
    let outcome = log.stage(batch, options)
    if (outcome.type === 'duplicate' && outcome.lastOffset >= log.logEndOffset) {
      // It repeats a batch of this very turn. Only when that one is written is there something to be a duplicate of.
      this.commitStaged()
      outcome = log.stage(batch, options)
    }
    if (outcome.type === 'staged') this.#staged.push(onAppended)
    return outcome
  }

  /** Writes what was staged and tells those who staged it. */
  commitStaged(): void {
    const [replica, staged] = [this.#replica, this.#staged]
    if (replica === null || staged.length === 0) return
    this.#staged = []
    let errorCode: ErrorCode = ERROR_CODES.NONE
    try {
      replica.log.commitStaged()
    } catch (error) {
      errorCode = ERROR_CODES.KAFKA_STORAGE_ERROR
      this.#services.reports.error('append failed', { topic: this.topic, partition: this.index, error })
    }
    for (const onAppended of staged) onAppended(errorCode)
    // Also after a failure: what lay before the end of a segment may be written.
    replica.logMoved()
    this.#flushes.schedule(replica.log, this.#config)
  }

  /** Tells the waiter when the high watermark is there; at once if it is, or if it never will be. */
  whenAcknowledged(waiter: AcknowledgementWaiter): void {
    if (!this.isLeader) return waiter.onOutcome(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    if (waiter.requiredOffset <= this.highWatermark) return waiter.onOutcome(ERROR_CODES.NONE)
    this.#acknowledgements.add(waiter)
    this.#scheduleFlush()
  }

  cancelAcknowledgement(waiter: AcknowledgementWaiter): void {
    this.#acknowledgements.remove(waiter)
  }

  /** Followers see what is written, others what is committed. */
  addVisibilityWaiter(waiter: VisibilityWaiter, isFollower = false): void {
    this.readers.add(waiter, isFollower)
    if (!isFollower) this.#scheduleFlush()
  }

  removeVisibilityWaiter(waiter: VisibilityWaiter): void {
    this.readers.remove(waiter)
  }

  /** A follower asked for more, in the right epoch and with a log that agrees with this one. An error means that it must not. */
  onFetchByReplica(replicaId: number, fetch: FollowerFetch): ErrorCode {
    const known = this.#services.eligibleBrokers().get(replicaId)
    // An earlier life of that broker asked, and what it had the present one may have lost.
    const isStale = known !== undefined && fetch.brokerEpoch >= 0 && fetch.brokerEpoch < known
    if (isStale || !this.#image.replicas.includes(replicaId)) return ERROR_CODES.NOT_LEADER_OR_FOLLOWER
    this.noteFetch(replicaId, fetch, this.#services.clock.monotonic())
    this.readers.wakeLowWatermark()
    return ERROR_CODES.NONE
  }

  /** It did so then, and nothing has become of the partition since. */
  noteFetch(replicaId: number, fetch: FollowerFetch, askedMs: number): void {
    this.#replica?.followerFetched(replicaId, fetch, askedMs)
  }

  /** What the controller is to be asked for; null when it is nothing any more. */
  isrRequest(): { readonly change: IsrChange; readonly newIsr: readonly IsrMember[] } | null {
    const change = this.#replica?.isrChange ?? null
    const role = this.#replica?.state.role
    if (change === null || role?.type !== 'leader' || !this.isLeader) return null
    const newIsr = change.newIsr.map((brokerId) => ({
      brokerId,
      // As it stated it itself when it fetched: a later life of it may have lost what that one had (KIP-903).
      brokerEpoch: role.followers.get(brokerId)?.brokerEpoch ?? this.#services.brokerEpoch(),
    }))
    return { change, newIsr }
  }

  isrAnswered(change: IsrChange, answer: IsrAnswer): void {
    this.readers.tellNews()
    this.#replica?.isrAnswered(change, answer)
  }

  /** From where the leader is to be asked for more; null while this broker does not follow, or is not ready to. */
  replicaFetchPosition(): ReplicaFetchPosition | null {
    if (!this.isFollower) return null
    const { log } = this
    if (log !== null && this.#config.durability === 'fsync' && !this.#followerFlush.isDone(log)) return null
    if (log !== null) {
      return {
        fetchOffset: log.logEndOffset,
        lastFetchedEpoch: log.latestLeaderEpoch,
        currentLeaderEpoch: this.#image.leaderEpoch,
        logStartOffset: log.logStartOffset,
      }
    }
    if (this.#replica === null && this.#opening === null && this.#services.clock.monotonic() >= this.#reopenMs) this.open().catch(() => {})
    return null
  }

  /**
   * The leader's answer to a fetch from that position. `ready`: it can be asked for more at once; `wait`: after a pause; `failed`: the
   * log of this replica is of no use. `answer.records` are there until this returns its promise.
   */
  async onReplicaFetched(answer: LeaderAnswer): Promise<FollowOutcome> {
    const replica = this.#replica
    if (replica === null || replica.following !== null || !this.isFollower) return 'wait'
    try {
      return await replica.leaderAnswered(answer, () => this.isFollower && this.leaderEpoch === answer.leaderEpoch)
    } catch (error) {
      if (this.#isClosed) return 'wait'
      this.#services.logger.error('a replica could not be kept up', { topic: this.topic, partition: this.index, error })
      this.reportDamage(error)
      return 'failed'
    } finally {
      this.#scheduleFlush()
    }
  }

  /** The partition is gone, or nothing of this broker's any more: everybody who waits is told. Its directory closes or removes the log. */
  close(): void {
    this.#isClosed = true
    this.#replica?.close()
    this.#flushes.stop()
    this.#acknowledgements.fail(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    this.readers.wakeAll()
  }

  /** Somebody met an error of the log: if it is damage, the controller is to know. */
  reportDamage(error: unknown): void {
    if (isDamage(error)) this.#services.onDamaged(this, error)
  }

  #scheduleFlush(): void {
    if (this.#replica !== null) this.#flushes.schedule(this.#replica.log, this.#config)
  }

  /** A flush failed, which is final: nothing that waits for it can be acknowledged. */
  #failWaiters(error: unknown): void {
    if (this.#isClosed) return
    this.#services.logger.error('flush failed', { topic: this.topic, partition: this.index, error })
    this.#acknowledgements.fail(ERROR_CODES.KAFKA_STORAGE_ERROR)
    this.readers.wakeAll()
  }
}

function isDamage(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === STORAGE_ERROR_CODES.corrupt
}
