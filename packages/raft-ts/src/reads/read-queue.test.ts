/** What a read waits for: a round that began after it, and the application. */
import { beforeEach, describe, expect, it } from 'vitest'
import { ReadQueue } from './read-queue.ts'

let reads: ReadQueue

const taken = (appliedIndex: number): readonly unknown[] => reads.take(appliedIndex).map(({ context }) => context)

beforeEach(() => {
  reads = new ReadQueue()
  reads.add('first', 5)
})

describe('a read', () => {
  it('wants a round to begin, and shares it', () => {
    reads.add('second', 5)
    expect(reads.isRoundWanted).toBe(true)
    reads.roundBegan(7)
    expect(reads.isRoundWanted).toBe(false)
    reads.roundAnswered(7)
    expect(taken(5)).toEqual(['first', 'second'])
  })

  it('is not answered by a round that began before it', () => {
    reads.roundBegan(7)
    reads.add('second', 5)
    reads.roundAnswered(7)
    expect(taken(9)).toEqual(['first'])
    reads.roundBegan(8)
    reads.roundAnswered(7)
    expect(taken(9)).toEqual([])
    reads.roundAnswered(8)
    expect(taken(9)).toEqual(['second'])
  })

  it('is answered by any later round', () => {
    reads.roundBegan(7)
    reads.roundAnswered(9)
    expect(taken(5)).toEqual(['first'])
  })

  it('waits for the application to have applied what was committed when it was asked', () => {
    reads.roundBegan(7)
    reads.roundAnswered(7)
    expect([taken(4), taken(5), taken(6)]).toEqual([[], ['first'], []])
  })

  it('is given back when the leader is none any more, wherever it waits', () => {
    reads.addConfirmed('second', 9)
    expect(reads.length).toBe(2)
    expect(reads.abandon()).toEqual(['first', 'second'])
    expect(reads.length).toBe(0)
  })
})
