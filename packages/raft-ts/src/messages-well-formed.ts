/**
 * The boundary to what peers say. A message that no correct node can have sent (a bug in another version, a transport that
 * mixed something up) is dropped before it reaches any state.
 */
import type { Entry, LogPosition } from './entries.ts'
import { isWellFormedMembership } from './membership/membership.ts'
import type { Message } from './messages.ts'

export function isWellFormedMessage(message: Message): boolean {
  return isCount(message.term) && message.term > 0 && isWellFormedBody(message)
}

function isWellFormedBody(message: Message): boolean {
  switch (message.type) {
    case 'pre-vote-request':
    case 'vote-request':
      return isPosition(message.lastLog) && message.lastLog.term < message.term
    case 'pre-vote-response':
    case 'vote-response':
    case 'timeout-now':
      return true
    case 'append-request':
      return (
        isPosition(message.previous) && isCount(message.commitIndex) && areEntriesAfter(message.previous, message.entries, message.term)
      )
    case 'append-accepted':
      return isCount(message.matchIndex)
    case 'append-rejected':
      return isCount(message.rejectedIndex) && isPosition(message.hint) && message.hint.index <= message.rejectedIndex
    case 'heartbeat-request':
      return isCount(message.round) && isCount(message.commitIndex)
    case 'heartbeat-response':
      return isCount(message.round) && isCount(message.verifiedIndex)
    case 'snapshot-request': {
      const { snapshot, offset } = message
      const isSnapshot = isPosition(snapshot) && snapshot.term <= message.term && isWellFormedMembership(snapshot.membership)
      return isSnapshot && snapshot.membership.voters.length > 0 && isCount(offset) && (message.data.length > 0 || message.isLast)
    }
    case 'snapshot-response':
      return isPosition(message.snapshot) && isCount(message.nextOffset)
    default:
      return false
  }
}

/** Without gaps, with terms that neither go back nor pass the sender's (I4). */
function areEntriesAfter(previous: LogPosition, entries: readonly Entry[], termMax: number): boolean {
  let { index, term } = previous
  for (const entry of entries) {
    if (entry.index !== index + 1 || !isCount(entry.index) || entry.term < term || !isCount(entry.term)) return false
    if (entry.type === 'membership' && (entry.membership.voters.length === 0 || !isWellFormedMembership(entry.membership))) return false
    ;({ index, term } = entry)
  }
  return term <= termMax
}

/** Index 0 is before the first entry and has no term; every other index has one. */
function isPosition({ index, term }: LogPosition): boolean {
  return isCount(index) && isCount(term) && (index === 0) === (term === 0)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
