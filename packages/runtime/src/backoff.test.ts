import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

const policy = { baseMs: 100, maxMs: 1_000 }
const random = (uint32: number) => ({ uint32: () => uint32, bytes: () => new Uint8Array(0) })

it.each([
  { attempt: 1, full: 100 },
  { attempt: 2, full: 200 },
  { attempt: 4, full: 800 },
  { attempt: 5, full: 1_000 },
  { attempt: 10_000, full: 1_000 },
])('after failure $attempt the pause is $full ms, less up to a fifth', ({ attempt, full }) => {
  expect(backoffMs(policy, attempt, random(0))).toBe(full)
  const shortest = backoffMs(policy, attempt, random(2 ** 32 - 1))
  expect(shortest).toBeGreaterThan(full * 0.8)
  expect(shortest).toBeLessThan(full * 0.801)
})
