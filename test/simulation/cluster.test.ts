/** Three nodes under every class of faults, in short storms: seeds that are always the same. */
import { describe, expect, it } from 'vitest'
import { drawPlan, runSimulation } from '@millrace/simulator'
import { firstFailure, SHORT_STORM, SLOW_MS, successive } from './seeds.ts'

const AT_ONCE = 25

describe('a cluster keeps its promises', { timeout: SLOW_MS }, () => {
  it.each([1, 26, 51, 76])('with 25 seeds from %i on', async (first) => {
    expect(await firstFailure('cluster', successive(first, AT_ONCE), SHORT_STORM)).toBeNull()
  })
})

it('the same seed gives the same run of a cluster, event by event', { timeout: SLOW_MS }, async () => {
  const hashes = new Set<string>()
  for (let time = 0; time < 2; time += 1) hashes.add((await runSimulation(drawPlan('cluster', 5, SHORT_STORM))).traceHash)
  expect(hashes.size).toBe(1)
})
