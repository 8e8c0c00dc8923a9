/**
 * What the active controller knows of the brokers by hearing from them: whether each is alive, and how much of the metadata it
 * has applied. Soft state, in no log; a new controller begins anew and gives everybody a full session.
 *
 *            contacted                line lost               time is up
 *   live  ------------> live   live ----------> suspected   any ----------> ended
 *   suspected, ended, fencing -- contacted --> live         ended, not fenced -- its turn --> fencing
 *   fencing -- the fence was not put up --> ended
 *
 * Times are milliseconds of the monotonic clock. Speed: the state is changed in place, behind `step`.
 */

export interface SessionSettings {
  /** A broker that was not heard of for this long is dead. */
  readonly sessionMs: number
  /** The same once its line to the controller has broken. One that lives sends a heartbeat as soon as it notices. */
  readonly suspicionMs: number
  /** How often the clock ticks. Ticks that come later than that are the controller's own fault, and no broker pays for it. */
  readonly tickMs: number
  /** At most one broker, or `fencedShareMax` of them if that is more, is fenced in this time. */
  readonly fenceIntervalMs: number
  readonly fencedShareMax: number
}

export const DEFAULT_SESSION_SETTINGS: SessionSettings = {
  sessionMs: 4000,
  suspicionMs: 250,
  tickMs: 50,
  fenceIntervalMs: 100,
  fencedShareMax: 0.1,
}

export type SessionStatus =
  /** Heard of within its session. */
  | 'live'
  /** Its line broke: it has less time left. Still counts as alive. */
  | 'suspected'
  /** Time is up. A broker that is not fenced waits for its turn to be. */
  | 'ended'
  /** The fence is asked for and not put up yet. */
  | 'fencing'

export interface BrokerSession {
  readonly brokerId: number
  /** Of the registration that the session is about. */
  readonly brokerEpoch: number
  status: SessionStatus
  /**
   * The process is known to be dead though its time is not up: another may register in its place, and it is fenced only if none
   * does.
   */
  isReplaceable: boolean
  /** When a live or suspected session ends. */
  deadlineMs: number
  isFenced: boolean
  /** Last metadata offset that the broker said it has applied; -1: not heard yet. Never falls. */
  metadataOffset: number
  /** Offset from which the metadata show that it leads nothing because it stops; null: it does not stop. */
  shutdownOffset: number | null
  /** Keys (`failureKey`) of the logs that it last said it cannot open. */
  failedPartitions: ReadonlySet<string>
}

export interface BrokerSessions {
  readonly settings: SessionSettings
  /** Invariant: while not active, there are no sessions. */
  isActive: boolean
  /** Of every registered broker, by id. */
  readonly sessions: Map<number, BrokerSession>
  /** Null before the first tick. */
  lastTickMs: number | null
  /** When brokers were last chosen to be fenced. */
  lastFenceMs: number
}

export function initialSessions(settings: SessionSettings = DEFAULT_SESSION_SETTINGS): BrokerSessions {
  return { settings, isActive: false, sessions: new Map(), lastTickMs: null, lastFenceMs: Number.NEGATIVE_INFINITY }
}

export function failureKey(topicId: string, partition: number): string {
  return `${topicId} ${partition}`
}
