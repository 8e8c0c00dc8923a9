/** What the simulator once found, made small: each scenario says at its top what was wrong. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { drawPlan, parseScenario, type Profile, runSimulation } from '@millrace/simulator'

const DIRECTORY = join(import.meta.dirname, 'scenarios')

it.each(readdirSync(DIRECTORY))('%s', async (name) => {
  const text = readFileSync(join(DIRECTORY, name), 'utf8')
  const profile = /^profile (\w+)$/m.exec(text)?.[1] as Profile
  const { violation } = await runSimulation(parseScenario(text, drawPlan(profile, 1)))
  expect(violation).toBeNull()
})
