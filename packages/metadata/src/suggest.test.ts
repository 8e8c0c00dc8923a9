import { expect, it } from 'vitest'
import { suggest } from './suggest.ts'

const NAMES = ['retention.ms', 'retention.bytes', 'segment.bytes', 'cleanup.policy']

it.each([
  ['retention.m', 'retention.ms'],
  ['Retention.MS', 'retention.ms'],
  ['retnetion.ms', 'retention.ms'],
  ['cleanup-policy', 'cleanup.policy'],
  ['segments.byte', 'segment.bytes'],
  ['something.else', null],
  ['x', null],
  ['', null],
])('answers %j with %j', (name, expected) => {
  expect(suggest(name, NAMES)).toBe(expected)
})

it('does not work on a name of a million characters', () => {
  expect(suggest('a'.repeat(1_000_000), NAMES)).toBeNull()
})
