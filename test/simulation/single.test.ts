/** One broker under every class of faults: nothing acknowledged is lost, doubled or moved, and it always comes back. */
import { describe, expect, it } from 'vitest'
import { drawPlan, runSimulation } from '@millrace/simulator'
import { freshSeeds } from './commit.ts'
import { firstFailure, successive } from './seeds.ts'

describe('a single broker keeps its promises', () => {
  it.each([
    ['with seeds that do not change', successive(1, 10)],
    ['with seeds of this commit', freshSeeds(10)],
  ])('%s', async (_name, seeds) => {
    expect(await firstFailure('single', seeds, { stormMs: 4_000 })).toBeNull()
  })
})

describe('the same seed', () => {
  it('gives the same run, event by event', async () => {
    const hashes = new Set<string>()
    for (let time = 0; time < 2; time += 1) hashes.add((await runSimulation(drawPlan('single', 7))).traceHash)
    expect(hashes.size).toBe(1)
  })

  it('gives another run than its neighbour', async () => {
    const [first, second] = [await runSimulation(drawPlan('single', 8)), await runSimulation(drawPlan('single', 9))]
    expect(first.traceHash).not.toBe(second.traceHash)
  })
})
