/**
 * Runs the machine of one partition of an internal topic, for as long as this broker leads it in one epoch: loads it from the log, hands
 * events in one after the other, appends what it writes, and lets its answers out when everything before them is committed.
 *
 * A host lives once. Whatever makes its machine doubtful ends it: another leader or epoch, an append that failed, an exception. All
 * who wait for an answer are told, and who asks next finds a new host, with a machine made anew from the log.
 *
 * The machine runs ahead of the log (see `CoordinatorMachine`), so what a machine knows may never be told before it is committed, and
 * nobody but the host appends to the partition.
 */
import type { CoordinatorEffect, CoordinatorMachine, MachineTime, ReplyToken, TransactionalOrigin } from '@millrace/coordinator'
import type { TransactionVerification, TransactionVersion } from '@millrace/log'
import { buildBatch, buildMarker, ERROR_CODES, type ErrorCode, type TransactionMarker } from '@millrace/protocol'
import type { Compression, LogFields } from '@millrace/runtime'
import type { Partition } from '../partition/partition.ts'
import {
  COORDINATOR_ERRORS,
  type CoordinatorAnswer,
  type CoordinatorCode,
  type CoordinatorError,
  type CoordinatorKind,
  type MachinePort,
  type OwnEffect,
} from './coordinator-kind.ts'
import { CoordinatorLog, type CoordinatorLogServices } from './coordinator-log.ts'
import { timeOf } from './machine-time.ts'
import { replayLog } from './replay-log.ts'
import { TimerQueue } from './timer-queue.ts'

export interface HostServices extends CoordinatorLogServices {
  readonly compression: Compression
  readonly crc32c: (bytes: Uint8Array) => number
}

/** A marker of a transaction that wrote to the partition and has ended. */
export interface EndedTransaction extends TransactionalOrigin {
  readonly result: TransactionMarker
  /** Of the transaction's coordinator: an older one is fenced. */
  readonly coordinatorEpoch: number
  readonly transactionVersion: TransactionVersion
}

/** The transaction that a question's records are to be part of, and what its coordinator was asked; null when there was nothing to ask. */
export interface Participation {
  readonly transaction: TransactionalOrigin
  readonly verification: TransactionVerification | null
}

interface Loaded<Event, Record, Response, Own extends OwnEffect> {
  readonly code: CoordinatorCode<Event, Record, Response, Own>
  readonly machine: CoordinatorMachine<Event, Record, CoordinatorEffect<Record, Response> | Own>
}

type Waiting<Response> = (answer: CoordinatorAnswer<Response>) => void
const NO_SEQUENCE = -1

type HostState = 'loading' | 'serving' | 'ended'

interface Letter<Event> {
  readonly event: Event
  /** Who waits for what becomes of it, if anybody does. */
  readonly token: ReplyToken | null
  /** The machine is asked only if what it writes in the transaction may be appended then. */
  readonly participation: (Participation & { onRefused(errorCode: ErrorCode): void }) | null
}

export class CoordinatorHost<Event, Record, Response, Own extends OwnEffect> implements MachinePort<Event> {
  readonly #kind: CoordinatorKind<Event, Record, Response, Own>
  readonly #hosted: Partition
  readonly leaderEpoch: number
  readonly #services: HostServices
  readonly #timers: TimerQueue
  readonly #log: CoordinatorLog
  readonly #waiting = new Map<ReplyToken, Waiting<Response>>()
  /** Connections that events came from and that are open still. */
  readonly #connections = new Set<number>()
  #nextToken = 1
  #state: HostState = 'loading'
  /** Null until its code is there. Invariant: not null when it serves. */
  #loaded: Loaded<Event, Record, Response, Own> | null = null
  readonly #settledWaiters = new Set<() => void>()
  #mailbox: Letter<Event>[] = []
  #isStepping = false
  #onEnded: () => void = () => {}

  constructor(kind: CoordinatorKind<Event, Record, Response, Own>, hosted: Partition, services: HostServices) {
    this.#kind = kind
    this.#hosted = hosted
    this.leaderEpoch = hosted.leaderEpoch
    this.#services = services
    this.#timers = new TimerQueue(services.clock, (key) => this.post((time) => kind.timerEvent(key, time)))
    this.#log = new CoordinatorLog(hosted, services, (errorCode) => this.end(errorCode))
  }

