/** Every state meets every situation, in both protocols. */
import { describe, expect, it } from 'vitest'
import { FIRST_PROTOCOL, SECOND_PROTOCOL, TransactionScene } from '../testing/transaction-scene.ts'
import { outcomeOf, SITUATIONS, type Situation, type StartState, startingFrom, STATES, TRANSITIONS } from './transition-table.ts'

const CELLS = (Object.keys(SITUATIONS) as Situation[]).flatMap((situation) =>
  STATES.map((state): [Situation, StartState, string] => [situation, state, TRANSITIONS[situation][state]]),
)

describe.each([
  ['first', FIRST_PROTOCOL],
  ['second', SECOND_PROTOCOL],
] as const)('in the %s protocol', (which, protocol) => {
  it.each(CELLS)('%s, %s: %s', (situation, state, expected) => {
    const [first = '', second = first] = expected.split(' | ')
    const scene = new TransactionScene(protocol, {}, startingFrom(state, protocol))
    expect(outcomeOf(situation, scene)).toBe(which === 'first' ? first : second)
  })
})
