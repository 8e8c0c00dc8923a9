/**
 * The life of a broker in its cluster, as one switch. Legal transitions, with what triggers them:
 *
 *   new -> registering            it starts
 *   registering -> fenced         the controller registered it
 *   fenced -> serving             a heartbeat was answered: not fenced
 *   serving -> fenced             the controller fenced it
 *   serving -> self-fenced        no heartbeat of the last session was answered
 *   self-fenced -> serving        one was, and it is not fenced
 *   any registered -> registering its broker epoch is stale
 *   serving -> shutting-down      it is asked to stop, and others can take over
 *   any registered -> failing     its log directory failed
 *   any -> stopped | failed       the end
 *
 * It decides everything about registration, heartbeats and serving, and does nothing itself.
 */
import { ERROR_CODES, isRetriable } from '@millrace/protocol'
import { unreachable } from '@millrace/runtime'
import type { LifecycleEffect, Transition } from './effects.ts'
import type { LifecycleEvent } from './events.ts'
import {
  callTimeoutMs,
  isFinished,
  LIFECYCLE_FAILURE_CODES,
  type LifecycleCall,
  type LifecycleFailure,
  type LifecyclePhase,
  type LifecycleSettings,
  type LifecycleState,
  nextDueMs,
  sessionEndMs,
} from './state.ts'

/** How long a broker waits for the controller to hear that its disk failed. */
const FAILING_TIMEOUT_MS = 2_000
/** A fenced broker asks again soon: it is fenced for as long as its metadata takes to arrive. */
const FENCED_RETRY_MS = 100
const RETRY_BASE_MS = 50
const RETRY_MAX_MS = 500
/** A tenth up or down, so that brokers which lost the same controller do not come back in step. */
const JITTER = 0.2
const WARN_INTERVAL_MS = 1_000
/** A timer that is late by so much means that this process stood still. */
const STALL_MS = 1_000

export interface LifecycleContext {
  readonly settings: LifecycleSettings
  /** In [0, 1). */
  random(): number
}

type EventOf<Type extends LifecycleEvent['type']> = Extract<LifecycleEvent, { readonly type: Type }>

export function step(state: LifecycleState, event: LifecycleEvent, context: LifecycleContext): Transition {
  if (isFinished(state)) return { state, effects: [] }
  const turn = new Turn(state, event.nowMs, context)
  turn.endSessionIfOver()
  turn.endCallIfOverdue()
  if (!isFinished(turn.state)) handle(turn, event)
  return turn.end()
}

function handle(turn: Turn, event: LifecycleEvent): void {
  switch (event.type) {
    case 'started':
      return turn.phase === 'new' ? turn.change({ phase: 'registering', nextCallMs: event.nowMs }) : undefined
    case 'registered':
      return onRegistered(turn, event)
    case 'registration-refused':
      return onRegistrationRefused(turn, event)
    case 'heartbeat-accepted':
      return onHeartbeatAccepted(turn, event)
    case 'heartbeat-refused':
      return onHeartbeatRefused(turn, event)
    case 'call-failed':
      return turn.isCurrent(event.callId) ? turn.callFailed(event.reason) : undefined
    case 'registration-shown':
      return onRegistrationShown(turn, event)
    case 'shutdown-requested':
      return onShutdownRequested(turn, event)
    case 'peers-left':
      return turn.phase === 'shutting-down' ? turn.finish() : undefined
    case 'directory-failed':
      return onDirectoryFailed(turn, event)
    case 'controller-lost':
      return onControllerLost(turn)
    case 'start-timed-out':
      return onStartTimedOut(turn)
    case 'time-passed':
      return onTimePassed(turn)
    default:
      return unreachable(event)
  }
}

function onRegistered(turn: Turn, { callId, brokerEpoch }: EventOf<'registered'>): void {
  if (turn.phase !== 'registering' || !turn.isCurrent(callId)) return
  turn.callEnded(turn.nowMs)
  // Whoever registers again while it runs has lost nothing.
  turn.change({ phase: 'fenced', brokerEpoch, previousBrokerEpoch: brokerEpoch, lastHeardMs: null })
  turn.log('info', 'broker registered', { brokerEpoch })
}

function onRegistrationRefused(turn: Turn, { callId, errorCode, errorMessage }: EventOf<'registration-refused'>): void {
  if (turn.phase !== 'registering' || !turn.isCurrent(callId)) return
  const reason = errorMessage ?? `error ${errorCode}`
  if (errorCode === ERROR_CODES.DUPLICATE_BROKER_REGISTRATION) {
    return turn.callFailed(`${reason}; if no other process runs with this node id, its session is about to end`)
  }
  if (isRetriable(errorCode)) return turn.callFailed(reason)
  turn.fail({ code: LIFECYCLE_FAILURE_CODES.refused, message: `the controller refused to register this broker: ${reason}` })
}

