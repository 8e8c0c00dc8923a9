/** Thousands of short random runs. A failing one is named by its seed and runs again by it alone. */
import { describe, expect, it } from 'vitest'
import { RaftNode } from './index.ts'
import { runSchedule } from './testing/random-schedule.ts'

describe('a group in any weather', () => {
  it('keeps every promise', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      try {
        runSchedule(seed, 600, (options) => new RaftNode(options))
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
    expect(true).toBe(true)
  }, 60_000)
})
