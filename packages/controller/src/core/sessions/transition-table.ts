/** The sessions' machine as a table, for the test: every state with every event. The compiler finds what is missing. */
import type { SessionEvent } from './events.ts'
import type { SessionStatus } from './state.ts'

/** Events that mean one session, as it goes through its life. */
export type SessionHappening =
  | Exclude<SessionEvent['type'], 'became-active' | 'became-inactive' | 'registrations-changed' | 'ticked'>
  | 'ticked in time'
  | 'ticked too late'
  | 'fence shown'
  | 'unfence shown'
  | 'registered anew'

/** Status after the event, for a broker that is not fenced. */
export const TRANSITIONS: Readonly<Record<SessionStatus, Readonly<Record<SessionHappening, SessionStatus>>>> = {
  live: {
    contacted: 'live',
    'metadata-applied': 'live',
    'line-lost': 'suspected',
    'fence-failed': 'live',
    'ticked in time': 'live',
    'ticked too late': 'fencing',
    'fence shown': 'live',
    'unfence shown': 'live',
    'registered anew': 'live',
  },
  suspected: {
    contacted: 'live',
    'metadata-applied': 'suspected',
    'line-lost': 'suspected',
    'fence-failed': 'suspected',
    'ticked in time': 'suspected',
    'ticked too late': 'fencing',
    'fence shown': 'suspected',
    'unfence shown': 'suspected',
    'registered anew': 'live',
  },
  ended: {
    contacted: 'live',
    'metadata-applied': 'ended',
    'line-lost': 'ended',
    'fence-failed': 'ended',
    'ticked in time': 'fencing',
    'ticked too late': 'fencing',
    'fence shown': 'ended',
    'unfence shown': 'ended',
    'registered anew': 'live',
  },
  fencing: {
    contacted: 'live',
    'metadata-applied': 'fencing',
    'line-lost': 'fencing',
    'fence-failed': 'ended',
    'ticked in time': 'fencing',
    'ticked too late': 'fencing',
    'fence shown': 'ended',
    'unfence shown': 'fencing',
    'registered anew': 'live',
  },
}
