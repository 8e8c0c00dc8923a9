/** Groups of consumers under every class of faults, in short storms. Many more seeds are in `many/`, which `npm run test:seeds` runs. */
import { describe, expect, it } from 'vitest'
import { drawPlan, runSimulation } from '@millrace/simulator'
import { freshSeeds } from './commit.ts'
import { firstFailure, SHORT_STORM, SLOW_MS, successive } from './seeds.ts'

describe('groups keep their promises', { timeout: SLOW_MS }, () => {
  it.each([
    ['with seeds that do not change', successive(1, 5)],
    ['with seeds of this commit', freshSeeds(5)],
  ])('%s', async (_name, seeds) => {
    expect(await firstFailure('groups', seeds, SHORT_STORM)).toBeNull()
  })
})

it('the same seed gives the same run of groups, event by event', { timeout: SLOW_MS }, async () => {
  const hashes = new Set<string>()
  for (let time = 0; time < 2; time += 1) hashes.add((await runSimulation(drawPlan('groups', 5, SHORT_STORM))).traceHash)
  expect(hashes.size).toBe(1)
})
