/**
 * Exactly once under kill -9 of nodes and clients, a quarter of a minute of it; `npm run exactly-once` is the long one. And its judges:
 * they must see what they are there for, or it proves nothing.
 */
import { describe, expect, it } from 'vitest'
import { runExactlyOnce } from '../exactly-once/run-exactly-once.ts'
import { judgeCopies, judgeTransfers } from '../exactly-once/verdict.ts'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

const RIGHT_COPIES = { missing: 0, doubled: 0, reordered: 0 }
const RIGHT_TRANSFERS = { sum: 0, torn: 0, lost: 0, undead: 0 }

describe('copies', () => {
  const originals = [['a', 'b', 'c'], ['d']]

  it.each<[string, readonly (readonly string[])[], object]>([
    ['all there', originals, { originals: 4, copies: 4, ...RIGHT_COPIES }],
    ['one missing', [['a', 'c'], ['d']], { ...RIGHT_COPIES, missing: 1 }],
    ['one in the wrong partition', [['a', 'b', 'c', 'd'], []], { ...RIGHT_COPIES, missing: 1 }],
    ['one doubled', [['a', 'b', 'b', 'c'], ['d']], { ...RIGHT_COPIES, doubled: 1 }],
    ['in another order', [['b', 'a', 'c'], ['d']], { ...RIGHT_COPIES, reordered: 1 }],
  ])('are judged: %s', (_, copies, expected) => {
    expect(judgeCopies(originals, copies)).toMatchObject(expected)
  })
})

describe('transfers', () => {
  const entries = ['x -5', 'y -7', 'x 5', 'y 7']

  it.each<[string, readonly string[], object]>([
    ['all whole', entries, { transfers: 2, ...RIGHT_TRANSFERS }],
    ['half of one', entries.slice(1), { sum: 5, torn: 1, lost: 0 }],
    ['one twice', [...entries, 'y -7', 'y 7'], { ...RIGHT_TRANSFERS, torn: 1 }],
    ['a confirmed one missing', ['y -7', 'y 7'], { ...RIGHT_TRANSFERS, lost: 1 }],
    ['one that was taken back', [...entries, 'z -1', 'z 1'], { ...RIGHT_TRANSFERS, undead: 1 }],
  ])('are judged: %s', (_, found, expected) => {
    expect(judgeTransfers(found, ['x'], ['z'])).toMatchObject(expected)
  })
})

it('a cluster keeps transactions whole while nodes and clients are killed', { timeout: 300_000 }, async () => {
  using directory = temporaryDirectory()
  const basePort = 29_000 + (process.pid % 3_000)
  const result = await runExactlyOnce({ dataDir: directory.path, seconds: 15, nodes: 3, basePort, seed: 5 })
  expect(result.copies).toMatchObject(RIGHT_COPIES)
  expect(result.transferred).toMatchObject(RIGHT_TRANSFERS)
  expect(result.copies.copies).toBeGreaterThan(100)
  expect(result.transferred.transfers).toBeGreaterThan(10)
  expect(Math.min(result.nodesKilled + result.clientsKilled, result.copied)).toBeGreaterThan(0)
})
