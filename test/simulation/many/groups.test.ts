/** Groups of consumers under every class of faults, in short storms: a hundred seeds that are always the same. */
import { describe, expect, it } from 'vitest'
import { firstFailure, SHORT_STORM, SLOW_MS, successive } from '../seeds.ts'

const AT_ONCE = 10

describe('groups keep their promises', { timeout: SLOW_MS }, () => {
  it.each(Array.from({ length: 10 }, (_, index) => 1 + index * AT_ONCE))('with ten seeds from %i on', async (first) => {
    expect(await firstFailure('groups', successive(first, AT_ONCE), SHORT_STORM)).toBeNull()
  })
})