function onHeartbeatAccepted(turn: Turn, event: EventOf<'heartbeat-accepted'>): void {
  const { settings } = turn.context
  if (event.brokerEpoch !== turn.state.brokerEpoch || turn.phase === 'registering') return
  if (turn.isCurrent(event.callId))
    turn.callEnded(event.isFenced ? turn.nowMs + FENCED_RETRY_MS : event.sentMs + settings.heartbeatIntervalMs)
  // Answers may overtake each other. The newest question counts.
  if (event.sentMs < (turn.state.lastHeardMs ?? event.sentMs)) return
  turn.change({ lastHeardMs: event.sentMs, failures: 0 })
  const isFresh = turn.nowMs < sessionEndMs(turn.state, settings)
  switch (turn.phase) {
    case 'failing':
      return turn.finish()
    case 'shutting-down':
      if (event.shouldShutdown) return turn.finish()
      return turn.change({ isServing: isFresh && !event.isFenced })
    case 'fenced':
    case 'serving':
    case 'self-fenced':
      if (event.isFenced) return turn.enter('fenced')
      if (isFresh) return turn.enter('serving')
      // The answer lay here for a session, unread: it says what was true then.
      turn.enter('self-fenced')
      return turn.wantCall()
    default:
  }
}

function onHeartbeatRefused(turn: Turn, event: EventOf<'heartbeat-refused'>): void {
  if (event.brokerEpoch !== turn.state.brokerEpoch || !turn.isCurrent(event.callId)) return
  const { errorCode } = event
  const reason = event.errorMessage ?? `error ${errorCode}`
  const isStale = errorCode === ERROR_CODES.STALE_BROKER_EPOCH || errorCode === ERROR_CODES.BROKER_ID_NOT_REGISTERED
  if (!isStale) return turn.callFailed(reason)
  // Who is not in the cluster any more has nothing to hand over and nobody to tell.
  if (turn.phase === 'shutting-down' || turn.phase === 'failing') return turn.finish()
  turn.callFailed(reason)
  turn.enter('registering')
}

function onRegistrationShown(turn: Turn, { brokerEpoch, isFenced }: EventOf<'registration-shown'>): void {
  const { phase } = turn
  if (phase !== 'fenced' && phase !== 'serving' && phase !== 'self-fenced') return
  if (brokerEpoch === turn.state.brokerEpoch && phase === 'serving') {
    if (!isFenced) return
    turn.enter('fenced')
  }
  // Now the controller can be told that the registration has arrived here; or another process took this broker's id.
  turn.wantCall()
}

function onShutdownRequested(turn: Turn, { hasPeers }: EventOf<'shutdown-requested'>): void {
  if (turn.phase === 'shutting-down' || turn.phase === 'failing') return
  const { controlledShutdown, controlledShutdownTimeoutMs } = turn.context.settings
  // Only who leads something, and can be heard, has something to hand over.
  if (turn.phase !== 'serving' || !controlledShutdown || !hasPeers) return turn.finish()
  turn.enter('shutting-down')
  turn.change({ deadlineMs: turn.nowMs + controlledShutdownTimeoutMs })
  turn.wantCall()
}

function onDirectoryFailed(turn: Turn, { error, hasPeers }: EventOf<'directory-failed'>): void {
  if (turn.phase === 'failing') return
  const failure: LifecycleFailure = { code: LIFECYCLE_FAILURE_CODES.directoryFailed, message: error.message, cause: error }
  // Without others nobody could take over, and a lone broker's controller has lost the same disk.
  if (turn.phase === 'new' || turn.phase === 'registering' || !hasPeers) return turn.fail(failure)
  turn.enter('failing')
  turn.change({ failure, deadlineMs: turn.nowMs + FAILING_TIMEOUT_MS })
  turn.wantCall()
}

/** A heartbeat finds the controller, or the one that comes after it, and tells it that there is nothing to doubt. */
function onControllerLost(turn: Turn): void {
  if (turn.phase !== 'new' && turn.phase !== 'registering') turn.wantCall()
}

function onStartTimedOut(turn: Turn): void {
  if (turn.phase !== 'new' && turn.phase !== 'registering' && turn.phase !== 'fenced') return
  const message = 'the controller did not let this broker serve in time; see the lines before for what it waited for'
  turn.fail({ code: LIFECYCLE_FAILURE_CODES.startTimedOut, message })
}

function onTimePassed(turn: Turn): void {
  const { deadlineMs } = turn.state
  if (deadlineMs === null || turn.nowMs < deadlineMs) return
  if (turn.phase === 'shutting-down') turn.log('warn', 'partitions were not handed over in time; the broker stops all the same')
  turn.finish()
}

/** One step under way: the state as it becomes, and what is to be done. */
class Turn {
  readonly nowMs: number
  readonly context: LifecycleContext
  readonly #before: LifecycleState
  readonly #effects: LifecycleEffect[] = []
  /** By how much the clock is beyond what was due first: what this process slept through. */
  readonly #lateMs: number
  state: LifecycleState

  constructor(state: LifecycleState, nowMs: number, context: LifecycleContext) {
    this.state = state
    this.#before = state
    this.nowMs = nowMs
    this.context = context
    this.#lateMs = nowMs - (nextDueMs(state, context.settings) ?? nowMs)
  }

