/** Leaders of classic groups give each partition to one member, and cooperative ones only what is free. */
import { encodeSubscription } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { dealOut, type JoinedMember, keepOwned } from './classic-assignor.ts'

function member(memberId: string, partitions: readonly number[] = [], generationId = 1): JoinedMember {
  return { memberId, metadata: encodeSubscription({ topics: ['t'], ownedPartitions: [{ topic: 't', partitions }], generationId }) }
}

it('an eager leader deals out all, and differently in the next generation', () => {
  const members = [member('b'), member('a')]
  expect(Object.fromEntries(dealOut(members, 3, 0))).toEqual({ a: [0, 2], b: [1] })
  expect(Object.fromEntries(dealOut(members, 3, 1))).toEqual({ a: [1], b: [0, 2] })
})

describe('a cooperative leader', () => {
  it('leaves members what they have, and gives away what is free', () => {
    expect(Object.fromEntries(keepOwned([member('a', [3]), member('b', [0])], 4))).toEqual({ a: [3, 1], b: [0, 2] })
  })

  it('gives nobody what somebody has to give up first', () => {
    expect(Object.fromEntries(keepOwned([member('a', [0, 1, 2, 3]), member('b')], 4))).toEqual({ a: [0, 1], b: [] })
    expect(Object.fromEntries(keepOwned([member('a', [0, 1]), member('b')], 4))).toEqual({ a: [0, 1], b: [2, 3] })
  })

  it('believes whoever got a partition later', () => {
    expect(Object.fromEntries(keepOwned([member('a', [0], 1), member('b', [0], 2)], 2))).toEqual({ a: [1], b: [0] })
  })
})
