/** Three nodes under every class of faults, in short storms: seeds that nobody has tried before this commit. */
import { describe, expect, it } from 'vitest'
import { freshSeeds } from '../commit.ts'
import { firstFailure, SHORT_STORM, SLOW_MS } from '../seeds.ts'

const AT_ONCE = 25
const seeds = freshSeeds(4 * AT_ONCE)

describe('a cluster keeps its promises', { timeout: SLOW_MS }, () => {
  it.each([0, 25, 50, 75])('with 25 seeds of this commit, after %i', async (from) => {
    expect(await firstFailure('cluster', seeds.slice(from, from + AT_ONCE), SHORT_STORM)).toBeNull()
  })
})
