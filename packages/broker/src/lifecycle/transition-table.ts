/**
 * Where each event leads from each phase, as docs/spec/broker-lifecycle.md has it: the phase it ends in, and what is sent. The
 * compiler finds the hole where an event or a phase is added.
 */
import type { LifecycleEvent } from './events.ts'
import type { LifecyclePhase } from './state.ts'

/** Events, told apart by what in them decides. */
export type Situation =
  | 'started'
  | 'registered'
  | 'registration refused: duplicate'
  | 'registration refused: other cluster'
  | 'heartbeat accepted'
  | 'heartbeat accepted: fenced'
  | 'heartbeat accepted: should shut down'
  | 'heartbeat accepted: a session old'
  | 'heartbeat refused: stale epoch'
  | 'heartbeat refused: no controller'
  | 'call failed'
  | 'registration shown'
  | 'registration shown: fenced'
  | 'shutdown requested'
  | 'shutdown requested: alone'
  | 'peers left'
  | 'directory failed'
  | 'controller lost'
  | 'start timed out'
  | 'session over'
  | 'deadline over'

type LivePhase = Exclude<LifecyclePhase, 'stopped' | 'failed'>

/** `phase`, then what is sent with it: `R` a registration, `H` a heartbeat; `later` when that waits for its time. */
export type Expected = `${LifecyclePhase}${'' | ' R' | ' H'}`

export const SITUATION_EVENTS: Readonly<Record<Situation, LifecycleEvent['type']>> = {
  started: 'started',
  registered: 'registered',
  'registration refused: duplicate': 'registration-refused',
  'registration refused: other cluster': 'registration-refused',
  'heartbeat accepted': 'heartbeat-accepted',
  'heartbeat accepted: fenced': 'heartbeat-accepted',
  'heartbeat accepted: should shut down': 'heartbeat-accepted',
  'heartbeat accepted: a session old': 'heartbeat-accepted',
  'heartbeat refused: stale epoch': 'heartbeat-refused',
  'heartbeat refused: no controller': 'heartbeat-refused',
  'call failed': 'call-failed',
  'registration shown': 'registration-shown',
  'registration shown: fenced': 'registration-shown',
  'shutdown requested': 'shutdown-requested',
  'shutdown requested: alone': 'shutdown-requested',
  'peers left': 'peers-left',
  'directory failed': 'directory-failed',
  'controller lost': 'controller-lost',
  'start timed out': 'start-timed-out',
  'session over': 'time-passed',
  'deadline over': 'time-passed',
}

/** The phases begin with a call under way, but for `new`; what is wanted meanwhile is sent when that has ended. */
export const TRANSITIONS: Readonly<Record<Situation, Readonly<Record<LivePhase, Expected>>>> = {
  started: row('registering R', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  registered: row('new', 'fenced H', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'registration refused: duplicate': row('new', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'registration refused: other cluster': row('new', 'failed', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'heartbeat accepted': row('new', 'registering', 'serving', 'serving', 'serving', 'shutting-down', 'failed'),
  'heartbeat accepted: fenced': row('new', 'registering', 'fenced', 'fenced', 'fenced', 'shutting-down', 'failed'),
  'heartbeat accepted: should shut down': row('new', 'registering', 'serving', 'serving', 'serving', 'stopped', 'failed'),
  'heartbeat accepted: a session old': row('new', 'registering R', 'self-fenced H', 'self-fenced H', 'self-fenced H', 'stopped', 'failed'),
  'heartbeat refused: stale epoch': row('new', 'registering', 'registering', 'registering', 'registering', 'stopped', 'failed'),
  'heartbeat refused: no controller': row('new', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'call failed': row('new', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'registration shown': row('new', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'registration shown: fenced': row('new', 'registering', 'fenced', 'fenced', 'self-fenced', 'shutting-down', 'failing'),
  'shutdown requested': row('stopped', 'stopped', 'stopped', 'shutting-down', 'stopped', 'shutting-down', 'failing'),
  'shutdown requested: alone': row('stopped', 'stopped', 'stopped', 'stopped', 'stopped', 'shutting-down', 'failing'),
  'peers left': row('new', 'registering', 'fenced', 'serving', 'self-fenced', 'stopped', 'failing'),
  'directory failed': row('failed', 'failed', 'failing', 'failing', 'failing', 'failing', 'failing'),
  'controller lost': row('new', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'start timed out': row('failed', 'failed', 'failed', 'serving', 'self-fenced', 'shutting-down', 'failing'),
  'session over': row('new', 'registering R', 'fenced H', 'self-fenced H', 'self-fenced', 'stopped', 'failed'),
  'deadline over': row('new', 'registering R', 'fenced H', 'self-fenced H', 'self-fenced', 'stopped', 'failed'),
}

function row(
  fromNew: Expected,
  registering: Expected,
  fenced: Expected,
  serving: Expected,
  selfFenced: Expected,
  shuttingDown: Expected,
  failing: Expected,
): Readonly<Record<LivePhase, Expected>> {
  return { new: fromNew, registering, fenced, serving, 'self-fenced': selfFenced, 'shutting-down': shuttingDown, failing }
}
