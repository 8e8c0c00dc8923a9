/** One stream of writes, in order. */
import { describe, expect, it } from 'vitest'
import { WriteStream } from './write-stream.ts'

describe('writes', () => {
  it('are wanted when something was changed that none carries yet', () => {
    const writes = new WriteStream()
    expect(writes.isWanted).toBe(false)
    writes.logChanged()
    expect([writes.isWanted, writes.isHardStateWanted, writes.logSeq]).toEqual([true, false, 1])
    expect(writes.next()).toBe(1)
    expect([writes.isWanted, writes.inFlight]).toEqual([false, 1])
    writes.hardStateChanged()
    expect([writes.isWanted, writes.isHardStateWanted, writes.hardStateSeq]).toEqual([true, true, 2])
  })

  it('make the hard state durable when the one that carries it is done', () => {
    const writes = new WriteStream()
    writes.hardStateChanged()
    expect(writes.isHardStateDurable).toBe(false)
    writes.next()
    writes.done(1)
    expect(writes.isHardStateDurable).toBe(true)
  })

  it('carry a hint along, and make nobody wait for it', () => {
    const writes = new WriteStream()
    writes.hintChanged()
    expect([writes.isHardStateWanted, writes.isHardStateDurable]).toEqual([true, true])
    writes.next()
    expect(writes.isHardStateWanted).toBe(false)
  })

  it.each([
    ['out of order', 2],
    ['twice', 0],
    ['before it was begun', 4],
  ])('are never done %s (I18)', (_how, seq) => {
    const writes = new WriteStream()
    for (let count = 0; count < 3; count += 1) writes.next()
    expect(() => writes.done(seq)).toThrow('I18')
  })
})
