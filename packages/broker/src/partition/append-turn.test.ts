import { describe, expect, it } from 'vitest'
import { AppendTurn } from './append-turn.ts'
import type { Partition } from './partition.ts'
import { PartitionReaders } from './partition-readers.ts'

function partitionThat(commits: () => void): Partition {
  return { commitStaged: commits, readers: new PartitionReaders() } as unknown as Partition
}

describe('a turn', () => {
  it('writes each partition that was touched once, in the order in which they were', () => {
    const written: string[] = []
    const [a, b] = ['a', 'b'].map((name) => partitionThat(() => written.push(name))) as [Partition, Partition]
    const turn = new AppendTurn()
    for (const partition of [b, a, b, a]) turn.touch(partition)
    expect(written).toEqual([])
    turn.commit()
    expect(written).toEqual(['b', 'a'])
    turn.commit()
    expect(written).toHaveLength(2)
  })

  it('writes also what is touched while it ends, and ends once', () => {
    const written: string[] = []
    const turn = new AppendTurn()
    const second = partitionThat(() => written.push('second'))
    const first = partitionThat(() => {
      written.push('first')
      turn.touch(second)
      turn.commit()
    })
    turn.touch(first)
    turn.commit()
    expect(written).toEqual(['first', 'second'])
  })
})
