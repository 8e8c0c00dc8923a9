/** What is true of the sessions after every event. The numbers are those of docs/spec/controller.md. */
import type { BrokerSessions } from './state.ts'

export function assertSessionInvariants(state: BrokerSessions): void {
  check(state.isActive || state.sessions.size === 0, 'S1: only the active controller knows sessions', '')
  for (const [id, session] of state.sessions) {
    check(id === session.brokerId, 'S2: a session is found by the id of its broker', `${id}`)
    check(session.status !== 'fencing' || !session.isFenced, 'S3: who is fenced is not being fenced', `${id}`)
    check(Number.isFinite(session.deadlineMs), 'S4: every session ends', `${id}`)
    check(session.metadataOffset >= -1, 'S5: a metadata offset is an offset, or -1', `${id}`)
  }
}

function check(condition: boolean, claim: string, where: string): void {
  if (!condition) throw new Error(`invariant broken: ${claim} (${where})`)
}
