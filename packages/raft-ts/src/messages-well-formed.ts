/**
 * The boundary to what peers say. A message that no correct node can have sent (a bug in another version, a transport that
 * mixed something up) is dropped before it reaches any state. Nothing about its shape is taken for granted.
 */
import { isWellFormedMembership, type Membership } from './membership/membership.ts'
import type { Message } from './messages.ts'

type Fields = Readonly<Record<string, unknown>>

export function isWellFormedMessage(message: unknown): message is Message {
  return isFields(message) && isTerm(message['term']) && hasBody(message, message['term'])
}

function hasBody(message: Fields, term: number): boolean {
  const { type } = message
  return typeof type === 'string' && Object.hasOwn(BODIES, type) && BODIES[type as Message['type']](message, term)
}

const BODIES: Readonly<Record<Message['type'], (message: Fields, term: number) => boolean>> = {
  'pre-vote-request': ({ lastLog }, term) => isPosition(lastLog) && lastLog.term < term,
  'pre-vote-response': ({ isGranted }) => isFlag(isGranted),
  'vote-request': ({ lastLog, isTransfer }, term) => isPosition(lastLog) && lastLog.term < term && isFlag(isTransfer),
  'vote-response': ({ isGranted }) => isFlag(isGranted),
  'timeout-now': () => true,
  'append-request': ({ previous, entries, commitIndex }, term) =>
    isPosition(previous) && Array.isArray(entries) && areEntriesAfter(previous, entries, term) && isCount(commitIndex),
  'append-accepted': ({ matchIndex }) => isCount(matchIndex),
  'append-rejected': ({ rejectedIndex, hint, isRecovering }) =>
    isCount(rejectedIndex) && isPosition(hint) && hint.index <= rejectedIndex && isFlag(isRecovering),
  'heartbeat-request': ({ round, commitIndex, recovery }) => isCount(round) && isCount(commitIndex) && isRecovery(recovery),
  'heartbeat-response': ({ round, verifiedIndex, recoveryId }) =>
    isCount(round) && isCount(verifiedIndex) && (recoveryId === null || isCount(recoveryId)),
  'snapshot-request': ({ snapshot, offset, data, isLast }, term) =>
    isPosition(snapshot) &&
    snapshot.term <= term &&
    isMembership(snapshot['membership']) &&
    isCount(offset) &&
    data instanceof Uint8Array &&
    isFlag(isLast) &&
    (data.length > 0 || isLast),
  'snapshot-response': ({ snapshot, nextOffset }) => isPosition(snapshot) && isCount(nextOffset),
}

/** Without gaps, with terms that neither go back nor pass the sender's (I4). */
function areEntriesAfter(previous: Position, entries: readonly unknown[], termMax: number): boolean {
  let { index, term } = previous
  for (const entry of entries) {
    if (!isPosition(entry) || entry.index !== index + 1 || entry.term < term || !isEntryBody(entry)) return false
    ;({ index, term } = entry)
  }
  return term <= termMax
}

function isEntryBody({ type, data, membership }: Fields): boolean {
  if (type === 'data') return data instanceof Uint8Array
  return type === 'noop' || (type === 'membership' && isMembership(membership))
}

/** Of a group that has somebody to decide something. */
function isMembership(value: unknown): value is Membership {
  if (!isFields(value)) return false
  const { voters, learners } = value
  return areIds(voters) && areIds(learners) && voters.length > 0 && isWellFormedMembership({ voters, learners })
}

function areIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === 'string' && id !== '')
}

function isRecovery(value: unknown): boolean {
  return value === null || (isFields(value) && isCount(value['id']) && isCount(value['lastIndex']))
}

type Position = Fields & { readonly index: number; readonly term: number }

/** Index 0 is before the first entry and has no term; every other index has one. */
function isPosition(value: unknown): value is Position {
  return isFields(value) && isCount(value['index']) && isCount(value['term']) && (value['index'] === 0) === (value['term'] === 0)
}

function isTerm(value: unknown): value is number {
  return isCount(value) && value > 0
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