  get partition(): number {
    return this.#hosted.index
  }

  get isServing(): boolean {
    return this.#state === 'serving'
  }

  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  /** It is the host of this partition, as it is led now. */
  isOf(partition: Partition): boolean {
    return this.#hosted === partition && this.leaderEpoch === partition.leaderEpoch && partition.isLeader && !this.isEnded
  }

  /** What is appended now can be committed. */
  get canWrite(): boolean {
    return this.#hosted.hasEnoughInSyncReplicas
  }

  /** Wakes once, when a load is over: it serves, or has ended. Returns what withdraws that. */
  whenSettled(wake: () => void): () => void {
    this.#settledWaiters.add(wake)
    return () => void this.#settledWaiters.delete(wake)
  }

  /** Reads the log. `onEnded` is called once, whenever it ends, however that comes about. */
  start(onEnded: () => void): void {
    this.#onEnded = onEnded
    this.#load().catch((error: unknown) => {
      if (this.isEnded) return
      this.#services.logger.error('a coordinator could not be loaded', { ...this.#names, error })
      this.#hosted.reportDamage(error)
      this.end(COORDINATOR_ERRORS.notAvailable)
    })
  }

  /**
   * Hands in what a client asks, while it serves. `onAnswer` is called once: with the machine's answer, or with why there is none.
   * Returns what gives up the answer, which is then refused with the reason given.
   */
  ask(
    connectionId: number,
    toEvent: (token: ReplyToken, time: MachineTime) => Event,
    onAnswer: (answer: CoordinatorAnswer<Response>) => void,
  ): (errorCode: CoordinatorError) => void {
    const token = this.#nextToken++
    this.#waiting.set(token, onAnswer)
    this.#connections.add(connectionId)
    if (!this.isServing) this.#refuse(token, this.isEnded ? COORDINATOR_ERRORS.moved : COORDINATOR_ERRORS.loading)
    else this.#post((time) => toEvent(token, time), token)
    return (errorCode) => this.#refuse(token, errorCode)
  }

  /**
   * What has to be confirmed by the transaction's coordinator before something is asked that is written in the transaction; null when it
   * is under way here.
   */
  beginVerification(transaction: TransactionalOrigin): TransactionVerification | null {
    const batch = { ...transaction, firstSequence: NO_SEQUENCE, lastSequence: NO_SEQUENCE }
    return this.#hosted.log?.producerState.beginVerification(batch, this.#services.clock.now()) ?? null
  }

  isInForce(verification: TransactionVerification): boolean {
    return this.#hosted.log?.producerState.isInForce(verification) ?? false
  }

  /** As `ask`, in a transaction. `onRefused` is told instead when the log does not take its records: it may have ended meanwhile. */
  askInTransaction(
    participation: Participation,
    connectionId: number,
    toEvent: (token: ReplyToken, time: MachineTime) => Event,
    onAnswer: (answer: CoordinatorAnswer<Response>) => void,
    onRefused: (errorCode: ErrorCode) => void,
  ): void {
    const token = this.#nextToken++
    this.#waiting.set(token, onAnswer)
    this.#connections.add(connectionId)
    if (!this.isServing) this.#refuse(token, this.isEnded ? COORDINATOR_ERRORS.moved : COORDINATOR_ERRORS.loading)
    else this.#post((time) => toEvent(token, time), token, { ...participation, onRefused })
  }

  /** What is handed in while it loads is kept until it serves. */
  post(toEvent: (time: MachineTime) => Event): void {
    this.#post(toEvent, null)
  }

  /**
   * Appends the marker of a transaction that wrote here and has ended, after which its records count or never will. `onOutcome` is told
   * once: NONE when the marker is committed, the log's refusal, or why this coordinator could not see to it.
   */
  endTransaction(ended: EndedTransaction, onOutcome: (errorCode: ErrorCode) => void): void {
    if (!this.#isLeading()) return onOutcome(COORDINATOR_ERRORS.moved)
    if (!this.isServing) return onOutcome(COORDINATOR_ERRORS.loading)
    // It could not be committed, and would be written again with each attempt.
    if (!this.canWrite) return onOutcome(COORDINATOR_ERRORS.notAvailable)
    const { result, transactionVersion, ...origin } = ended
    const { clock, crc32c } = this.#services
    const marker = buildMarker({ type: result, ...origin, timestamp: clock.now(), crc32c })
    const staged = this.#log.append(marker, { transactionVersion })
    if (staged.type !== 'staged') return onOutcome(staged.errorCode)
    const token = this.#nextToken++
    this.#waiting.set(token, (answer) => onOutcome(answer.type === 'refused' ? answer.errorCode : ERROR_CODES.NONE))
    this.#guard(token, () => {
      this.#serving.machine.replayMarker(ended.producerId, ended.producerEpoch, result)
      this.#log.whenCommitted({
        onCommitted: () => {
          if (this.#waiting.delete(token)) onOutcome(ERROR_CODES.NONE)
        },
        onTimedOut: () => this.#refuse(token, COORDINATOR_ERRORS.notAvailable),
      })
    })
  }

  /** A client's connection is gone. */
  disconnected(connectionId: number): void {
    if (!this.#connections.delete(connectionId) || !this.isServing) return
    const event = this.#kind.disconnectedEvent(connectionId, timeOf(this.#services.clock))
    if (event !== null) this.post(() => event)
  }

  /** Nothing is asked of the machine any more, and everybody who waits is told why. */
  end(errorCode: CoordinatorError): void {
    if (this.isEnded) return
    this.#state = 'ended'
    this.#timers.close()
    this.#log.close()
    this.#mailbox = []
    this.#connections.clear()
    for (const token of Array.from(this.#waiting.keys())) this.#refuse(token, errorCode)
    this.#settle()
    this.#onEnded()
  }

  async #load(): Promise<void> {
    const { clock, logger } = this.#services
    const beganMs = clock.monotonic()
    const [code, log] = await Promise.all([this.#kind.load(), this.#hosted.open()])
    if (!this.#isLeading()) return
    const machine = code.createMachine({ maxBatchBytes: () => this.#hosted.config.maxMessageBytes })
    this.#loaded = { code, machine }
    // What a predecessor wrote may be uncommitted still, and then nobody may learn of it.
    const committed = this.#log.whenLoadedPartIsCommitted(log)
    const { records, bytes } = await replayLog(
      log,
      {
        onRecord: (key, value, origin) => {
          // A record without a key is none of a compacted topic's.
          if (key !== null) machine.replay(code.decode(key, value), origin)
        },
        onMarker: ({ producerId, producerEpoch }, result) => machine.replayMarker(producerId, producerEpoch, result),
        isWanted: () => !this.isEnded,
      },
      this.#services,
    )
    await committed
    if (!this.#isLeading()) return
    this.#state = 'serving'
    this.#guard(null, () => this.#perform(null, machine.loaded(timeOf(clock))))
    if (this.isEnded) return
    const tookMs = Math.round(clock.monotonic() - beganMs)
    logger.debug('a coordinator is loaded', { ...this.#names, records, bytes, tookMs })
    this.#empty()
    this.#settle()
  }

  #settle(): void {
    for (const wake of Array.from(this.#settledWaiters)) wake()
    this.#settledWaiters.clear()
  }

  /** Ends it when the partition is not led here any more, or in another epoch. */
  #isLeading(): boolean {
    if (this.isEnded) return false
    if (this.isOf(this.#hosted)) return true
    this.end(COORDINATOR_ERRORS.moved)
    return false
  }

  #post(toEvent: (time: MachineTime) => Event, token: ReplyToken | null, participation: Letter<Event>['participation'] = null): void {
    if (!this.#isLeading()) return
    this.#mailbox.push({ event: toEvent(timeOf(this.#services.clock)), token, participation })
    this.#empty()
  }

  #empty(): void {
    if (!this.isServing || this.#isStepping) return
    this.#isStepping = true
    for (let letter = this.#mailbox.shift(); letter !== undefined; letter = this.#mailbox.shift()) {
      const { event, token, participation } = letter
      if (participation !== null && !this.#mayParticipate(participation, token)) continue
      this.#guard(token, () => this.#perform(token, this.#serving.machine.step(event), participation?.verification))
    }
    this.#isStepping = false
  }

  #mayParticipate(
    { transaction, verification, onRefused }: NonNullable<Letter<Event>['participation']>,
    token: ReplyToken | null,
  ): boolean {
    const refusal = this.#hosted.log?.producerState.refusalOf(transaction, verification, this.#services.clock.now()) ?? null
    if (refusal === null) return true
    if (token === null || this.#waiting.delete(token)) onRefused(refusal.errorCode)
    return false
  }

  /** A machine that throws has a mistake in it. What it knows is doubtful, what its log says is not. */
  #guard(token: ReplyToken | null, run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail(token, 'a coordinator failed, and is loaded anew', { error })
    }
  }

  /** Who brought it about is told that it cannot be done, all others that they may ask again. */
  #fail(token: ReplyToken | null, event: string, fields: LogFields): void {
    this.#services.logger.error(event, { ...this.#names, ...fields })
    if (token !== null) this.#refuse(token, COORDINATOR_ERRORS.failed)
    this.end(COORDINATOR_ERRORS.moved)
  }

  #perform(
    token: ReplyToken | null,
    effects: readonly (CoordinatorEffect<Record, Response> | Own)[],
    verification?: TransactionVerification | null,
  ): void {
    // Answers of a step wait for its append, wherever in the list it is.
    for (const effect of effects as readonly CoordinatorEffect<Record, Response>[]) {
      if (effect.type !== 'append') continue
      const isVerified = effect.transaction !== null && verification !== undefined
      const staged = this.#log.append(this.#batchOf(effect.records, effect.transaction), isVerified ? { verification } : {})
      // What the machine wrote cannot be stored, and it believes it already.
      if (staged.type === 'refused') return this.#fail(token, 'a coordinator wrote what its log does not take, and is loaded anew', staged)
      if (staged.type === 'failed') return this.end(COORDINATOR_ERRORS.moved)
    }
    for (const effect of effects as readonly CoordinatorEffect<Record, Response>[]) {
      switch (effect.type) {
        case 'append':
          break
        case 'reply':
          this.#reply(effect.token, effect.response)
          break
        case 'set-timer':
          this.#timers.set(effect.key, effect.delayMs)
          break
        case 'cancel-timer':
          this.#timers.cancel(effect.key)
          break
        default:
          this.#performOwn(effect)
      }
      if (this.isEnded) return
    }
  }

  /** While it serves. */
  get #serving(): Loaded<Event, Record, Response, Own> {
    return this.#loaded as Loaded<Event, Record, Response, Own>
  }

  #performOwn(effect: Own): void {
    this.#log.whenCommitted({ onCommitted: () => this.#kind.perform(effect, this) })
  }

  #reply(token: ReplyToken, response: Response): void {
    this.#log.whenCommitted({
      onCommitted: () => {
        const onAnswer = this.#waiting.get(token)
        this.#waiting.delete(token)
        onAnswer?.({ type: 'answered', response })
      },
      onTimedOut: () => this.#refuse(token, COORDINATOR_ERRORS.notAvailable),
    })
  }

  #refuse(token: ReplyToken, errorCode: CoordinatorError): void {
    const onAnswer = this.#waiting.get(token)
    this.#waiting.delete(token)
    onAnswer?.({ type: 'refused', errorCode })
  }

  #batchOf(records: readonly Record[], transaction: TransactionalOrigin | null): Uint8Array {
    const timestamp = this.#services.clock.now()
    const { code } = this.#serving
    const inputs = records.map((record) => ({ timestamp, ...code.encode(record) }))
    const { crc32c } = this.#services
    return buildBatch({ records: inputs, crc32c, ...(transaction === null ? {} : { ...transaction, isTransactional: true }) })
  }

  get #names(): { topic: string; partition: number; leaderEpoch: number } {
    return { topic: this.#hosted.topic, partition: this.partition, leaderEpoch: this.leaderEpoch }
  }
}
