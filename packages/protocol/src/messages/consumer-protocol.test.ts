import { describe, expect, it } from 'vitest'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'

const SUBSCRIPTION = {
  topics: ['a', 'b'],
  userData: new Uint8Array([1, 2]),
  ownedPartitions: [{ topic: 'a', partitions: [0, 2] }],
  generationId: 7,
  rackId: 'r1',
}

describe('a subscription', () => {
  it.each([
    [0, { ownedPartitions: [], generationId: -1, rackId: null }],
    [1, { generationId: -1, rackId: null }],
    [2, { rackId: null }],
    [3, {}],
  ])('of version %i says what that version can', (version, missing) => {
    expect(decodeSubscription(encodeSubscription(SUBSCRIPTION, version))).toEqual({ ...SUBSCRIPTION, ...missing })
  })

  it('is laid out as clients do it', () => {
    // Version 1, two topics, no user data, no owned partitions: what a Java consumer sends when it joins first.
    const bytes = [0, 1, 0, 0, 0, 2, 0, 1, 97, 0, 1, 98, 255, 255, 255, 255, 0, 0, 0, 0]
    expect([...encodeSubscription({ topics: ['a', 'b'], userData: null, ownedPartitions: [] }, 1)]).toEqual(bytes)
  })

  it('of a later version is read as the newest known', () => {
    const known = encodeSubscription(SUBSCRIPTION)
    const later = new Uint8Array([...known, 9, 9, 9])
    later[1] = 4
    expect(decodeSubscription(later)).toEqual(SUBSCRIPTION)
  })
})

describe('an assignment', () => {
  const assignment = { assignedPartitions: [{ topic: 'a', partitions: [1, 3] }], userData: null }

  it.each([0, 1, 2, 3])('of version %i comes back as it was', (version) => {
    expect(decodeAssignment(encodeAssignment(assignment, version))).toEqual(assignment)
  })
})

it.each([
  ['nothing', []],
  ['half a version', [0]],
  ['a negative version', [255, 255, 0, 0, 0, 0]],
  ['a count of topics beyond the bytes', [0, 0, 127, 255, 255, 255]],
  ['a topic cut short', [0, 0, 0, 0, 0, 1, 0, 5, 97]],
])('%s is refused', (_what, bytes) => {
  expect(() => decodeSubscription(new Uint8Array(bytes))).toThrow(expect.objectContaining({ name: 'ProtocolError' }))
  expect(() => decodeAssignment(new Uint8Array(bytes))).toThrow(expect.objectContaining({ name: 'ProtocolError' }))
})
