/** What is read through without being asked for, what is found in it, and what is not taken for damage. */
import { afterEach, describe, expect, it } from 'vitest'
import { LogCorruptError } from '../errors.ts'
import { SEGMENT_SUFFIXES } from '../file-names.ts'
import { appendTo, flip, segmentPath } from '../testing/damage.ts'
import { asLeader, batchOf, type FixtureOptions, type LogFixture, logFixture } from '../testing/log-fixture.ts'
import type { FoundPartition } from './log-directory.ts'
import { type Maintenance, startMaintenance } from './maintenance.ts'

const LEADER = asLeader(0)
/** One batch of a record a segment. */
const SMALL = { segmentBytes: 100 }
const MEBIBYTE = 1024 ** 2

let running: Maintenance | null = null

afterEach(async () => {
  await running?.stop()
  running = null
})

interface Report {
  readonly found: FoundPartition
  readonly error: LogCorruptError
}

function scrubbing(fixture: LogFixture): { readonly maintenance: Maintenance; readonly reports: Report[] } {
  const reports: Report[] = []
  running = startMaintenance(fixture.directory, { configFor: () => null, onDamaged: (found, error) => reports.push({ found, error }) })
  return { maintenance: running, reports }
}

async function filled(options: FixtureOptions, count = 5): Promise<LogFixture> {
  const fixture = await logFixture(options)
  for (let index = 0; index < count; index += 1) fixture.log.append(batchOf(), LEADER)
  await fixture.log.flush()
  return fixture
}

const logPath = (baseOffset: number): string => segmentPath(baseOffset, SEGMENT_SUFFIXES.log)

describe('looking for rot', () => {
  it('finds nothing where nothing is wrong', async () => {
    const { maintenance, reports } = scrubbing(await filled({ config: SMALL }))
    await maintenance.scrub()
    expect(reports).toEqual([])
  })

  it.each([0, 2, 4])('finds a bit that changed in the segment from offset %i on, and says where', async (baseOffset) => {
    const fixture = await filled({ config: SMALL })
    flip(fixture.disk, logPath(baseOffset), 70, 0x04)
    const { maintenance, reports } = scrubbing(fixture)
    await maintenance.scrub()
    expect(reports.map(({ found, error }) => [found, error.path])).toEqual([[{ topic: 'orders', partition: 0 }, logPath(baseOffset)]])
    expect(fixture.logged.map(({ event }) => event)).toContain('stored records are damaged')
    // What is damaged stays as it is.
    expect(fixture.log.logEndOffset).toBe(5)
  })

  it('finds a leader epoch that changed, which no checksum covers', async () => {
    const fixture = await filled({ config: SMALL })
    flip(fixture.disk, logPath(2), 15, 0x01)
    const { maintenance, reports } = scrubbing(fixture)
    await maintenance.scrub()
    expect(reports.map(({ error }) => error.reason)).toEqual(['the batch at offset 2 is of leader epoch 1, and was appended in epoch 0'])
  })

  it.each([
    ['up', 5, 2],
    ['down', 7, 3],
  ])('finds an offset that changed %s, which no checksum covers, in a log that is open or not', async (_, byte, baseOffset) => {
    const fixture = await filled({ config: SMALL })
    flip(fixture.disk, logPath(baseOffset), byte, 0x01)
    const { maintenance, reports } = scrubbing(fixture)
    await maintenance.scrub()
    expect(reports.map(({ error }) => error.path)).toEqual([logPath(baseOffset)])
    await maintenance.stop()
    await fixture.stop()
    await fixture.start()
    const closed = scrubbing(fixture)
    await closed.maintenance.scrub()
    expect(closed.reports.map(({ error }) => error.path)).toEqual([logPath(baseOffset)])
  })

  it('finds it in a log that nobody has opened since the start', async () => {
    const fixture = await filled({ config: SMALL })
    await fixture.stop()
    flip(fixture.disk, logPath(1), 70, 0x04)
    await fixture.start()
    const { maintenance, reports } = scrubbing(fixture)
    await maintenance.scrub()
    expect(reports).toHaveLength(1)
  })

  it('takes what a crash may have left for no damage, in a log that is open or not', async () => {
    const fixture = await filled({})
    fixture.log.append(batchOf(), LEADER)
    await fixture.directory.checkpoints.write([fixture.log])
    flip(fixture.disk, logPath(0), (fixture.disk.stat(logPath(0))?.sizeBytes ?? 0) - 5, 0x04)
    const open = scrubbing(fixture)
    await open.maintenance.scrub()
    fixture.kill()
    appendTo(fixture.disk, logPath(0), new Uint8Array(50).fill(0x5a))
    await fixture.start()
    const closed = scrubbing(fixture)
    await closed.maintenance.scrub()
    expect([open.reports, closed.reports]).toEqual([[], []])
  })

  it('takes its time, and takes nothing for damage that is cut off meanwhile', async () => {
    const fixture = await logFixture({ settings: { scrubBytesPerSecond: MEBIBYTE } })
    for (let index = 0; index < 4; index += 1) fixture.log.append(batchOf({ valueBytes: 700_000 }), LEADER)
    await fixture.log.flush()
    flip(fixture.disk, logPath(0), 2_200_000, 0x04)
    const { maintenance, reports } = scrubbing(fixture)
    let isDone = false
    const done = maintenance.scrub().then(() => (isDone = true))
    await new Promise(setImmediate)
    fixture.clock.advance(500)
    await new Promise(setImmediate)
    expect(isDone).toBe(false)
    await fixture.log.truncateTo(1)
    for (let waited = 0; !isDone && waited < 20; waited += 1) {
      fixture.clock.advance(1_000)
      await new Promise(setImmediate)
    }
    await done
    expect(reports).toEqual([])
  })

  it('begins by itself, and ends at once when the upkeep stops', async () => {
    const fixture = await logFixture({ settings: { scrubBytesPerSecond: 1, scrubIntervalMs: 1_000 } })
    fixture.log.append(batchOf({ valueBytes: 2_000_000 }), LEADER)
    await fixture.log.flush()
    flip(fixture.disk, logPath(0), 70, 0x04)
    const first = scrubbing(fixture)
    fixture.clock.advance(1_000)
    for (let waited = 0; first.reports.length === 0 && waited < 50; waited += 1) await new Promise(setImmediate)
    expect(first.reports).toHaveLength(1)
    flip(fixture.disk, logPath(0), 70, 0x04)
    void first.maintenance.scrub()
    await new Promise(setImmediate)
    await first.maintenance.stop()
    running = null
  })
})

describe('a log that was found damaged', () => {
  it('is not used by the processes that come after, though a start would find nothing', async () => {
    const fixture = await filled({ config: SMALL })
    await fixture.directory.markDamaged('orders', 0, new LogCorruptError(logPath(1), 61, 'the crc is wrong'))
    await fixture.stop()
    await fixture.start()
    await expect(fixture.openLog()).rejects.toMatchObject({
      code: 'ERR_LOG_CORRUPT',
      message: expect.stringContaining('00000000000000000001.log is damaged at byte 61: the crc is wrong'),
    })
    expect(fixture.disk.stat(logPath(1))).not.toBeNull()
  })
})