  get phase(): LifecyclePhase {
    return this.state.phase
  }

  change(change: Partial<LifecycleState>): void {
    this.state = { ...this.state, ...change }
  }

  enter(phase: LifecyclePhase): void {
    if (phase === this.phase) return
    this.log(phase === 'fenced' || phase === 'self-fenced' ? 'warn' : 'info', PHASE_LINES[phase], this.#reason(phase))
    this.change({ phase, isServing: phase === 'serving' || (phase === 'shutting-down' && this.state.isServing) })
  }

  log(level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#effects.push({ type: 'log', level, event, fields })
  }

  isCurrent(callId: number): boolean {
    return this.state.call?.id === callId
  }

  /** Asks at once, or as soon as the call under way has ended. Who is failing keeps to its pauses, whatever it wants. */
  wantCall(): void {
    const { call, failures } = this.state
    if (call !== null) this.change({ isCallWanted: true })
    else if (failures === 0) this.change({ nextCallMs: this.nowMs })
  }

  callEnded(nextCallMs: number): void {
    this.change({ call: null, isCallWanted: false, nextCallMs: this.state.isCallWanted ? this.nowMs : Math.max(this.nowMs, nextCallMs) })
  }

  callFailed(reason: string): void {
    const failures = this.state.failures + 1
    const fullMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(failures - 1, 10))
    this.change({ failures, isCallWanted: false })
    this.callEnded(this.nowMs + fullMs * (1 + JITTER * (this.context.random() - 0.5)))
    const { lastWarnedMs, phase } = this.state
    if (lastWarnedMs !== null && this.nowMs < lastWarnedMs + WARN_INTERVAL_MS) return
    this.change({ lastWarnedMs: this.nowMs })
    this.log('warn', 'the controller is not reached; this broker keeps trying', { phase, failures, reason })
  }

  endSessionIfOver(): void {
    if (!this.state.isServing || this.nowMs < sessionEndMs(this.state, this.context.settings)) return
    if (this.phase === 'serving') return this.enter('self-fenced')
    this.log('warn', 'the controller is not heard any more; partitions cannot be handed over')
    this.change({ isServing: false })
    this.finish()
  }

  endCallIfOverdue(): void {
    const { call } = this.state
    if (call === null || this.nowMs < call.sentMs + callTimeoutMs(this.context.settings)) return
    // Who stood still cannot say whether it was answered.
    if (this.#lateMs >= STALL_MS) return this.callEnded(this.nowMs)
    this.callFailed(`no answer for ${Math.round(this.nowMs - call.sentMs)} ms`)
  }

  fail(failure: LifecycleFailure): void {
    this.change({ failure })
    this.finish()
  }

  finish(): void {
    const { failure } = this.state
    this.change({ phase: failure === null ? 'stopped' : 'failed', call: null, nextCallMs: null, isCallWanted: false, deadlineMs: null })
    if (failure !== null) this.change({ isServing: false })
  }

  end(): Transition {
    const { nowMs } = this
    if (!isFinished(this.state) && this.state.call === null && this.state.nextCallMs !== null && this.state.nextCallMs <= nowMs)
      this.#send()
    const { isServing, failure } = this.state
    if (isServing !== this.#before.isServing) this.#effects.push({ type: 'set-serving', isServing })
    if (isFinished(this.state)) this.#effects.push({ type: 'finish', failure })
    return { state: this.state, effects: this.#effects }
  }

  #send(): void {
    const { phase, brokerEpoch, previousBrokerEpoch } = this.state
    const id = this.state.callCount + 1
    const type: LifecycleCall['type'] = phase === 'registering' ? 'registration' : 'heartbeat'
    this.change({ call: { type, id, sentMs: this.nowMs }, callCount: id, nextCallMs: null })
    if (type === 'registration') {
      this.#effects.push({ type: 'send-registration', callId: id, previousBrokerEpoch })
      return
    }
    const isDirectoryOffline = phase === 'failing'
    this.#effects.push({
      type: 'send-heartbeat',
      callId: id,
      brokerEpoch,
      wantFence: isDirectoryOffline,
      wantShutdown: phase === 'shutting-down',
      isDirectoryOffline,
    })
  }

  #reason(phase: LifecyclePhase): Readonly<Record<string, unknown>> {
    if (phase !== 'self-fenced') return { brokerEpoch: this.state.brokerEpoch }
    return this.#lateMs >= STALL_MS
      ? { reason: 'this process stood still', stalledMs: Math.round(this.#lateMs) }
      : { reason: 'no heartbeat was answered' }
  }
}

const PHASE_LINES: Readonly<Record<LifecyclePhase, string>> = {
  new: 'broker is new',
  registering: 'broker registers again',
  fenced: 'broker is fenced: it leads nothing until the controller counts on it again',
  serving: 'broker serves',
  'self-fenced': 'broker fenced itself: it serves nothing until it hears from the controller again',
  'shutting-down': 'broker hands its partitions over',
  failing: 'broker tells the controller that its disk failed',
  stopped: 'broker stops',
  failed: 'broker failed',
}
