/** A small run of the fuzzer; `npm run fuzz` runs a million frames. */
import { expect, it } from 'vitest'
import { runFuzz } from './run-fuzz.ts'

it.each([1, 2])('damaged requests close their own connection and harm nothing else (seed %i)', async (seed) => {
  const { frames, answered, closed, problems } = await runFuzz({ seed, frames: 20_000 })
  expect(problems).toEqual([])
  expect(frames).toBeGreaterThanOrEqual(20_000)
  // It reached the handlers, and what is malformed was noticed.
  expect(answered).toBeGreaterThan(500)
  expect(closed).toBeGreaterThan(500)
})
