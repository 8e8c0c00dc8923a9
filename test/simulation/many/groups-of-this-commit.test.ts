/** Groups of consumers under every class of faults, in short storms: seeds that nobody has tried before this commit. */
import { describe, expect, it } from 'vitest'
import { freshSeeds } from '../commit.ts'
import { firstFailure, SHORT_STORM, SLOW_MS } from '../seeds.ts'

const AT_ONCE = 10
const seeds = freshSeeds(10 * AT_ONCE)

describe('groups keep their promises', { timeout: SLOW_MS }, () => {
  it.each(Array.from({ length: 10 }, (_, index) => index * AT_ONCE))('with ten seeds of this commit, after %i', async (from) => {
    expect(await firstFailure('groups', seeds.slice(from, from + AT_ONCE), SHORT_STORM)).toBeNull()
  })
})
