/**
 * All coordinators of one kind on this broker: the way from a group id or a transactional id to the host of its partition.
 *
 * A coordinator is loaded when it is first asked for, because a broker that nobody's groups are on must start at once; where others
 * have replicas, or the kind asks for it, as soon as this broker leads, because somebody waits. Requests wait for the end of a load, for
 * a while: a client that is told to ask again loses more time by its pause than the load takes.
 */
import type { MachineTime, ReplyToken, TransactionalOrigin } from '@millrace/coordinator'
import type { ClusterImage, ImageDelta, MetadataFeed, PartitionImage } from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Partition } from '../partition/partition.ts'
import type { PartitionManager } from '../partition/partition-manager.ts'
import { confirmVerification } from '../transactions/confirm-verification.ts'
import { CoordinatorHost, type EndedTransaction, type HostServices } from './coordinator-host.ts'
import {
  COORDINATOR_ERRORS,
  type CoordinatorAnswer,
  type CoordinatorError,
  type CoordinatorKind,
  type OwnEffect,
} from './coordinator-kind.ts'
import { timeOf } from './machine-time.ts'
import { partitionOfKey } from './partition-of-key.ts'

/** How long a request waits for a coordinator that is not ready. */
const PATIENCE_MS = 1_000
/** After a failure a coordinator is not loaded again for this long, after a second one for twice as long, and so on. */
const RELOAD_PAUSE_MS = 250
const RELOAD_PAUSE_MAX_MS = 15_000
/** A failure that lies so far back says nothing of the next one. */
const FORGIVEN_AFTER_MS = 60_000

export interface HostedCoordinatorsOptions extends HostServices {
  readonly partitions: PartitionManager
  readonly feed: MetadataFeed
}

/** It is not, or not any more, certain that the transaction is open. */
export interface Unconfirmed {
  readonly type: 'unconfirmed'
  readonly errorCode: ErrorCode
}

/** Which partition is meant: that of a key, or one by its number. */
export type Place = { readonly key: string } | { readonly partition: number }

/** What is asked on behalf of one client. */
export interface Question<Event> {
  readonly connectionId: number
  /** It may have to be stored, and so it is refused while too few replicas are in sync. */
  readonly mayWrite: boolean
  toEvent(token: ReplyToken, time: MachineTime): Event
  /** Hands over what gives up the answer; called at once, and once at the most. */
  readonly onAsked?: ((giveUp: (errorCode: CoordinatorError) => void) => void) | undefined
}

export class HostedCoordinators<Event, Record, Response, Own extends OwnEffect> {
  readonly kind: CoordinatorKind<Event, Record, Response, Own>
  readonly #options: HostedCoordinatorsOptions
  readonly #hosts = new Map<number, CoordinatorHost<Event, Record, Response, Own>>()
  /** Of partitions whose coordinator failed lately. */
  readonly #failures = new Map<number, Failures>()
  /** Requests that wait for other metadata. */
  readonly #metadataWaiters = new Set<() => void>()
  readonly #unsubscribe: readonly (() => void)[]
  #isClosed = false

