/**
 * What a broker knows of its own place in the cluster: whether it is registered, whether it may serve, and when it last heard
 * from the controller. States, events and rules are in docs/spec/broker-lifecycle.md.
 */

export type LifecyclePhase =
  /** Nothing was asked of the controller yet. */
  | 'new'
  /** Asks to be registered until it is. */
  | 'registering'
  /** Registered, and the controller does not count on it: it leads nothing. */
  | 'fenced'
  /** Leads what the metadata says it leads. */
  | 'serving'
  /** The controller was not heard for a session. Others may lead its partitions by now, so it serves none. */
  | 'self-fenced'
  /** Hands its partitions over before it stops. Serves meanwhile. */
  | 'shutting-down'
  /** Its disk failed: tells the controller, then ends. */
  | 'failing'
  /** Nothing more is asked of the controller; the broker closes. */
  | 'stopped'
  /** Cannot go on. `failure` says why. */
  | 'failed'

export interface LifecycleCall {
  readonly type: 'registration' | 'heartbeat'
  /** Grows by one with each call. */
  readonly id: number
  readonly sentMs: number
}

export interface LifecycleState {
  readonly phase: LifecyclePhase
  /** -1 until registered. Invariant L2: it never falls. */
  readonly brokerEpoch: number
  /** The epoch whose data is all here: of the last life if that ended cleanly, of this one once it has one. -1: not known. */
  readonly previousBrokerEpoch: number
  /** Invariant L1: only while serving or shutting down, and left as it was in the end. */
  readonly isServing: boolean
  /** The call that is under way. Invariant L3: while there is anything to ask, either a call is under way or `nextCallMs` is set. */
  readonly call: LifecycleCall | null
  readonly callCount: number
  /** When to ask next. */
  readonly nextCallMs: number | null
  /** Ask again as soon as the call under way has ended. */
  readonly isCallWanted: boolean
  /** Calls in a row that came to nothing. */
  readonly failures: number
  /** When the newest heartbeat that was answered well was sent: the controller counts our session from no earlier. */
  readonly lastHeardMs: number | null
  /** When shutting down or failing ends in any case. */
  readonly deadlineMs: number | null
  /** When a word about failing calls was last in the log, so that there is at most one a second. */
  readonly lastWarnedMs: number | null
  readonly failure: LifecycleFailure | null
}

export interface LifecycleFailure {
  readonly code: LifecycleFailureCode
  readonly message: string
  readonly cause?: unknown
}

export const LIFECYCLE_FAILURE_CODES = {
  /** The controller will not have this broker, now or later. */
  refused: 'ERR_BROKER_REFUSED',
  directoryFailed: 'ERR_BROKER_DIRECTORY_FAILED',
  startTimedOut: 'ERR_BROKER_START_TIMED_OUT',
} as const

export type LifecycleFailureCode = (typeof LIFECYCLE_FAILURE_CODES)[keyof typeof LIFECYCLE_FAILURE_CODES]

export interface LifecycleSettings {
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  /** Whether partitions are handed over before the broker stops. */
  readonly controlledShutdown: boolean
  readonly controlledShutdownTimeoutMs: number
}

/** `previousBrokerEpoch` is what the mark of a clean shutdown said, -1 without one. */
export function initialState(previousBrokerEpoch: number): LifecycleState {
  return {
    phase: 'new',
    brokerEpoch: -1,
    previousBrokerEpoch,
    isServing: false,
    call: null,
    callCount: 0,
    nextCallMs: null,
    isCallWanted: false,
    failures: 0,
    lastHeardMs: null,
    deadlineMs: null,
    lastWarnedMs: null,
    failure: null,
  }
}

/** Nothing more happens from here. */
export function isFinished(state: LifecycleState): boolean {
  return state.phase === 'stopped' || state.phase === 'failed'
}

/** A call that is not answered after half a session will not save it: another one may. */
export function callTimeoutMs(settings: LifecycleSettings): number {
  return settings.sessionTimeoutMs / 2
}

/** When time alone changes something; null when it never does. */
export function nextDueMs(state: LifecycleState, settings: LifecycleSettings): number | null {
  if (isFinished(state)) return null
  const due = [
    state.nextCallMs,
    state.call === null ? null : state.call.sentMs + callTimeoutMs(settings),
    state.isServing ? sessionEndMs(state, settings) : null,
    state.deadlineMs,
  ].filter((time) => time !== null)
  return due.length === 0 ? null : Math.min(...due)
}

export function sessionEndMs(state: LifecycleState, settings: LifecycleSettings): number {
  return (state.lastHeardMs ?? Number.NEGATIVE_INFINITY) + settings.sessionTimeoutMs
}
