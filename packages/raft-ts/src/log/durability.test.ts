/** What completed writes vouch for, while the log changes under them. */
import { describe, expect, it } from 'vitest'
import { Durability } from './durability.ts'

describe('a log that is being written', () => {
  it('is durable as far as completed writes have brought it', () => {
    const durability = new Durability(3)
    durability.staged(1, 5)
    durability.staged(2, 8)
    expect([durability.durableIndex, durability.stagedIndex]).toEqual([3, 8])
    durability.written(1)
    expect(durability.durableIndex).toBe(5)
    durability.written(2)
    expect(durability.durableIndex).toBe(8)
  })

  it('has nothing to remove where nothing was handed over', () => {
    const durability = new Durability(3)
    durability.truncatedFrom(4)
    expect(durability.truncateFrom).toBeNull()
  })

  it('is not durable where it was cut back', () => {
    const durability = new Durability(8)
    durability.truncatedFrom(5)
    expect([durability.durableIndex, durability.stagedIndex, durability.truncateFrom]).toEqual([4, 4, 5])
  })

  it('is cut back from the earliest place it was cut at', () => {
    const durability = new Durability(8)
    durability.truncatedFrom(6)
    durability.truncatedFrom(4)
    expect(durability.truncateFrom).toBe(4)
    durability.staged(1, 5)
    expect(durability.truncateFrom).toBeNull()
  })

  it('is not made durable by a write whose entries were replaced meanwhile', () => {
    const durability = new Durability(3)
    durability.staged(1, 6)
    durability.truncatedFrom(5)
    durability.staged(2, 6)
    durability.written(1)
    expect(durability.durableIndex).toBe(4)
    durability.written(2)
    expect(durability.durableIndex).toBe(6)
  })

  it('is not, even when the very same entries came back', () => {
    const durability = new Durability(3)
    durability.staged(1, 6)
    durability.truncatedFrom(4)
    durability.staged(2, 4)
    durability.truncatedFrom(4)
    durability.staged(3, 6)
    durability.written(1)
    durability.written(2)
    expect(durability.durableIndex).toBe(3)
    durability.written(3)
    expect(durability.durableIndex).toBe(6)
  })

  it('is durable as far as it was committed while a snapshot takes its place', () => {
    const durability = new Durability(8)
    durability.staged(1, 9)
    durability.replacedBySnapshot(20, 6)
    durability.written(1)
    expect(durability.durableIndex).toBe(6)
    durability.staged(2, 21)
    durability.written(2)
    expect(durability.durableIndex).toBe(21)
  })
})
