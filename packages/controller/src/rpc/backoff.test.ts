/** Waiting after failures, and saying so rarely. */
import { seededRandom } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { Backoff } from './backoff.ts'
import { RareReports } from './rare-reports.ts'

describe('the wait after a failure', () => {
  it('doubles up to a limit, with up to half of it off', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1_000 }, seededRandom(3))
    for (const fullMs of [100, 200, 400, 800, 1_000, 1_000]) {
      const waitMs = backoff.nextMs()
      expect(waitMs).toBeLessThanOrEqual(fullMs)
      expect(waitMs).toBeGreaterThan(fullMs / 2)
    }
  })

  it('differs from one node to the next', () => {
    const waits = [1, 2, 3].map((seed) => new Backoff({ baseMs: 100, maxMs: 1_000 }, seededRandom(seed)).nextMs())
    expect(new Set(waits).size).toBe(3)
  })

  it('is short again after something went well, and stays within its limit for ever', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1_000 }, { uint32: () => 0 })
    for (let failure = 0; failure < 5_000; failure += 1) expect(backoff.nextMs()).toBeLessThanOrEqual(1_000)
    backoff.reset()
    expect(backoff.nextMs()).toBe(100)
  })
})

describe('a report', () => {
  const at = { nowMs: 0, monotonic: () => at.nowMs }

  it('is due once a minute for as long as it goes on', () => {
    const reports = new RareReports(at)
    expect([reports.isDue('a'), reports.isDue('a'), reports.isDue('b')]).toEqual([true, false, true])
    at.nowMs += 60_000
    expect([reports.isDue('a'), reports.isDue('a')]).toEqual([true, false])
    reports.clear()
    expect(reports.isDue('a')).toBe(true)
  })

  it('is remembered of so many things and no more', () => {
    const reports = new RareReports(at)
    for (let index = 0; index < 101; index += 1) reports.isDue(String(index))
    expect([reports.isDue('100'), reports.isDue('0')]).toEqual([false, true])
  })
})
