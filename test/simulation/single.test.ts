/** One broker under every class of faults: nothing acknowledged is lost, doubled or moved, and it always comes back. */
import { describe, expect, it } from 'vitest'
import { drawPlan, runSimulation } from '@millrace/simulator'

describe('a single broker', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('keeps its promises, seed %i', async (seed) => {
    const { violation } = await runSimulation(drawPlan('single', seed, { stormMs: 4_000 }))
    expect(violation).toBeNull()
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
