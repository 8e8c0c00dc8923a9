/** Random runs, short and long. One that fails is named by its seed, and runs again by that alone. */
import { describe, expect, it } from 'vitest'
import { RaftNode } from './index.ts'
import { drawPlan } from './testing/schedule/plan.ts'
import { type RunReport, runPlan } from './testing/schedule/run-plan.ts'

const SLOW_MS = 120_000

const run = (seed: number, steps: number): RunReport => runPlan(drawPlan(seed, steps), (options) => new RaftNode(options))

describe('a group in any weather', { timeout: SLOW_MS }, () => {
  it.each([
    { seeds: 1000, steps: 150 },
    { seeds: 200, steps: 1500 },
  ])('keeps every promise: $seeds runs of $steps steps', ({ seeds, steps }) => {
    let answered = 0
    for (let seed = 1; seed <= seeds; seed += 1) {
      try {
        answered += run(seed, steps).answeredIndex
      } catch (error) {
        throw new Error(`seed ${seed}, ${steps} steps`, { cause: error })
      }
    }
    expect(answered).toBeGreaterThan(seeds)
  })

  it('does the same again with the same seed', () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(run(seed, 300)).toEqual(run(seed, 300))
  })

  it('does something else with another seed', () => {
    expect(new Set([1, 2, 3, 4, 5].map((seed) => run(seed, 300).hash)).size).toBe(5)
  })
})
