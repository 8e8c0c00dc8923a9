/** The specification names every script and every planted bug there is, and no script that is not there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PLANTED_BUGS } from './testing/planted/all-planted-bugs.ts'

const SPECIFICATION = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'spec', 'raft.md'), 'utf8').replaceAll(/\s+/g, ' ')
const scripts = readdirSync(join(import.meta.dirname, '..', 'testdata'))

it('names every script, and no other', () => {
  const named = new Set(SPECIFICATION.match(/[\w-]+\.txt/g))
  expect([...named].toSorted()).toEqual(scripts.toSorted())
})

it.each(PLANTED_BUGS.map(({ name, script }) => [name, script] as const))('names the planted bug: %s', (name, script) => {
  expect(SPECIFICATION).toContain(`*${name}*`)
  if (script !== undefined) expect(SPECIFICATION).toContain(script)
})
