/** A broker's life cycle without anything around it: a test says what happens, and sees what it leads to. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { LifecycleEffect } from '../lifecycle/effects.ts'
import type { LifecycleEvent } from '../lifecycle/events.ts'
import { assertInvariants } from '../lifecycle/invariants.ts'
import {
  initialState,
  type LifecycleFailure,
  type LifecyclePhase,
  type LifecycleSettings,
  type LifecycleState,
} from '../lifecycle/state.ts'
import { step } from '../lifecycle/step.ts'

export const SETTINGS: LifecycleSettings = {
  heartbeatIntervalMs: 500,
  sessionTimeoutMs: 4_000,
  controlledShutdown: true,
  controlledShutdownTimeoutMs: 30_000,
}

const BROKER_EPOCH = 10

type Sent = Extract<LifecycleEffect, { readonly type: 'send-registration' | 'send-heartbeat' }>
type Line = Extract<LifecycleEffect, { readonly type: 'log' }>
type Timeless<Event> = Event extends unknown ? Omit<Event, 'nowMs'> & { readonly nowMs?: number } : never

export class BrokerLife {
  readonly #random: () => number
  readonly #settings: LifecycleSettings
  readonly #lines: Line[] = []
  state: LifecycleState
  nowMs = 0
  effectsLast: readonly LifecycleEffect[] = []
  isServing = false
  /** Undefined until it has finished. */
  finished: LifecycleFailure | null | undefined = undefined

  constructor(previousBrokerEpoch = -1, random: () => number = () => 0.5, settings: LifecycleSettings = SETTINGS) {
    this.state = initialState(previousBrokerEpoch)
    this.#random = random
    this.#settings = settings
  }

  /** One that has come this far, the usual way, with a call under way where there is one to make. */
  static in(phase: LifecyclePhase, settings: LifecycleSettings = SETTINGS): BrokerLife {
    const life = new BrokerLife(-1, () => 0.5, settings)
    if (phase === 'new') return life
    life.happen({ type: 'started' })
    if (phase === 'registering') return life
    if (phase === 'stopped') life.happen({ type: 'shutdown-requested', hasPeers: false })
    if (phase === 'failed') life.registrationRefused(ERROR_CODES.INCONSISTENT_CLUSTER_ID, 'no')
    if (phase === 'stopped' || phase === 'failed') return life
    life.registered(BROKER_EPOCH)
    if (phase === 'fenced') return life
    life.heartbeatAccepted()
    life.pass(settings.heartbeatIntervalMs)
    if (phase === 'shutting-down' || phase === 'failing') life.heartbeatAccepted()
    if (phase === 'shutting-down') life.happen({ type: 'shutdown-requested', hasPeers: true })
    if (phase === 'failing') life.happen({ type: 'directory-failed', error: new Error('disk /data failed'), hasPeers: true })
    if (phase === 'self-fenced') {
      while (life.state.phase !== 'self-fenced') life.pass(100)
      life.callFailed('timed out')
      life.pass(1_000)
    }
    return life
  }

  /** What the last event had sent to the controller. */
  get sentLast(): readonly Sent[] {
    return this.effectsLast.filter((effect) => effect.type === 'send-registration' || effect.type === 'send-heartbeat')
  }

  lines(level: Line['level']): readonly Line[] {
    return this.#lines.filter((line) => line.level === level)
  }

  happen(event: Timeless<LifecycleEvent>): void {
    const before = this.state
    const { state, effects } = step(before, { nowMs: this.nowMs, ...event } as LifecycleEvent, {
      settings: this.#settings,
      random: this.#random,
    })
    assertInvariants(before, state)
    this.state = state
    this.effectsLast = effects
    for (const effect of effects) {
      if (effect.type === 'log') this.#lines.push(effect)
      if (effect.type === 'set-serving') this.isServing = effect.isServing
      if (effect.type === 'finish') this.finished = effect.failure
    }
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.happen({ type: 'time-passed' })
  }

  registered(brokerEpoch: number): void {
    this.happen({ type: 'registered', callId: this.#callId, brokerEpoch })
  }

  registrationRefused(errorCode: ErrorCode, errorMessage: string): void {
    this.happen({ type: 'registration-refused', callId: this.#callId, errorCode, errorMessage })
  }

  heartbeatAccepted(answer: { readonly isFenced?: boolean; readonly shouldShutdown?: boolean } = {}): void {
    const { call, brokerEpoch } = this.state
    if (call === null) throw new Error('no heartbeat is under way')
    const told = { isFenced: false, shouldShutdown: false, ...answer }
    this.happen({ type: 'heartbeat-accepted', callId: call.id, sentMs: call.sentMs, brokerEpoch, ...told })
  }

  heartbeatRefused(errorCode: ErrorCode): void {
    const { brokerEpoch } = this.state
    this.happen({ type: 'heartbeat-refused', callId: this.#callId, brokerEpoch, errorCode, errorMessage: null })
  }

  callFailed(reason: string): void {
    this.happen({ type: 'call-failed', callId: this.#callId, reason })
  }

  get #callId(): number {
    if (this.state.call === null) throw new Error('no call is under way')
    return this.state.call.id
  }
}
