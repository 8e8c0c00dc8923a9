import { describe, expect, it } from 'vitest'
import { StickyPartitioner } from './partitioner.ts'

function partitioner(switchAfterBytes: number) {
  let next = 0
  return new StickyPartitioner({ uint32: () => next++, bytes: () => new Uint8Array(0) }, switchAfterBytes)
}

describe('records without a key', () => {
  it('stay with one partition until a batch is full, and then go to another', () => {
    const sticky = partitioner(100)
    const chosen = Array.from({ length: 12 }, () => sticky.choose('t', 25, 3, [0, 1, 2]))
    const runs = [chosen.slice(0, 4), chosen.slice(4, 8), chosen.slice(8, 12)]
    for (const run of runs) expect(new Set(run).size).toBe(1)
    expect(runs[1]?.[0]).not.toBe(runs[0]?.[0])
    expect(runs[2]?.[0]).not.toBe(runs[1]?.[0])
  })

  it('avoid partitions without a leader while there are others', () => {
    const sticky = partitioner(1)
    const chosen = Array.from({ length: 10 }, () => sticky.choose('t', 25, 4, [1, 3]))
    expect(new Set(chosen)).toEqual(new Set([1, 3]))
  })

  it.each([
    ['no partition has a leader', [], 1],
    ['one partition is all there is', [0], 1],
  ])('have a partition when %s', (_, available, count) => {
    const sticky = partitioner(1)
    expect([1, 2, 3].map(() => sticky.choose('t', 25, count, available))).toEqual([0, 0, 0])
  })

  it('leave a partition that the topic does not have any more', () => {
    const sticky = partitioner(1_000)
    sticky.choose('t', 1, 8, [7])
    expect(sticky.choose('t', 1, 2, [0, 1])).toBeLessThan(2)
  })
})
