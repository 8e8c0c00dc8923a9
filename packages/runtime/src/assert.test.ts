import { expect, it } from 'vitest'
import { InvariantError, invariant, unreachable } from './assert.ts'

it('says nothing while an invariant holds', () => {
  expect(() => invariant(true, 'one is one')).not.toThrow()
})

it('names the broken invariant and the values', () => {
  const breakIt = (): void => invariant(false, 'recoveryPoint <= logEndOffset', { recoveryPoint: 5, logEndOffset: 3 })
  expect(breakIt).toThrow(InvariantError)
  expect(breakIt).toThrow('invariant broken: recoveryPoint <= logEndOffset (recoveryPoint=5, logEndOffset=3)')
  expect(() => invariant(false, 'a claim')).toThrow(expect.objectContaining({ invariant: 'a claim' }))
})

it('names a value that cannot be', () => {
  expect(() => unreachable('surprise' as never)).toThrow('value=surprise')
})
