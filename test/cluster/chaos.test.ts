/**
 * The kill loop, a few kills long; `npm run chaos` is the long one. And its judge: it must see what is lost, doubled and out of order,
 * or the loop proves nothing.
 */
import { describe, expect, it } from 'vitest'
import { isRight, Ledger } from '../chaos/ledger.ts'
import { runChaos } from '../chaos/run-chaos.ts'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

type Stored = readonly (readonly [offset: number, record: string])[]

const PLACE = { topic: 'orders', partition: 0 }

async function judge(acknowledged: Stored, stored: Stored, unanswered = 0) {
  const ledger = new Ledger()
  for (const [offset, record] of acknowledged) ledger.acknowledge(PLACE, record, offset)
  for (let count = 0; count < unanswered; count++) ledger.giveUp()
  async function* read() {
    for (const [offset, record] of stored) yield { ...PLACE, offset, record }
  }
  return ledger.judge(read())
}

const THREE: Stored = [
  [0, '0 0'],
  [1, '1 0'],
  [2, '0 6'],
]

describe('the ledger', () => {
  it('finds what was acknowledged where it was said to be', async () => {
    const verdict = await judge(THREE, THREE)
    expect(verdict).toMatchObject({ acknowledged: 3, read: 3, lost: 0, doubled: 0, reordered: 0 })
    expect(isRight(verdict)).toBe(true)
  })

  it('takes it from nobody when a record that was given up is there after all', async () => {
    const verdict = await judge(THREE.slice(0, 2), THREE, 1)
    expect(verdict).toMatchObject({ acknowledged: 2, read: 3, unanswered: 1 })
    expect(isRight(verdict)).toBe(true)
  })

  it.each<[string, Stored, object]>([
    ['what is gone', THREE.slice(0, 2), { lost: 1 }],
    [
      'what is elsewhere',
      [
        [0, '0 0'],
        [1, '0 6'],
        [2, '1 0'],
      ],
      { lost: 2 },
    ],
    ['what is there twice', [...THREE, [3, '0 6']], { lost: 0, doubled: 1 }],
    ['what comes late', [...THREE, [3, '0 3']], { lost: 0, reordered: 1 }],
  ])('sees %s', async (_, stored, expected) => {
    const verdict = await judge(THREE, stored)
    expect(verdict).toMatchObject(expected)
    expect(isRight(verdict)).toBe(false)
    expect(verdict.examples.length).toBeGreaterThan(0)
  })
})

it('a cluster loses nodes by kill -9 and nothing else', { timeout: 300_000 }, async () => {
  using directory = temporaryDirectory()
  const basePort = 21_000 + (process.pid % 8_000)
  const result = await runChaos({ dataDir: directory.path, kills: 4, nodes: 3, basePort, seed: 4 })
  expect(result).toMatchObject({ lost: 0, doubled: 0, reordered: 0, unanswered: 0, examples: [] })
  expect(result.read).toBe(result.acknowledged)
  expect(result.acknowledged).toBeGreaterThan(1_000)
})
