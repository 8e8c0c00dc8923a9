/** Schedules that once found a bug, as small as they got. `npm run simulate:raft` writes more of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RaftNode } from './index.ts'
import { failureOf } from './testing/schedule/failure.ts'
import { readScenario } from './testing/schedule/scenario.ts'

const SCENARIOS = join(import.meta.dirname, '..', 'scenarios')

it.each(readdirSync(SCENARIOS))('%s finds nothing any more', (file) => {
  const plan = readScenario(readFileSync(join(SCENARIOS, file), 'utf8'))
  expect(plan.steps.length).toBeGreaterThan(0)
  expect(failureOf(plan, (options) => new RaftNode(options))).toBeNull()
})
