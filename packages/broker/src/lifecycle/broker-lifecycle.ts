/**
 * Keeps this broker in its cluster: carries the life cycle's questions to the controller and its answers back, and keeps its
 * time. It decides nothing; `step.ts` does.
 */
import { activeBrokers } from '@millrace/metadata'
import type { ControllerPort, MetadataFeed, RegisterBrokerCommand } from '@millrace/metadata'
import type { Clock, Logger, Random, Timer } from '@millrace/runtime'
import { BrokerFailedError } from './broker-failed-error.ts'
import type { LifecycleEffect } from './effects.ts'
import type { LifecycleEvent } from './events.ts'
import { assertInvariants } from './invariants.ts'
import {
  initialState,
  isFinished,
  type LifecycleFailure,
  type LifecyclePhase,
  type LifecycleSettings,
  type LifecycleState,
  nextDueMs,
} from './state.ts'
import { step } from './step.ts'

export interface BrokerLifecycleOptions {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly controller: Pick<ControllerPort, 'registerBroker' | 'heartbeat'>
  readonly feed: MetadataFeed
  readonly settings: LifecycleSettings
  /** The same for every registration of this process. */
  readonly registration: Omit<RegisterBrokerCommand, 'previousBrokerEpoch'>
  /** What the mark of a clean shutdown said; -1 without one. */
  readonly previousBrokerEpoch: number
  /** How long `start` may take; null: as long as it takes. */
  readonly startTimeoutMs: number | null
  /** Partitions whose logs are damaged here, so that another replica has to lead. */
  failedPartitions(): readonly { readonly topicId: string; readonly partition: number }[]
  /** Partitions that are led here may be written to and read, or may not. */
  setServing(isServing: boolean): void
  /** This process is registered under this epoch from now on. */
  onRegistered(brokerEpoch: number): void
  /** After a start that succeeded: the broker cannot go on. */
  onFailed(error: BrokerFailedError): void
}

type Timeless<Event> = Event extends unknown ? Omit<Event, 'nowMs'> : never

export class BrokerLifecycle {
  readonly #options: BrokerLifecycleOptions
  readonly #started = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<void>()
  readonly #unsubscribe: () => void
  #hasServed = false
  #state: LifecycleState
  /** Events that came while another one was being handled. */
  readonly #mailbox: LifecycleEvent[] = []
  #isHandling = false
  #timer: Timer | null = null
  #startTimer: Timer | null = null
  #dueMs = Number.POSITIVE_INFINITY

