/** Thousands of short random runs. One that fails is named by its seed, and runs again by that alone. */
import { describe, expect, it } from 'vitest'
import { RaftNode } from './index.ts'
import { type RunReport, runSchedule } from './testing/random-schedule.ts'

const SEEDS = 1500
const STORM_STEPS = 150
const SLOW_MS = 120_000

const run = (seed: number, steps: number): RunReport => runSchedule(seed, steps, (options) => new RaftNode(options))

describe('a group in any weather', { timeout: SLOW_MS }, () => {
  it('keeps every promise', () => {
    let answered = 0
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      try {
        answered += run(seed, STORM_STEPS).answeredIndex
      } catch (error) {
        throw new Error(`seed ${seed}, ${STORM_STEPS} steps`, { cause: error })
      }
    }
    expect(answered).toBeGreaterThan(SEEDS)
  })

  it('does the same again with the same seed', () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(run(seed, 300)).toEqual(run(seed, 300))
  })
})
