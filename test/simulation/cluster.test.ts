/** Three nodes under every class of faults, in storms too short to be dull: half of the seeds always the same, half of this commit. */
import { describe, expect, it } from 'vitest'
import { drawPlan, runSimulation } from '@millrace/simulator'
import { freshSeeds } from './commit.ts'
import { firstFailure, successive } from './seeds.ts'

const STORM = { stormMs: 2_500 }
const SLOW_MS = 240_000
const AT_ONCE = 10

describe('a cluster keeps its promises', { timeout: SLOW_MS }, () => {
  it.each([
    ['with seeds that do not change', successive(1, AT_ONCE)],
    ['with more of them', successive(101, AT_ONCE)],
    ['with seeds of this commit', freshSeeds(2 * AT_ONCE).slice(0, AT_ONCE)],
    ['with more of those', freshSeeds(2 * AT_ONCE).slice(AT_ONCE)],
  ])('%s', async (_name, seeds) => {
    expect(await firstFailure('cluster', seeds, STORM)).toBeNull()
  })
})

it('the same seed gives the same run of a cluster, event by event', { timeout: SLOW_MS }, async () => {
  const hashes = new Set<string>()
  for (let time = 0; time < 2; time += 1) hashes.add((await runSimulation(drawPlan('cluster', 5, STORM))).traceHash)
  expect(hashes.size).toBe(1)
})
