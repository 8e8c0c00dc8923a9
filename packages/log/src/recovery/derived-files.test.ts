/**
 * What becomes of a log when files that are derived from its batches, or say something about them, are missing or damaged: the
 * same log.
 */
import type { MemoryDisk } from '@millrace/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLEAN_SHUTDOWN } from '../checkpoint/clean-shutdown.ts'
import { LEADER_EPOCH_CHECKPOINT } from '../checkpoint/leader-epoch-checkpoint.ts'
import { HIGH_WATERMARK_CHECKPOINT, LOG_START_CHECKPOINT, RECOVERY_POINT_CHECKPOINT } from '../checkpoint/offset-checkpoint.ts'
import { RECOVERY_POSITION_CHECKPOINT } from '../checkpoint/recovery-position-checkpoint.ts'
import { LogCorruptError } from '../errors.ts'
import { parseSegmentFileName, SEGMENT_SUFFIXES, type SegmentSuffix } from '../file-names.ts'
import { appendTo, copyOf, cutFile, flip, namesIn, writeFile, zeroFill } from '../testing/damage.ts'
import { logFixture, PARTITION_PATH, PATH } from '../testing/log-fixture.ts'
import { observe } from '../testing/observe.ts'
import { RICH_CONFIG, richLog, TIMESTAMPS } from '../testing/rich-log.ts'
import type { LoggedEvent } from '../testing/recording-logger.ts'

const STOPS = ['clean', 'kill'] as const
/** Of a batch, from its first byte on. */
const LEADER_EPOCH_AT = 12
type Stop = (typeof STOPS)[number]

interface Left {
  readonly disk: MemoryDisk
  /** What the next start finds when nothing is damaged. */
  readonly expected: object
}

const left = {} as Record<Stop, Left>

beforeAll(async () => {
  for (const stop of STOPS) {
    const fixture = await richLog()
    if (stop === 'clean') await fixture.stop()
    else fixture.kill()
    const expected = await observed(copyOf(fixture.disk))
    left[stop] = { disk: copyOf(fixture.disk), expected }
  }
})

async function observed(disk: MemoryDisk, logged: LoggedEvent[] = []): Promise<object> {
  const { log } = await logFixture({ disk, config: RICH_CONFIG, logged })
  return observe(log, { timestamps: TIMESTAMPS })
}

type Damage = (disk: MemoryDisk, path: string) => void

const sizeOf = (disk: MemoryDisk, path: string): number => disk.stat(path)?.sizeBytes ?? 0

const DAMAGES: Readonly<Record<string, Damage>> = {
  missing: (disk, path) => disk.removeFile(path),
  empty: (disk, path) => cutFile(disk, path, 0),
  'one byte short': (disk, path) => cutFile(disk, path, Math.max(0, sizeOf(disk, path) - 1)),
  'cut to a half': (disk, path) => cutFile(disk, path, sizeOf(disk, path) >> 1),
  zeros: zeroFill,
  'followed by zeros': (disk, path) => appendTo(disk, path, new Uint8Array(1200)),
  'followed by rubbish': (disk, path) => appendTo(disk, path, new Uint8Array(1200).fill(0x5a)),
  rubbish: (disk, path) => writeFile(disk, path, new Uint8Array(204).fill(0x5a)),
  'all bits set': (disk, path) => writeFile(disk, path, new Uint8Array(204).fill(0xff)),
}

function filesWith(disk: MemoryDisk, suffix: SegmentSuffix): string[] {
  return namesIn(disk)
    .filter((name) => parseSegmentFileName(name)?.suffix === suffix)
    .map((name) => `${PARTITION_PATH}/${name}`)
}

it('is a log with several segments of each kind', () => {
  for (const stop of STOPS) {
    expect(filesWith(left[stop].disk, '.log').length).toBeGreaterThanOrEqual(4)
    expect(filesWith(left[stop].disk, '.txnindex').length).toBeGreaterThanOrEqual(3)
    expect(filesWith(left[stop].disk, '.snapshot').length).toBeGreaterThanOrEqual(3)
  }
  expect(left.clean.expected).toEqual(left.kill.expected)
})

/** Files that are made again from the batches whatever happens to them. */
const REBUILT: readonly SegmentSuffix[] = [SEGMENT_SUFFIXES.offsetIndex, SEGMENT_SUFFIXES.timeIndex, SEGMENT_SUFFIXES.snapshot]

describe.each(STOPS)('after a %s stop', (stop) => {
  describe.each(REBUILT)('a %s file', (suffix) => {
    it.each(Object.entries(DAMAGES))('that is %s changes nothing', async (_, damage) => {
      const { disk, expected } = left[stop]
      for (const path of filesWith(disk, suffix)) {
        const copy = copyOf(disk)
        damage(copy, path)
        expect(await observed(copy), path).toEqual(expected)
        // Nor for the start after that one.
        expect(await observed(copyOf(copy)), path).toEqual(expected)
      }
    })

    it('changes nothing by any flipped byte', async () => {
      const { disk, expected } = left[stop]
      // A snapshot has a checksum, which has tests of its own.
      const step = suffix === SEGMENT_SUFFIXES.snapshot ? 11 : 1
      for (const path of filesWith(disk, suffix)) {
        for (let byte = 0; byte < sizeOf(disk, path); byte += step) {
          for (const mask of [0x01, 0xff]) {
            const copy = copyOf(disk)
            flip(copy, path, byte, mask)
            expect(await observed(copy), `${path} byte ${byte}`).toEqual(expected)
          }
        }
      }
    }, 60_000)
  })
})

/** Where the stable part ended once a transaction was over only says when a search may end early. */
function withoutStableOffsets(observation: object): object {
  const { aborted, ...rest } = observation as { readonly aborted: readonly object[] }
  return { ...rest, aborted: aborted.map((transaction) => ({ ...transaction, lastStableOffset: -1 })) }
}