  constructor(options: BrokerLifecycleOptions) {
    this.#options = options
    this.#state = initialState(options.previousBrokerEpoch)
    // Whoever started it hears of it; who only closes it need not.
    this.#started.promise.catch(() => {})
    const { brokerId } = options.registration
    this.#unsubscribe = options.feed.subscribe((image, delta) => {
      if (delta.brokers.size > 0 && this.#state.phase === 'shutting-down' && !this.#hasPeers) this.#happen({ type: 'peers-left' })
      const registration = delta.brokers.has(brokerId) ? image.brokers.get(brokerId) : undefined
      if (registration === undefined) return
      this.#happen({ type: 'registration-shown', brokerEpoch: registration.epoch, isFenced: registration.isFenced })
    })
  }

  get phase(): LifecyclePhase {
    return this.#state.phase
  }

  /** -1 until registered. */
  get brokerEpoch(): number {
    return this.#state.brokerEpoch
  }

  /** Resolves when the broker serves for the first time. Rejects with a `BrokerFailedError` when it never will. */
  start(): Promise<void> {
    const { startTimeoutMs, clock } = this.#options
    if (startTimeoutMs !== null) this.#startTimer = clock.setTimer(startTimeoutMs, () => this.#happen({ type: 'start-timed-out' }))
    this.#happen({ type: 'started' })
    return this.#started.promise
  }

  /** Hands over what is led here, if there is anybody to hand it to. Resolves when the broker may go. Idempotent. */
  shutDown(): Promise<void> {
    this.#happen({ type: 'shutdown-requested', hasPeers: this.#hasPeers })
    return this.#finished.promise
  }

  /** Other brokers could take over what is led here. */
  get #hasPeers(): boolean {
    const { feed, registration } = this.#options
    return activeBrokers(feed.image()).some(({ id }) => id !== registration.brokerId)
  }

  directoryFailed(error: Error): void {
    this.#happen({ type: 'directory-failed', error, hasPeers: this.#hasPeers })
  }

  controllerLost(): void {
    this.#happen({ type: 'controller-lost' })
  }

  /**
   * For whoever is about to serve something: a process that stood still learns here that its session is over, before its timers
   * could say so.
   */
  checkTime(nowMs: number): void {
    if (nowMs >= this.#dueMs) this.#happen({ type: 'time-passed' })
  }

  #happen(event: Timeless<LifecycleEvent>): void {
    this.#mailbox.push({ ...event, nowMs: this.#options.clock.monotonic() } as LifecycleEvent)
    if (this.#isHandling) return
    this.#isHandling = true
    try {
      for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift()) this.#handle(next)
    } finally {
      this.#isHandling = false
    }
    this.#setTimer()
  }

  #handle(event: LifecycleEvent): void {
    const { settings, random } = this.#options
    const before = this.#state
    const { state, effects } = step(before, event, { settings, random: () => random.uint32() / 2 ** 32 })
    assertInvariants(before, state)
    this.#state = state
    if (state.brokerEpoch !== before.brokerEpoch) this.#options.onRegistered(state.brokerEpoch)
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'send-registration':
        return this.#register(effect.callId, effect.previousBrokerEpoch)
      case 'send-heartbeat':
        return this.#sendHeartbeat(effect)
      case 'set-serving':
        this.#options.setServing(effect.isServing)
        if (effect.isServing && !this.#hasServed) {
          this.#hasServed = true
          this.#startTimer?.cancel()
          this.#started.resolve()
        }
        return
      case 'finish':
        return this.#finish(effect.failure)
      case 'log':
        return this.#options.logger[effect.level](effect.event, effect.fields)
    }
  }

  #register(callId: number, previousBrokerEpoch: number): void {
    const { controller, registration } = this.#options
    controller.registerBroker({ ...registration, previousBrokerEpoch }).then(
      ({ errorCode, errorMessage, brokerEpoch }) => {
        if (errorCode === 0) this.#happen({ type: 'registered', callId, brokerEpoch })
        else this.#happen({ type: 'registration-refused', callId, errorCode, errorMessage })
      },
      (error: unknown) => this.#happen({ type: 'call-failed', callId, reason: reasonOf(error) }),
    )
  }

  #sendHeartbeat(effect: Extract<LifecycleEffect, { readonly type: 'send-heartbeat' }>): void {
    const { controller, feed, clock, registration, failedPartitions } = this.#options
    const { callId, brokerEpoch, wantFence, wantShutdown, isDirectoryOffline } = effect
    const sentMs = clock.monotonic()
    const told = { metadataOffset: feed.image().offset, failedPartitions: failedPartitions() }
    controller.heartbeat({ brokerId: registration.brokerId, brokerEpoch, wantFence, wantShutdown, isDirectoryOffline, ...told }).then(
      ({ errorCode, errorMessage, isFenced, shouldShutdown }) => {
        if (errorCode === 0) this.#happen({ type: 'heartbeat-accepted', callId, brokerEpoch, sentMs, isFenced, shouldShutdown })
        else this.#happen({ type: 'heartbeat-refused', callId, brokerEpoch, errorCode, errorMessage })
      },
      (error: unknown) => this.#happen({ type: 'call-failed', callId, reason: reasonOf(error) }),
    )
  }

  #finish(failure: LifecycleFailure | null): void {
    this.#unsubscribe()
    this.#startTimer?.cancel()
    this.#finished.resolve()
    if (this.#hasServed) {
      if (failure !== null) this.#options.onFailed(new BrokerFailedError(failure))
      return
    }
    this.#started.reject(failure === null ? new Error('the broker was closed before it had started') : new BrokerFailedError(failure))
  }

  #setTimer(): void {
    const { clock, settings } = this.#options
    const dueMs = isFinished(this.#state) ? null : nextDueMs(this.#state, settings)
    if (dueMs === this.#dueMs) return
    this.#timer?.cancel()
    this.#timer = null
    this.#dueMs = dueMs ?? Number.POSITIVE_INFINITY
    if (dueMs === null) return
    this.#timer = clock.setTimer(Math.max(0, dueMs - clock.monotonic()), () => {
      // The next one is to be set even if it is due at the same time.
      this.#dueMs = Number.NaN
      this.#happen({ type: 'time-passed' })
    })
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
