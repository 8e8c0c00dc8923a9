/** Every planted bug still has its place: without this a change of the product would quietly take bugs out of the search. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { COORDINATOR_BUGS } from './mutants/coordinator-bugs.ts'
import { PLANTED_BUGS } from './mutants/planted-bugs.ts'

const PACKAGES = join(import.meta.dirname, '../../packages')

const CHANGES = [...PLANTED_BUGS, ...COORDINATOR_BUGS].flatMap(({ name, also, ...bug }) =>
  [bug, ...(also === undefined ? [] : [also])].map((change) => [name, change] as const),
)

it.each(CHANGES)('%s: has its place in the house', (_name, { file, correct, wrong }) => {
  expect(wrong).not.toBe(correct)
  expect(readFileSync(join(PACKAGES, file), 'utf8').split(correct)).toHaveLength(2)
})
