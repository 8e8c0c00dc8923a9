/** Raft's messages and the schemas agree: whatever raft-ts can say comes out as it went in. */
import fc from 'fast-check'
import { type Entry, type Message, membershipOf } from 'raft-ts'
import { describe, expect, it } from 'vitest'
import { loadGrpc } from './load-grpc.ts'
import { loadMessageCodecs } from './schemas.ts'

const codec = loadMessageCodecs(await loadGrpc()).codec<Message>('RaftMessage')

const count = fc.maxSafeNat()
const id = fc.string({ minLength: 1, maxLength: 40 })
const position = fc.record({ term: count, index: count })
const bytes = fc.uint8Array({ maxLength: 200 })
const membership = fc.tuple(fc.uniqueArray(id, { maxLength: 5 }), fc.uniqueArray(id, { maxLength: 5 })).map(([voters, learners]) => {
  return membershipOf(voters, learners)
})
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ term: count, index: count, type: fc.constant('data' as const), data: bytes }),
  fc.record({ term: count, index: count, type: fc.constant('noop' as const) }),
  fc.record({ term: count, index: count, type: fc.constant('membership' as const), membership }),
)
const addressed = { groupId: id, from: id, to: id, term: count }
const recovery = fc.option(fc.record({ id: count, lastIndex: count }))
const snapshotMeta = fc.record({ term: count, index: count, membership })
const isGranted = fc.boolean()

/** Total: a message that raft-ts gains has to be given a line here. */
const MESSAGES: { readonly [Type in Message['type']]: fc.Arbitrary<Extract<Message, { type: Type }>> } = {
  'pre-vote-request': said('pre-vote-request', { lastLog: position }),
  'pre-vote-response': said('pre-vote-response', { isGranted }),
  'vote-request': said('vote-request', { lastLog: position, isTransfer: fc.boolean() }),
  'vote-response': said('vote-response', { isGranted }),
  'append-request': said('append-request', { previous: position, entries: fc.array(entry, { maxLength: 5 }), commitIndex: count }),
  'append-accepted': said('append-accepted', { matchIndex: count }),
  'append-rejected': said('append-rejected', { rejectedIndex: count, hint: position, isRecovering: fc.boolean() }),
  'heartbeat-request': said('heartbeat-request', { round: count, commitIndex: count, recovery }),
  'heartbeat-response': said('heartbeat-response', { round: count, verifiedIndex: count, recoveryId: fc.option(count) }),
  'snapshot-request': said('snapshot-request', { snapshot: snapshotMeta, offset: count, data: bytes, isLast: fc.boolean() }),
  'snapshot-response': said('snapshot-response', { snapshot: position, nextOffset: count }),
  'timeout-now': said('timeout-now', {}),
}

describe.each(Object.entries(MESSAGES))('%s', (_type, arbitrary: fc.Arbitrary<Message>) => {
  it('arrives as it was sent', () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        expect(codec.decode(codec.encode(message))).toEqual(message)
      }),
      { numRuns: 50 },
    )
  })
})

it('what arrives has nothing in common with the buffer that it was read from', () => {
  const message: Message = appendOf([{ type: 'data', term: 1, index: 1, data: Uint8Array.of(1, 2, 3) }])
  const buffer = codec.encode(message)
  const decoded = codec.decode(buffer)
  buffer.fill(0)
  expect(decoded).toStrictEqual(message)
})

it.each<[string, Message]>([
  ['a term that is no whole number', { ...appendOf([]), term: 1.5 }],
  ['a message that the schema does not know', { ...appendOf([]), type: 'gossip' } as unknown as Message],
  ['a field that the schema does not know', { ...appendOf([]), mood: 'good' } as unknown as Message],
])('refuses to send %s', (_name, message) => {
  expect(() => codec.encode(message)).toThrow(expect.objectContaining({ code: 'ERR_CONTROLLER_MESSAGE_UNREADABLE' }))
})

it('damaged bytes give an error or a message, and nothing else', () => {
  const sent = codec.encode(appendOf([{ type: 'data', term: 3, index: 9, data: new Uint8Array(50) }]))
  fc.assert(
    fc.property(fc.nat(sent.length - 1), fc.nat(255), fc.nat(sent.length), (at, value, length) => {
      const damaged = Buffer.from(sent)
      damaged[at] = value
      try {
        expect(codec.decode(damaged.subarray(0, length))).toHaveProperty('type')
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }),
    { numRuns: 2_000 },
  )
})

function appendOf(entries: readonly Entry[]): Message {
  return { groupId: 'c', from: '1@a', to: '2@b', term: 3, type: 'append-request', previous: { term: 0, index: 0 }, entries, commitIndex: 0 }
}

function said<Type extends Message['type']>(
  type: Type,
  body: { readonly [Key in Exclude<keyof Extract<Message, { type: Type }>, keyof typeof addressed | 'type'>]: fc.Arbitrary<unknown> },
): fc.Arbitrary<Extract<Message, { type: Type }>> {
  return fc.record({ ...addressed, type: fc.constant(type), ...body }) as unknown as fc.Arbitrary<Extract<Message, { type: Type }>>
}
