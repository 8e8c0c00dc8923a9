/** Messages leave when what they claim is durable. */
import { describe, expect, it } from 'vitest'
import type { MessageBody } from './messages.ts'
import { Outbox } from './outbox.ts'

const GRANTED = { type: 'vote-response', isGranted: true } as const
const REFUSED = { type: 'vote-response', isGranted: false } as const
const heartbeat = (round: number): MessageBody => ({ type: 'heartbeat-response', round, verifiedIndex: 0, recoveryId: null })

describe('the outbox', () => {
  it('lets go at once what waits for nothing, or for what is done', () => {
    const outbox = new Outbox('g', 'a')
    outbox.add('b', 3, GRANTED, 2, 2)
    expect(outbox.take()).toEqual([{ groupId: 'g', from: 'a', to: 'b', term: 3, ...GRANTED }])
    expect(outbox.take()).toEqual([])
  })

  it('keeps the rest until the write it waits for is done', () => {
    const outbox = new Outbox('g', 'a')
    outbox.add('b', 3, GRANTED, 4, 2)
    outbox.add('c', 3, REFUSED, 5, 2)
    outbox.written(3)
    expect(outbox.take()).toEqual([])
    outbox.written(4)
    expect(outbox.take().map(({ to }) => to)).toEqual(['b'])
    outbox.written(9)
    expect(outbox.take().map(({ to }) => to)).toEqual(['c'])
  })

  it.each<[string, MessageBody, MessageBody, object]>([
    ['the newer', REFUSED, GRANTED, GRANTED],
    ['what accepts more', { type: 'append-accepted', matchIndex: 5 }, { type: 'append-accepted', matchIndex: 4 }, { matchIndex: 5 }],
    ['what accepts more', { type: 'append-accepted', matchIndex: 5 }, { type: 'append-accepted', matchIndex: 6 }, { matchIndex: 6 }],
    ['the later round', heartbeat(5), heartbeat(4), { round: 5 }],
  ])('keeps one message of a kind for a peer that waits for a write: %s', (_which, first, second, kept) => {
    const outbox = new Outbox('g', 'a')
    outbox.add('b', 3, first, 4, 2)
    outbox.add('b', 3, second, 4, 2)
    outbox.add('c', 3, first, 4, 2)
    expect(outbox.waiting).toBe(2)
    outbox.written(4)
    expect(outbox.take()).toMatchObject([{ to: 'b', ...kept }, { to: 'c' }])
  })

  it('keeps what waits for different writes apart', () => {
    const outbox = new Outbox('g', 'a')
    outbox.add('b', 3, { type: 'append-accepted', matchIndex: 5 }, 4, 2)
    outbox.add('b', 3, { type: 'append-accepted', matchIndex: 6 }, 5, 2)
    outbox.written(4)
    expect(outbox.take()).toMatchObject([{ matchIndex: 5 }])
  })

  it('forgets what waits when the term is over', () => {
    const outbox = new Outbox('g', 'a')
    outbox.add('b', 3, GRANTED, 4, 2)
    outbox.termChanged()
    outbox.written(9)
    expect(outbox.take()).toEqual([])
  })

  it('says nothing more after a failure', () => {
    const outbox = new Outbox('g', 'a')
    outbox.add('b', 3, GRANTED, 0, 2)
    outbox.add('b', 3, GRANTED, 4, 2)
    outbox.discard()
    outbox.written(9)
    expect(outbox.take()).toEqual([])
  })
})
