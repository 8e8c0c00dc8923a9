/** The checker of copies finds those that are missing, twice there, or beyond what was committed. */
import { expect, it } from 'vitest'
import { miscopied } from './exactly-once.ts'

const records = (...values: readonly string[]) => values.map((value, offset) => ({ offset, value }))
const source = [records('a', 'b', 'c'), records('d')]
const check = (found: readonly string[], committed: readonly (readonly [number, number])[]) =>
  miscopied({ source, found: [records(...found), []], committed: new Map(committed), copyOf: (value) => `g/${value}` })

it.each([
  [
    'all that was committed',
    ['g/a', 'g/d', 'g/b'],
    [
      [0, 2],
      [1, 1],
    ],
    [],
  ],
  ['nothing where nothing was committed', [], [], []],
  ['what another group copied beside', ['g/a', 'other/a', 'other/b'], [[0, 1]], []],
  ['one less', ['g/a'], [[0, 2]], ['"b" at 0@1 was copied 0 times, and the group has come to 2']],
  ['one twice', ['g/a', 'g/a'], [[0, 1]], ['"a" at 0@0 was copied 2 times, and the group has come to 1']],
  ['one too many', ['g/a', 'g/b'], [[0, 1]], ['"b" at 0@1 was copied 1 times, and the group has come to 1']],
] as const)('%s', (_name, found, committed, complaints) => {
  expect(check(found, committed)).toEqual(complaints)
})
