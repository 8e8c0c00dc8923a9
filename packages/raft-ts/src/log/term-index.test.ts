/** The term index against a dumb twin: an array with the term of every index. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../invariants.ts'
import { TermIndex } from './term-index.ts'

type Step = { readonly type: 'append'; readonly by: number } | { readonly type: 'truncate' | 'compact'; readonly at: number }

const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('append' as const), by: fc.constantFrom(0, 0, 0, 1, 2) }),
    fc.record({ type: fc.constantFrom('truncate' as const, 'compact' as const), at: fc.nat(1000) }),
  ),
  { maxLength: 60 },
)

/** Terms of the indexes from `compactedIndex` on. */
interface Twin {
  compactedIndex: number
  terms: number[]
}

function play(played: readonly Step[]): { readonly index: TermIndex; readonly twin: Twin } {
  const index = new TermIndex({ index: 0, term: 0 })
  const twin: Twin = { compactedIndex: 0, terms: [0] }
  for (const step of played) {
    const last = twin.compactedIndex + twin.terms.length - 1
    if (step.type === 'append') {
      const term = Math.max(1, (twin.terms.at(-1) ?? 0) + step.by)
      index.append({ index: last + 1, term })
      twin.terms.push(term)
    } else if (step.type === 'truncate' && last > twin.compactedIndex) {
      const from = twin.compactedIndex + 1 + (step.at % (last - twin.compactedIndex))
      index.truncateFrom(from)
      twin.terms.length = from - twin.compactedIndex
    } else if (step.type === 'compact') {
      const to = twin.compactedIndex + (step.at % twin.terms.length)
      index.compactTo(to)
      twin.terms.splice(0, to - twin.compactedIndex)
      twin.compactedIndex = to
    }
  }
  return { index, twin }
}

describe('the term index', () => {
  it('knows the term of every index it reaches, and of no other', () => {
    fc.assert(
      fc.property(steps, (played) => {
        const { index, twin } = play(played)
        const last = twin.compactedIndex + twin.terms.length - 1
        expect(index.last).toEqual({ index: last, term: twin.terms.at(-1) })
        expect(index.compacted).toEqual({ index: twin.compactedIndex, term: twin.terms[0] })
        for (let at = 0; at <= last + 1; at += 1) expect(index.termAt(at)).toBe(twin.terms[at - twin.compactedIndex])
      }),
    )
  })

  it('finds the last position whose term is no later than a given one', () => {
    fc.assert(
      fc.property(steps, fc.nat(40), fc.nat(12), (played, at, term) => {
        const { index, twin } = play(played)
        let found = Math.min(at, twin.compactedIndex + twin.terms.length - 1) - twin.compactedIndex
        while (found > 0 && (twin.terms[found] ?? 0) > term) found -= 1
        const expected = Math.max(0, found)
        expect(index.lastAtMost({ index: at, term })).toEqual({ index: expected + twin.compactedIndex, term: twin.terms[expected] })
      }),
    )
  })

  it('says nothing about what it does not reach: not 0, and not the nearest', () => {
    const index = new TermIndex({ index: 10, term: 3 }, [{ index: 11, term: 4 }], 12)
    expect([9, 10, 11, 12, 13].map((at) => index.termAt(at))).toEqual([undefined, 3, 4, 4, undefined])
  })

  it.each([
    [{ index: 3, term: 1 }, 'a gap'],
    [{ index: 1, term: 1 }, 'an index that is taken'],
    [{ index: 2, term: 0 }, 'a term that goes back'],
  ])('refuses %j: %s (I4)', (position) => {
    const index = new TermIndex({ index: 0, term: 0 })
    index.append({ index: 1, term: 1 })
    expect(() => index.append(position)).toThrow(InvariantError)
  })
})