  constructor(kind: CoordinatorKind<Event, Record, Response, Own>, options: HostedCoordinatorsOptions) {
    this.kind = kind
    this.#options = options
    this.#unsubscribe = [
      options.partitions.onRolesChanged((changed) => this.#rolesChanged(changed)),
      options.feed.subscribe((image, delta) => this.#metadataChanged(image, delta)),
    ]
  }

  /** The partition that the key belongs to; null while there is no topic. */
  partitionOf(key: string): number | null {
    const topic = this.#options.feed.image().topics.get(this.kind.topic.name)
    return topic === undefined ? null : partitionOfKey(key, topic.partitions.length)
  }

  /** Partitions whose coordinators are on this broker. */
  led(): number[] {
    const { feed, partitions } = this.#options
    const count = feed.image().topics.get(this.kind.topic.name)?.partitions.length ?? 0
    return Array.from({ length: count }, (_, index) => index).filter(
      (index) => typeof partitions.find(this.kind.topic.name, index) !== 'number',
    )
  }

  /** Hands the question in at once where a coordinator serves, and otherwise when it does. */
  ask(place: Place, question: Question<Event>): Promise<CoordinatorAnswer<Response>> {
    const host = this.#find(place)
    if (host instanceof CoordinatorHost && host.isServing) return this.#askHost(host, question)
    return this.#ready(place).then((ready) => (ready instanceof CoordinatorHost ? this.#askHost(ready, question) : refused(ready)))
  }

  /**
   * As `ask`, for what is to be written in a transaction: `confirm` asks the transaction's coordinator whether the partition takes part in
   * it, where that is not known here. An `unconfirmed` answer carries what that said, or the log's refusal.
   */
  async askInTransaction(
    place: Place,
    transaction: TransactionalOrigin,
    confirm: (partition: number) => Promise<ErrorCode>,
    question: Question<Event>,
  ): Promise<CoordinatorAnswer<Response> | Unconfirmed> {
    const host = await this.#ready(place)
    if (!(host instanceof CoordinatorHost)) return refused(host)
    if (question.mayWrite && !host.canWrite) return refused(COORDINATOR_ERRORS.notAvailable)
    const confirmed = await confirmVerification({
      clock: this.#options.clock,
      begin: () => host.beginVerification(transaction),
      isInForce: (verification) => host.isInForce(verification),
      ask: () => confirm(host.partition),
    })
    if (confirmed.type === 'denied') return { type: 'unconfirmed', errorCode: confirmed.errorCode }
    const { verification } = confirmed
    return new Promise((resolve) => {
      const toEvent = (token: ReplyToken, time: MachineTime): Event => question.toEvent(token, time)
      const onRefused = (refusal: ErrorCode): void => resolve({ type: 'unconfirmed', errorCode: refusal })
      host.askInTransaction({ transaction, verification }, question.connectionId, toEvent, resolve, onRefused)
    })
  }

  /** Appends a transaction's marker to a partition that it wrote to. */
  endTransaction(partition: number, ended: EndedTransaction): Promise<ErrorCode> {
    return this.#ready({ partition }).then(
      (ready) =>
        new Promise((resolve) => {
          if (ready instanceof CoordinatorHost) ready.endTransaction(ended, resolve)
          else resolve(ready)
        }),
    )
  }

  /** Waits until the coordinator can be asked; NONE, or why it cannot. */
  async whenReady(place: Place): Promise<CoordinatorError | typeof ERROR_CODES.NONE> {
    const ready = await this.#ready(place)
    return ready instanceof CoordinatorHost ? ERROR_CODES.NONE : ready
  }

  disconnected(connectionId: number): void {
    for (const host of this.#hosts.values()) host.disconnected(connectionId)
  }

  /** The cluster counts on this broker, or does not any more. */
  servingChanged(isServing: boolean): void {
    if (!isServing) return this.#endAll()
    const topic = this.#options.feed.image().topics.get(this.kind.topic.name)
    for (const [partition, image] of topic?.partitions.entries() ?? []) if (this.#isWantedAtOnce(image)) this.#find({ partition })
  }

  close(): void {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#endAll()
    this.#tellMetadata()
  }

  #askHost(host: CoordinatorHost<Event, Record, Response, Own>, question: Question<Event>): Promise<CoordinatorAnswer<Response>> {
    if (question.mayWrite && !host.canWrite) return Promise.resolve(refused(COORDINATOR_ERRORS.notAvailable))
    return new Promise((resolve) => {
      const giveUp = host.ask(question.connectionId, (token, time) => question.toEvent(token, time), resolve)
      question.onAsked?.(giveUp)
    })
  }

  /** A host that serves, when there is one; after a while, why there is none. */
  async #ready(place: Place): Promise<CoordinatorHost<Event, Record, Response, Own> | CoordinatorError> {
    const { clock } = this.#options
    const untilMs = clock.monotonic() + PATIENCE_MS
    for (;;) {
      const found = this.#find(place)
      if (!(found instanceof CoordinatorHost)) {
        if (found.waitsFor === null || clock.monotonic() >= untilMs) return found.errorCode
        await this.#until(found.waitsFor, untilMs)
      } else if (found.isServing) return found
      else if (clock.monotonic() >= untilMs) return COORDINATOR_ERRORS.loading
      else await this.#until((wake) => found.whenSettled(wake), untilMs)
    }
  }

