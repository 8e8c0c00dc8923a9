/** The queue before a stream: bounded twice. */
import type { Message } from 'raft-ts'
import { expect, it } from 'vitest'
import { MessageQueue } from './message-queue.ts'

const ADDRESS = { groupId: 'c', from: '1@a', to: '2@b', term: 1 } as const
const small: Message = { ...ADDRESS, type: 'timeout-now' }
const large = (bytes: number): Message => {
  const entries = [{ type: 'data' as const, term: 1, index: 1, data: new Uint8Array(bytes) }]
  return { ...ADDRESS, type: 'append-request', previous: { term: 0, index: 0 }, entries, commitIndex: 0 }
}
const piece = (bytes: number): Message => {
  const snapshot = { term: 1, index: 1, membership: { voters: [], learners: [] } }
  return { ...ADDRESS, type: 'snapshot-request', snapshot, offset: 0, data: new Uint8Array(bytes), isLast: true }
}

it('gives what it took, in order', () => {
  const queue = new MessageQueue({ messages: 3, bytes: 10_000 })
  expect([queue.offer(large(1)), queue.offer(small)]).toEqual([true, true])
  expect([queue.take(), queue.take(), queue.take()]).toEqual([large(1), small, undefined])
})

it('refuses beyond its number of messages, and takes more when some are gone', () => {
  const queue = new MessageQueue({ messages: 2, bytes: 10_000 })
  expect([queue.offer(small), queue.offer(small), queue.offer(small)]).toEqual([true, true, false])
  queue.take()
  expect(queue.offer(small)).toBe(true)
})

it.each([
  ['entries', large],
  ['pieces of a snapshot', piece],
])('refuses beyond its bytes of %s', (_name, message) => {
  const queue = new MessageQueue({ messages: 100, bytes: 10_000 })
  expect([queue.offer(message(6_000)), queue.offer(message(6_000)), queue.offer(message(1_000))]).toEqual([true, false, true])
  queue.clear()
  expect([queue.length, queue.offer(message(6_000))]).toEqual([0, true])
})

it('lets one pass that is larger than all its room', () => {
  const queue = new MessageQueue({ messages: 100, bytes: 10_000 })
  expect([queue.offer(large(50_000)), queue.offer(small)]).toEqual([true, false])
})
