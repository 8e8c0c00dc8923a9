/** What a leader has accepted and not committed: exact, whatever the order of things. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Uncommitted } from './uncommitted.ts'

describe('what is not committed', () => {
  it('leaves room for as much as is allowed', () => {
    const uncommitted = new Uncommitted(100)
    uncommitted.add(3, 60)
    expect([uncommitted.hasRoom(40), uncommitted.hasRoom(41)]).toEqual([true, false])
  })

  it('counts a proposal until all of it is committed', () => {
    const uncommitted = new Uncommitted(100)
    uncommitted.add(3, 60)
    uncommitted.committedTo(2)
    expect(uncommitted.bytes).toBe(60)
    uncommitted.committedTo(3)
    expect(uncommitted.bytes).toBe(0)
  })

  it('leaks nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(3)), { maxLength: 200 }), (steps) => {
        const uncommitted = new Uncommitted(1000)
        const twin: { readonly index: number; readonly bytes: number }[] = []
        let last = 0
        let committed = 0
        for (const [bytes, by] of steps) {
          last += 1
          uncommitted.add(last, bytes)
          twin.push({ index: last, bytes })
          committed = Math.min(last, committed + by)
          uncommitted.committedTo(committed)
          const expected = twin.filter(({ index }) => index > committed).reduce((sum, each) => sum + each.bytes, 0)
          expect(uncommitted.bytes).toBe(expected)
        }
      }),
    )
  })
})