  /** Until it happens, or the time is there. */
  #until(whenItDoes: Waits, untilMs: number): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        cancel()
        resolve()
      }
      const timer = clock.setTimer(Math.max(0, untilMs - clock.monotonic()), wake)
      const cancel = whenItDoes(wake)
    })
  }

  /** The host of the partition as it is led now, which may be loading; or why there is none, and what may change that. */
  #find(place: Place): CoordinatorHost<Event, Record, Response, Own> | Absence {
    const index = 'key' in place ? this.partitionOf(place.key) : place.partition
    const { partitions, clock } = this.#options
    if (this.#isClosed) return { errorCode: COORDINATOR_ERRORS.moved, waitsFor: null }
    // Whoever was sent here by another broker comes before the metadata says what that broker knows.
    if (index === null) return { errorCode: COORDINATOR_ERRORS.notAvailable, waitsFor: (wake) => this.#whenMetadata(wake) }
    const partition = partitions.find(this.kind.topic.name, index)
    const host = this.#hosts.get(index)
    if (typeof partition === 'number') {
      host?.end(COORDINATOR_ERRORS.moved)
      return { errorCode: COORDINATOR_ERRORS.moved, waitsFor: null }
    }
    if (host?.isOf(partition) === true) return host
    host?.end(COORDINATOR_ERRORS.moved)
    const pauseMs = (this.#failures.get(index)?.pauseEndMs ?? 0) - clock.monotonic()
    if (pauseMs > 0) return { errorCode: COORDINATOR_ERRORS.loading, waitsFor: (wake) => this.#after(pauseMs, wake) }
    return this.#start(partition)
  }

  #start(partition: Partition): CoordinatorHost<Event, Record, Response, Own> {
    const host = new CoordinatorHost(this.kind, partition, this.#options)
    const { index } = partition
    this.#hosts.set(index, host)
    host.start(() => {
      if (this.#hosts.get(index) === host) this.#hosts.delete(index)
      // It did not end because of another leader: what made it fail may be there still.
      if (partition.isLeader && partition.leaderEpoch === host.leaderEpoch && !this.#isClosed) this.#failed(partition)
      else this.#failures.delete(index)
    })
    return host
  }

  #failed({ index, image }: Partition): void {
    const { clock } = this.#options
    const nowMs = clock.monotonic()
    const before = this.#failures.get(index)
    const count = before === undefined || nowMs > before.pauseEndMs + FORGIVEN_AFTER_MS ? 1 : before.count + 1
    const pauseMs = Math.min(RELOAD_PAUSE_MS * 2 ** (count - 1), RELOAD_PAUSE_MAX_MS)
    this.#failures.set(index, { count, pauseEndMs: nowMs + pauseMs })
    if (this.#isWantedAtOnce(image)) clock.setTimer(pauseMs, () => void this.#find({ partition: index }))
  }

  #isWantedAtOnce({ replicas }: PartitionImage): boolean {
    return this.kind.isEager || replicas.length > 1
  }

  #after(ms: number, wake: () => void): () => void {
    const timer = this.#options.clock.setTimer(ms, wake)
    return () => timer.cancel()
  }

  #whenMetadata(wake: () => void): () => void {
    this.#metadataWaiters.add(wake)
    return () => void this.#metadataWaiters.delete(wake)
  }

  #tellMetadata(): void {
    for (const wake of Array.from(this.#metadataWaiters)) wake()
  }

  #rolesChanged(changed: readonly Partition[]): void {
    for (const partition of changed) {
      if (partition.topic !== this.kind.topic.name) continue
      const host = this.#hosts.get(partition.index)
      if (host?.isOf(partition) === true) continue
      host?.end(COORDINATOR_ERRORS.moved)
      if (partition.isLeader && this.#isWantedAtOnce(partition.image)) this.#find({ partition: partition.index })
    }
  }

  #metadataChanged(image: ClusterImage, delta: ImageDelta): void {
    this.#tellMetadata()
    const { events, concernsAll } = this.kind.metadataNews(image, delta, timeOf(this.#options.clock))
    if (events.length === 0) return
    if (concernsAll) for (const partition of this.led()) this.#find({ partition })
    for (const host of Array.from(this.#hosts.values())) for (const event of events) host.post(() => event)
  }

  #endAll(): void {
    for (const host of Array.from(this.#hosts.values())) host.end(COORDINATOR_ERRORS.moved)
  }
}

interface Failures {
  /** In a row. */
  readonly count: number
  /** Monotonic time before which the coordinator is not loaded again. */
  readonly pauseEndMs: number
}

/** Has `wake` called, in a later turn, when something happens. Returns what withdraws that. */
type Waits = (wake: () => void) => () => void

interface Absence {
  readonly errorCode: CoordinatorError
  /** Null: nothing that is worth waiting for. */
  readonly waitsFor: Waits | null
}

function refused(errorCode: CoordinatorError): { readonly type: 'refused'; readonly errorCode: CoordinatorError } {
  return { type: 'refused', errorCode }
}
