import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compact, COMPACTED, type FoundRecord, keyedBatch, recordsOf } from '../testing/compaction-fixture.ts'
import { createCrashDisk } from '../testing/crash-disk.ts'
import { asLeader, logFixture, PARTITION_PATH } from '../testing/log-fixture.ts'
import type { MemoryDisk } from '@millrace/runtime'

const LEADER = asLeader(0)

/** Chance from a seed, so that a failing run can be repeated. */
function coins(seed: number): () => boolean {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state & 0x100) !== 0
  }
}

interface Image {
  readonly disk: MemoryDisk
  readonly step: string
}

describe('a crash during a compaction', () => {
  it('leaves a log that has all last values, in order, and can be compacted again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), async (seed) => {
        const crashDisk = createCrashDisk()
        const fixture = await logFixture({ config: COMPACTED, disk: crashDisk.disk })
        for (let index = 0; index < 24; index += 1) {
          fixture.log.append(keyedBatch([{ key: `k${(index * 7) % 5}`, value: index % 9 === 8 ? null : `v${index}` }]), LEADER)
        }
        const isKept = coins(seed)
        const images: Image[] = []
        let round = 0
        const takeImages = (): void => {
          images.push({ disk: crashDisk.image(), step: `killed at ${images.length} of round ${round}` })
          images.push({ disk: crashDisk.image(isKept), step: `power cut at ${images.length} of round ${round}` })
        }
        const appended = recordsOf(fixture.log)
        for (round = 0; round < 2; round += 1) {
          fixture.log.roll()
          await fixture.log.flush()
          crashDisk.onStep = takeImages
          await compact(fixture)
          crashDisk.onStep = () => {}
          const batch = keyedBatch([{ key: 'k1', value: `again ${round}` }])
          fixture.log.append(batch, LEADER)
          appended.push(recordsOf(fixture.log).at(-1) as FoundRecord)
        }
        for (const { disk, step } of images) {
          const after = await logFixture({ config: COMPACTED, disk })
          expectSound(recordsOf(after.log), appended, after.log.logEndOffset, step)
          await compact(after)
          expectSound(recordsOf(after.log), appended, after.log.logEndOffset, `${step}, then compacted`)
          const strays = disk.list(PARTITION_PATH).filter(({ name }) => /\.(swap|cleaned)$/.test(name))
          expect(strays, step).toEqual([])
        }
      }),
      { numRuns: 3 },
    )
  }, 30_000)
})

/** Nothing but what was appended, in order, each once, and of each key the last one. */
function expectSound(found: readonly FoundRecord[], appended: readonly FoundRecord[], endOffset: number, step: string): void {
  const expected = appended.filter(({ offset }) => offset < endOffset)
  const needed = new Set(new Map(expected.map(({ key, offset }) => [key, offset])).values())
  const offsets = new Set(found.map(({ offset }) => offset))
  // All at once, for there are thousands of images.
  expect({ step, found }).toEqual({ step, found: expected.filter(({ offset }) => offsets.has(offset)) })
  expect({ step, missing: [...needed].filter((offset) => !offsets.has(offset)) }).toEqual({ step, missing: [] })
}
