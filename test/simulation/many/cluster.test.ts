/** Three nodes under every class of faults, in short storms: a hundred seeds that are always the same. */
import { describe, expect, it } from 'vitest'
import { firstFailure, SHORT_STORM, SLOW_MS, successive } from '../seeds.ts'

const AT_ONCE = 25

describe('a cluster keeps its promises', { timeout: SLOW_MS }, () => {
  it.each([1, 26, 51, 76])('with 25 seeds from %i on', async (first) => {
    expect(await firstFailure('cluster', successive(first, AT_ONCE), SHORT_STORM)).toBeNull()
  })
})
