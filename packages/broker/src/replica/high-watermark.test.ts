import { describe, expect, it } from 'vitest'
import { nextHighWatermark } from './high-watermark.ts'

describe('the high watermark', () => {
  it.each([
    { name: 'of a lone leader is its own end', current: 3, inSyncOffsets: [9], minInsyncReplicas: 1, replicationFactor: 1, expected: 9 },
    {
      name: 'is the lowest end among the in-sync replicas',
      current: 3,
      inSyncOffsets: [9, 5, 7],
      minInsyncReplicas: 2,
      replicationFactor: 3,
      expected: 5,
    },
    { name: 'never retreats', current: 6, inSyncOffsets: [9, 5], minInsyncReplicas: 1, replicationFactor: 3, expected: 6 },
    {
      name: 'stands still below min.insync.replicas',
      current: 3,
      inSyncOffsets: [9],
      minInsyncReplicas: 2,
      replicationFactor: 3,
      expected: 3,
    },
    {
      name: 'asks for no more replicas than there are',
      current: 3,
      inSyncOffsets: [9],
      minInsyncReplicas: 2,
      replicationFactor: 1,
      expected: 9,
    },
  ])('$name', ({ expected, ...input }) => {
    expect(nextHighWatermark(input)).toBe(expected)
  })
})
