/**
 * Keeps the sessions of brokers while this controller is active: carries heartbeats, lost lines and registrations to the machine
 * (`core/sessions`), ticks for it, and has fenced whom it says. It decides nothing.
 */
import type { BrokerHeartbeatCommand, ClusterImage, ImageDelta, MetadataFeed, Outcome } from '@millrace/metadata'
import type { Clock, Logger, Timer } from '@millrace/runtime'
import type { BrokerSessionsView } from '../core/command.ts'
import type { FenceBrokerCommand } from '../core/fence-broker.ts'
import { isActiveBroker } from '../core/new-partition.ts'
import type { SessionEvent } from '../core/sessions/events.ts'
import { assertSessionInvariants } from '../core/sessions/invariants.ts'
import { type BrokerSessions, initialSessions, type SessionSettings } from '../core/sessions/state.ts'
import { step, viewOf } from '../core/sessions/step.ts'
import { BrokerObservers } from './broker-observers.ts'

export interface SessionKeeperOptions {
  readonly feed: MetadataFeed
  readonly settings: SessionSettings
  readonly clock: Clock
  readonly logger: Logger
  /**
   * The broker of this process, if it has one: what is committed is applied there before anybody hears of it, and an earlier
   * incarnation of it is dead. Null: which one it is is not known.
   */
  readonly own: { readonly brokerId: number; readonly incarnationId: string | null }
  readonly fence: (command: FenceBrokerCommand) => Promise<Outcome>
}

interface Waiter {
  readonly offset: number
  readonly resolve: () => void
  readonly timer: Timer
}

export class SessionKeeper {
  readonly #options: SessionKeeperOptions
  readonly #state: BrokerSessions
  readonly #unsubscribe: () => void
  readonly #waiters = new Set<Waiter>()
  readonly observers: BrokerObservers
  #timer: Timer | null = null

  constructor(options: SessionKeeperOptions) {
    this.#options = options
    this.#state = initialSessions(options.settings)
    this.observers = new BrokerObservers(options.clock)
    this.#unsubscribe = options.feed.subscribe((image, delta) => this.#onMetadata(image, delta))
  }

  setActive(isActive: boolean): void {
    if (isActive === this.#state.isActive) return
    const { feed, clock, own } = this.#options
    const { offset, brokers } = feed.image()
    if (isActive) {
      this.#happen({ type: 'became-active', now: clock.monotonic(), offset, brokers, own })
      this.#setTimer()
    } else {
      this.#happen({ type: 'became-inactive' })
      this.observers.forgetAll()
      this.#timer?.cancel()
      this.#timer = null
      this.#releaseWaiters(Number.POSITIVE_INFINITY)
    }
  }

  view(): BrokerSessionsView {
    return viewOf(this.#state, this.#options.clock.monotonic())
  }

  heartbeatArrived(command: BrokerHeartbeatCommand): void {
    const { brokerId, brokerEpoch, metadataOffset, failedPartitions } = command
    const now = this.#options.clock.monotonic()
    this.#happen({ type: 'contacted', now, brokerId, brokerEpoch, metadataOffset, failedPartitions })
    this.#observe(brokerId, brokerEpoch, metadataOffset)
    this.#releaseWaiters(this.#appliedOffset())
  }

  metadataApplied(brokerId: number, brokerEpoch: number, metadataOffset: number): void {
    this.#happen({ type: 'metadata-applied', brokerId, brokerEpoch, metadataOffset })
    this.#observe(brokerId, brokerEpoch, metadataOffset)
    this.#releaseWaiters(this.#appliedOffset())
  }

  lineLost(brokerId: number, brokerEpoch: number): void {
    this.#happen({ type: 'line-lost', now: this.#options.clock.monotonic(), brokerId, brokerEpoch })
  }

  /** Resolves when every active broker is known to have applied the metadata up to `offset`, or the time is up. */
  whenApplied(offset: number, timeoutMs: number): Promise<void> {
    if (!this.#state.isActive || this.#appliedOffset() >= offset) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        this.#waiters.delete(waiter)
        resolve()
      })
      const waiter: Waiter = { offset, resolve, timer }
      this.#waiters.add(waiter)
    })
  }

  close(): void {
    this.#unsubscribe()
    this.setActive(false)
  }

  #onMetadata(image: ClusterImage, delta: ImageDelta): void {
    if (delta.brokers.size === 0) return
    const { offset, brokers } = image
    this.observers.keep(brokers)
    this.#happen({ type: 'registrations-changed', now: this.#options.clock.monotonic(), offset, brokers, changed: delta.brokers })
    this.#releaseWaiters(this.#appliedOffset())
  }

  /** An earlier life of the broker says nothing of this one. */
  #observe(brokerId: number, brokerEpoch: number, metadataOffset: number): void {
    const { offset, brokers } = this.#options.feed.image()
    if (this.#state.isActive && brokers.get(brokerId)?.epoch === brokerEpoch) this.observers.heard(brokerId, metadataOffset, offset)
  }

  #happen(event: SessionEvent): void {
    const effects = step(this.#state, event)
    assertSessionInvariants(this.#state)
    for (const effect of effects) this.#fence(effect)
  }

  #fence({ brokerId, brokerEpoch }: FenceBrokerCommand): void {
    const { fence, feed, logger } = this.#options
    const fields = { broker: brokerId, brokerEpoch }
    if (feed.image().brokers.get(brokerId)?.isInControlledShutdown === true) logger.info('a broker has stopped and is fenced', fields)
    else logger.warn('a broker was not heard of for too long and is fenced', fields)
    // Where the fence was put up, the session knows from the metadata before this.
    const over = (): void => this.#happen({ type: 'fence-failed', brokerId, brokerEpoch })
    fence({ brokerId, brokerEpoch }).then(over, (error: unknown) => {
      logger.warn('a broker was not fenced', { broker: brokerId, brokerEpoch, error })
      over()
    })
  }

  #setTimer(): void {
    this.#timer = this.#options.clock.setTimer(this.#options.settings.tickMs, () => {
      if (!this.#state.isActive) return
      this.#setTimer()
      this.#happen({ type: 'ticked', now: this.#options.clock.monotonic() })
    })
  }

  /** What every active broker is known to have applied. */
  #appliedOffset(): number {
    const { feed, own } = this.#options
    const view = this.view()
    let lowest = Number.POSITIVE_INFINITY
    for (const broker of feed.image().brokers.values()) {
      if (isActiveBroker(broker) && broker.id !== own.brokerId) lowest = Math.min(lowest, view.metadataOffset(broker.id))
    }
    return lowest
  }

  #releaseWaiters(appliedOffset: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.offset > appliedOffset) continue
      this.#waiters.delete(waiter)
      waiter.timer.cancel()
      waiter.resolve()
    }
  }
}
