/** Messages that no correct node can have sent. */
import { describe, expect, it } from 'vitest'
import type { Entry } from './entries.ts'
import { membershipOf } from './membership/membership.ts'
import type { Message } from './messages.ts'
import { isWellFormedMessage } from './messages-well-formed.ts'

const ADDRESS = { groupId: 'g', from: 'a', to: 'b', term: 3 } as const
const noop = (term: number, index: number): Entry => ({ type: 'noop', term, index })
const append = (entries: readonly Entry[], term = 3): Message => {
  return { ...ADDRESS, term, type: 'append-request', previous: { term: 1, index: 4 }, entries, commitIndex: 2 }
}
const snapshot = (change: object): Message => {
  const meta = { term: 2, index: 9, membership: membershipOf(['a']), ...change }
  return { ...ADDRESS, type: 'snapshot-request', snapshot: meta, offset: 0, data: new Uint8Array(1), isLast: false }
}

describe('a message', () => {
  it.each<[string, boolean, Message]>([
    ['an empty append', true, append([])],
    ['entries that follow', true, append([noop(1, 5), noop(3, 6)])],
    ['entries with a gap', false, append([noop(1, 6)])],
    ['entries whose terms go back', false, append([noop(2, 5), noop(1, 6)])],
    ['entries of a later term than the sender', false, append([noop(4, 5)])],
    ['an entry that leaves the group without voters', false, append([{ ...noop(1, 5), type: 'membership', membership: membershipOf([]) }])],
    ['a term that is none', false, append([], 1.5)],
    ['term 0', false, append([], 0)],
    ['an index beyond what counts exactly', false, { ...ADDRESS, type: 'append-accepted', matchIndex: 2 ** 53 }],
    ['a negative index', false, { ...ADDRESS, type: 'append-accepted', matchIndex: -1 }],
    ['a vote for a log of a later term', false, { ...ADDRESS, type: 'vote-request', lastLog: { term: 3, index: 1 }, isTransfer: false }],
    ['a vote for an empty log', true, { ...ADDRESS, type: 'vote-request', lastLog: { term: 0, index: 0 }, isTransfer: false }],
    ['an entry without a term', false, { ...ADDRESS, type: 'pre-vote-request', lastLog: { term: 0, index: 1 } }],
    ['a hint beyond the question', false, { ...ADDRESS, type: 'append-rejected', rejectedIndex: 4, hint: noop(1, 5), isRecovering: false }],
    ['a snapshot', true, snapshot({})],
    ['a snapshot of a later term', false, snapshot({ term: 4 })],
    ['a snapshot without voters', false, snapshot({ membership: membershipOf([]) })],
    ['a membership that is not sorted', false, snapshot({ membership: { voters: ['b', 'a'], learners: [] } })],
    ['an entry of no kind', false, append([{ term: 1, index: 5, type: 'wish' } as unknown as Entry])],
    ['data that is no bytes', false, append([{ term: 1, index: 5, type: 'data', data: 'x' } as unknown as Entry])],
    ['no entries at all', false, { ...append([]), entries: undefined } as unknown as Message],
    ['no previous entry', false, { ...append([]), previous: null } as unknown as Message],
    ['a vote that is neither', false, { ...ADDRESS, type: 'vote-response' } as unknown as Message],
    ['a member without a name', false, snapshot({ membership: { voters: [''], learners: [] } })],
    ['a type of every object', false, { ...ADDRESS, type: 'toString' } as unknown as Message],
    ['something else', false, { ...ADDRESS, type: 'gossip' } as unknown as Message],
  ])('%s: %s', (_name, expected, message) => {
    expect(isWellFormedMessage(message)).toBe(expected)
  })
})
