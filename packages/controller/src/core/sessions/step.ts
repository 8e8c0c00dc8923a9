/** The sessions of brokers: one event, and what is to be done. States and transitions are drawn in `state.ts`. */
import type { BrokerImage } from '@millrace/metadata'
import type { BrokerSessionsView } from '../command.ts'
import type { SessionEffect, SessionEvent } from './events.ts'
import { type BrokerSession, type BrokerSessions, failureKey } from './state.ts'

const NOTHING: readonly SessionEffect[] = []

type EventOf<Type extends SessionEvent['type']> = Extract<SessionEvent, { readonly type: Type }>

/** Changes `state` in place. An event about a registration that is not the present one changes nothing. */
export function step(state: BrokerSessions, event: SessionEvent): readonly SessionEffect[] {
  if (!state.isActive && event.type !== 'became-active') return NOTHING
  switch (event.type) {
    case 'became-active':
      return becameActive(state, event)
    case 'became-inactive':
      state.isActive = false
      state.sessions.clear()
      return NOTHING
    case 'registrations-changed':
      return registrationsChanged(state, event)
    case 'contacted':
      return contacted(state, event)
    case 'metadata-applied': {
      const session = sessionOf(state, event)
      if (session !== undefined) session.metadataOffset = Math.max(session.metadataOffset, event.metadataOffset)
      return NOTHING
    }
    case 'line-lost':
      return lineLost(state, event)
    case 'fence-failed': {
      const session = sessionOf(state, event)
      if (session?.status === 'fencing') session.status = 'ended'
      return NOTHING
    }
    case 'ticked':
      return ticked(state, event.now)
    default:
      return unreachable(event)
  }
}

/** What commands may ask about the sessions. */
export function viewOf(state: BrokerSessions, now: number): BrokerSessionsView {
  const { sessions } = state
  return {
    isLive: (brokerId, brokerEpoch) => {
      const session = sessions.get(brokerId)
      return session?.brokerEpoch === brokerEpoch && isAlive(session) && !session.isReplaceable && now < session.deadlineMs
    },
    metadataOffset: (brokerId) => sessions.get(brokerId)?.metadataOffset ?? -1,
    shutdownOffset: (brokerId) => sessions.get(brokerId)?.shutdownOffset ?? Number.POSITIVE_INFINITY,
    hasFailed: (brokerId, topicId, partition) => {
      const failed = sessions.get(brokerId)?.failedPartitions
      return failed !== undefined && failed.size > 0 && failed.has(failureKey(topicId, partition))
    },
  }
}

function becameActive(state: BrokerSessions, { now, offset, brokers, own }: EventOf<'became-active'>): readonly SessionEffect[] {
  state.isActive = true
  state.sessions.clear()
  state.lastTickMs = now
  for (const broker of brokers.values()) {
    const session = newSession(state, broker, now)
    // Nobody waits for a fenced one: it serves nothing, and another process may take its place at once.
    if (broker.isFenced) session.status = 'ended'
    session.isReplaceable = own.brokerId === broker.id && own.incarnationId !== null && own.incarnationId !== broker.incarnationId
    // When it began to stop is not known any more, but not later than this.
    if (broker.isInControlledShutdown) session.shutdownOffset = offset
    state.sessions.set(broker.id, session)
  }
  return NOTHING
}

function registrationsChanged(state: BrokerSessions, event: EventOf<'registrations-changed'>): readonly SessionEffect[] {
  for (const brokerId of event.changed) {
    const broker = event.brokers.get(brokerId)
    if (broker === undefined) {
      state.sessions.delete(brokerId)
      continue
    }
    let session = state.sessions.get(brokerId)
    if (session?.brokerEpoch !== broker.epoch) {
      session = newSession(state, broker, event.now)
      state.sessions.set(brokerId, session)
    }
    session.isFenced = broker.isFenced
    if (broker.isFenced && session.status === 'fencing') session.status = 'ended'
    if (broker.isInControlledShutdown) session.shutdownOffset ??= event.offset
  }
  return NOTHING
}

function contacted(state: BrokerSessions, event: EventOf<'contacted'>): readonly SessionEffect[] {
  const session = sessionOf(state, event)
  if (session === undefined) return NOTHING
  session.status = 'live'
  session.isReplaceable = false
  session.deadlineMs = event.now + state.settings.sessionMs
  session.metadataOffset = Math.max(session.metadataOffset, event.metadataOffset)
  if (event.failedPartitions.length > 0 || session.failedPartitions.size > 0) {
    session.failedPartitions = new Set(event.failedPartitions.map(({ topicId, partition }) => failureKey(topicId, partition)))
  }
  return NOTHING
}

function lineLost(state: BrokerSessions, event: EventOf<'line-lost'>): readonly SessionEffect[] {
  const session = sessionOf(state, event)
  if (session?.status !== 'live') return NOTHING
  session.status = 'suspected'
  session.deadlineMs = Math.min(session.deadlineMs, event.now + state.settings.suspicionMs)
  return NOTHING
}

function ticked(state: BrokerSessions, now: number): readonly SessionEffect[] {
  forgiveStall(state, now)
  state.lastTickMs = now
  const overdue: BrokerSession[] = []
  let servingCount = 0
  for (const session of state.sessions.values()) {
    if (isAlive(session) && now >= session.deadlineMs) session.status = 'ended'
    if (session.isFenced) continue
    servingCount++
    if (session.status === 'ended') overdue.push(session)
  }
  const { fenceIntervalMs, fencedShareMax } = state.settings
  if (overdue.length === 0 || now - state.lastFenceMs < fenceIntervalMs) return NOTHING
  state.lastFenceMs = now
  overdue.sort((left, right) => left.deadlineMs - right.deadlineMs || left.brokerId - right.brokerId)
  const chosen = overdue.slice(0, Math.max(1, Math.floor(servingCount * fencedShareMax)))
  return chosen.map((session) => {
    session.status = 'fencing'
    return { type: 'fence-broker', brokerId: session.brokerId, brokerEpoch: session.brokerEpoch }
  })
}

/** Heartbeats that came while the loop stood still have not been read yet, so nobody was silent for that long. */
function forgiveStall(state: BrokerSessions, now: number): void {
  if (state.lastTickMs === null) return
  const stallMs = now - state.lastTickMs - state.settings.tickMs
  if (stallMs < state.settings.tickMs) return
  for (const session of state.sessions.values()) {
    if (isAlive(session)) session.deadlineMs += stallMs
  }
}

function newSession(state: BrokerSessions, broker: BrokerImage, now: number): BrokerSession {
  return {
    brokerId: broker.id,
    brokerEpoch: broker.epoch,
    status: 'live',
    isReplaceable: false,
    deadlineMs: now + state.settings.sessionMs,
    isFenced: broker.isFenced,
    metadataOffset: -1,
    shutdownOffset: null,
    failedPartitions: new Set(),
  }
}

function sessionOf(state: BrokerSessions, of: { readonly brokerId: number; readonly brokerEpoch: number }): BrokerSession | undefined {
  const session = state.sessions.get(of.brokerId)
  return session?.brokerEpoch === of.brokerEpoch ? session : undefined
}

function isAlive(session: BrokerSession): boolean {
  return session.status === 'live' || session.status === 'suspected'
}

function unreachable(event: never): never {
  throw new Error(`invariant broken: sessions know every event (${String((event as SessionEvent).type)})`)
}
