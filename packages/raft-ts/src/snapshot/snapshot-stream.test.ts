/** A snapshot on its way: a few chunks at a time, in order, taken up again where it broke off. */
import { beforeEach, describe, expect, it } from 'vitest'
import { membershipOf } from '../membership/membership.ts'
import { SnapshotStream } from './snapshot-stream.ts'

const CHUNK = 10
const PATIENCE = 3

let stream: SnapshotStream

/** Reads what is to be read next, and sends it. */
function send(isLast = false): number | null {
  const offset = stream.nextRead()
  if (offset !== null) stream.chunkRead(offset, CHUNK, isLast)
  return offset
}

beforeEach(() => {
  stream = new SnapshotStream({ index: 5, term: 1, membership: membershipOf(['a']) }, 2)
})

describe('a stream', () => {
  it('reads one chunk at a time', () => {
    expect([stream.nextRead(), stream.nextRead()]).toEqual([0, null])
  })

  it('has no more under way than allowed', () => {
    expect([send(), send(), send()]).toEqual([0, 10, null])
    stream.acked(10)
    expect(send()).toBe(20)
  })

  it('ends with the last chunk', () => {
    expect([send(), send(true)]).toEqual([0, 10])
    stream.acked(20)
    expect(send()).toBeNull()
  })

  it('sends again what was not answered for long', () => {
    send()
    send()
    stream.acked(10)
    for (let tick = 0; tick < PATIENCE; tick += 1) stream.tick(PATIENCE)
    expect(send()).toBe(10)
  })

  it('sends the last chunk again too', () => {
    send(true)
    for (let tick = 0; tick < PATIENCE; tick += 1) stream.tick(PATIENCE)
    expect(send(true)).toBe(0)
  })

  it('is patient as long as there are answers', () => {
    send()
    stream.tick(PATIENCE)
    stream.tick(PATIENCE)
    stream.acked(10)
    stream.tick(PATIENCE)
    expect(send()).toBe(10)
  })

  it('begins again with a follower that began again', () => {
    send()
    stream.acked(10)
    send()
    stream.acked(0)
    expect(send()).toBe(0)
  })

  it('goes on where the follower is, when that is further', () => {
    send()
    stream.acked(30)
    expect(send()).toBe(30)
  })

  it('does not send a chunk that it has gone back from', () => {
    send()
    stream.acked(10)
    const offset = stream.nextRead() ?? -1
    stream.acked(0)
    expect(stream.chunkRead(offset, CHUNK, false)).toBe(false)
    expect(send()).toBe(0)
  })
})
