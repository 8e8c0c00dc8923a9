/** One stream of writes, in order. */
import { describe, expect, it } from 'vitest'
import { NEW_HARD_STATE } from './config.ts'
import { WriteStream } from './write-stream.ts'

describe('writes', () => {
  it('are wanted when something was changed that none carries yet', () => {
    const writes = new WriteStream(NEW_HARD_STATE)
    expect(writes.isWanted).toBe(false)
    writes.logChanged()
    expect([writes.isWanted, writes.isHardStateWanted, writes.logSeq]).toEqual([true, false, 1])
    expect(writes.next(null)).toBe(1)
    expect([writes.isWanted, writes.inFlight]).toEqual([false, 1])
    writes.hardStateChanged()
    expect([writes.isWanted, writes.isHardStateWanted, writes.hardStateSeq]).toEqual([true, true, 2])
  })

  it('make the hard state durable when the one that carries it is done', () => {
    const writes = new WriteStream(NEW_HARD_STATE)
    writes.hardStateChanged()
    expect(writes.isHardStateDurable).toBe(false)
    const hardState = { ...NEW_HARD_STATE, term: 1 }
    writes.next(hardState)
    expect([writes.writtenHardState, writes.durableHardState]).toEqual([hardState, NEW_HARD_STATE])
    writes.done(1)
    expect([writes.isHardStateDurable, writes.durableHardState]).toEqual([true, hardState])
  })

  it('carry a hint along, and make nobody wait for it', () => {
    const writes = new WriteStream(NEW_HARD_STATE)
    writes.hintChanged()
    expect([writes.isHardStateWanted, writes.isHardStateDurable]).toEqual([true, true])
    writes.next(null)
    expect(writes.isHardStateWanted).toBe(true)
    writes.next(NEW_HARD_STATE)
    expect(writes.isHardStateWanted).toBe(false)
  })

  it.each([
    ['out of order', 2],
    ['twice', 0],
    ['before it was begun', 4],
  ])('are never done %s (I18)', (_how, seq) => {
    const writes = new WriteStream(NEW_HARD_STATE)
    for (let count = 0; count < 3; count += 1) writes.next(null)
    expect(() => writes.done(seq)).toThrow('I18')
  })
})