describe.each(STOPS)('a transaction index, after a %s stop,', (stop) => {
  it.each(['one byte short', 'zeros', 'followed by rubbish', 'rubbish', 'all bits set'])('that is %s changes nothing', async (name) => {
    const { disk, expected } = left[stop]
    for (const path of filesWith(disk, '.txnindex')) {
      const copy = copyOf(disk)
      DAMAGES[name]?.(copy, path)
      expect(await observed(copy), path).toEqual(expected)
      expect(await observed(copyOf(copy)), path).toEqual(expected)
    }
  })

  it('changes nothing by any flipped byte', async () => {
    const { disk, expected } = left[stop]
    for (const path of filesWith(disk, '.txnindex')) {
      for (let byte = 0; byte < sizeOf(disk, path); byte += 1) {
        for (const mask of [0x01, 0xff]) {
          const copy = copyOf(disk)
          flip(copy, path, byte, mask)
          expect(withoutStableOffsets(await observed(copy)), `${path} byte ${byte}`).toEqual(withoutStableOffsets(expected))
        }
      }
    }
  })

  it('that is replaced when a crash comes before that is still wrong, and is made anew by the next start', async () => {
    const { disk, expected } = left[stop]
    const [path] = filesWith(disk, '.txnindex') as [string]
    const copy = copyOf(disk)
    flip(copy, path, 9)
    const damaged = copy.readFile(path)
    copy.failNext({ operation: 'replaceFile', pathIncludes: '.txnindex' })
    await expect(observed(copy)).rejects.toMatchObject({ path })
    expect(copy.readFile(path)).toEqual(damaged)
    expect(await observed(copyOf(copy))).toEqual(expected)
  })

  it('that is gone is made anew where records were not durable; below, none cannot be told from one without entries', async () => {
    const { disk, expected } = left[stop]
    const recoveryPoint = stop === 'clean' ? Number.MAX_SAFE_INTEGER : 30
    for (const path of filesWith(disk, '.txnindex')) {
      const copy = copyOf(disk)
      copy.removeFile(path)
      const { aborted, ...rest } = (await observed(copy)) as { readonly aborted: readonly { readonly lastOffset: number }[] }
      const before = expected as { readonly aborted: readonly { readonly lastOffset: number }[] }
      expect({ ...rest, aborted: before.aborted }, path).toEqual(expected)
      for (const { lastOffset } of before.aborted) {
        if (lastOffset >= recoveryPoint) expect(aborted.map((transaction) => transaction.lastOffset)).toContain(lastOffset)
      }
    }
  })
})

describe.each(STOPS)('the leader epochs, after a %s stop,', (stop) => {
  const path = `${PARTITION_PATH}/${LEADER_EPOCH_CHECKPOINT}`

  it.each(Object.entries(DAMAGES))('whose file is %s are read from the batches', async (_, damage) => {
    const { disk, expected } = left[stop]
    const copy = copyOf(disk)
    damage(copy, path)
    expect(await observed(copy)).toEqual(expected)
    expect(await observed(copyOf(copy))).toEqual(expected)
  })

  it('are not read from a batch whose own epoch has rotted, though its checksum does not cover that', async () => {
    const copy = copyOf(left[stop].disk)
    flip(copy, filesWith(copy, SEGMENT_SUFFIXES.log).toSorted()[0] as string, LEADER_EPOCH_AT, 0x01)
    await expect(observed(copy)).rejects.toThrow(/a batch of leader epoch \d+ comes after one of \d+/)
  })

  it('do not change by any flipped byte', async () => {
    const { disk, expected } = left[stop]
    for (let byte = 0; byte < sizeOf(disk, path); byte += 1) {
      for (const mask of [0x01, 0x02, 0x04, 0x08, 0x10, 0xff]) {
        const copy = copyOf(disk)
        flip(copy, path, byte, mask)
        expect(await observed(copy), `byte ${byte} ^ ${mask}`).toEqual(expected)
      }
    }
  })
})

/** Files of the whole directory without which a log is read, and found, all the same. */
const CHECKPOINTS = [
  RECOVERY_POINT_CHECKPOINT,
  RECOVERY_POSITION_CHECKPOINT,
  HIGH_WATERMARK_CHECKPOINT,
  LOG_START_CHECKPOINT,
  CLEAN_SHUTDOWN,
]

describe.each(STOPS)('after a %s stop', (stop) => {
  describe.each(CHECKPOINTS)('the file %s', (name) => {
    const path = `${PATH}/${name}`

    it.each(Object.entries(DAMAGES))('that is %s changes nothing', async (_, damage) => {
      const { disk, expected } = left[stop]
      const copy = copyOf(disk)
      if (copy.stat(path) === null) writeFile(copy, path, new Uint8Array(20))
      damage(copy, path)
      expect(await observed(copy)).toEqual(expected)
      expect(await observed(copyOf(copy))).toEqual(expected)
    })

    it('costs no records by any flipped byte: the log is whole, or its loss is reported', async () => {
      const { disk, expected } = left[stop]
      for (let byte = 0; byte < sizeOf(disk, path); byte += 1) {
        for (const mask of [0x01, 0x02, 0x04, 0x08, 0xff]) {
          const copy = copyOf(disk)
          flip(copy, path, byte, mask)
          const found = await observed(copy).catch((error: unknown) => error)
          if (found instanceof LogCorruptError) {
            expect(name).toBe(RECOVERY_POINT_CHECKPOINT)
            expect(found.reason).toMatch(/was durable up to|it is gone/)
          } else expect(found, `byte ${byte} ^ ${mask}`).toEqual(expected)
        }
      }
    })
  })
})
