import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { STORAGE_ERROR_CODES } from '../errors.ts'
import { COMPACTED, keyedBatch, recordsOf } from '../testing/compaction-fixture.ts'
import {
  asLeader,
  batchOf,
  type FixtureOptions,
  type LogFixture,
  logFixture,
  PARTITION_PATH,
  PATH,
  TOPIC_ID,
} from '../testing/log-fixture.ts'
import { type Maintenance, startMaintenance } from './maintenance.ts'

const LEADER = asLeader(0)
const HOUR_MS = 60 * 60 * 1000
/** One batch of a record a segment. */
const SMALL = { segmentBytes: 100, retentionMs: HOUR_MS, fileDeleteDelayMs: 60_000 }

let running: Maintenance | null = null

afterEach(async () => {
  await running?.stop()
  running = null
})

function maintain(fixture: LogFixture): Maintenance {
  running = startMaintenance(fixture.directory, { configFor: () => ({ topicId: TOPIC_ID, config: fixture.config }) })
  return running
}

async function filled(options: FixtureOptions, count = 5): Promise<LogFixture> {
  const fixture = await logFixture(options)
  for (let index = 0; index < count; index += 1) fixture.log.append(batchOf({ timestamp: fixture.clock.nowMs }), LEADER)
  fixture.log.setHighWatermark(fixture.log.logEndOffset)
  return fixture
}

async function filledWithKeys(options: FixtureOptions): Promise<LogFixture> {
  const fixture = await logFixture(options)
  for (let index = 0; index < 20; index += 1) fixture.log.append(keyedBatch([{ key: `k${index % 2}`, value: `${index}` }]), LEADER)
  fixture.log.roll()
  fixture.log.setHighWatermark(fixture.log.logEndOffset)
  return fixture
}

const filesOf = ({ disk }: LogFixture): string[] => disk.list(PARTITION_PATH).map(({ name }) => name)
const logFilesOf = (fixture: LogFixture): string[] => filesOf(fixture).filter((name) => name.endsWith('.log'))
const unfinishedFilesOf = (fixture: LogFixture): string[] => filesOf(fixture).filter((name) => /\.(swap|cleaned)$/.test(name))
/** Offsets that are left after a compaction of `filledWithKeys`. */
const offsetsOf = ({ log }: LogFixture): number[] => recordsOf(log).map(({ offset }) => offset)

describe('retention', () => {
  it('removes what is too old, the active segment too, and its files a little later', async () => {
    const fixture = await filled({ config: SMALL })
    fixture.clock.nowMs += HOUR_MS + 1
    await maintain(fixture).runRetention()
    expect([fixture.log.logStartOffset, fixture.log.logEndOffset, fixture.log.sizeInBytes]).toEqual([5, 5, 0])
    expect(logFilesOf(fixture)).toEqual(['00000000000000000005.log'])
    expect(filesOf(fixture).filter((name) => name.endsWith('.log.deleted'))).toHaveLength(5)
    fixture.clock.advance(60_000)
    expect(filesOf(fixture).filter((name) => name.endsWith('.deleted'))).toEqual([])
    expect(fixture.log.append(batchOf(), LEADER)).toMatchObject({ baseOffset: 5 })
  })

  it('comes by itself as often as it is asked to', async () => {
    const fixture = await filled({ config: SMALL, settings: { retentionCheckIntervalMs: 2 * HOUR_MS } })
    maintain(fixture)
    fixture.clock.advance(2 * HOUR_MS - 1)
    expect(fixture.log.logStartOffset).toBe(0)
    fixture.clock.advance(1)
    await expect.poll(() => fixture.log.logStartOffset).toBe(5)
  })

  it('rolls a quiet segment that is older than segment.ms', async () => {
    const fixture = await filled({ config: { segmentMs: HOUR_MS, retentionMs: -1 } })
    fixture.clock.nowMs += HOUR_MS + 1
    await maintain(fixture).runRetention()
    expect(logFilesOf(fixture)).toHaveLength(2)
  })

  it('makes the start of the log durable before files go', async () => {
    const fixture = await filled({ config: SMALL })
    fixture.clock.nowMs += HOUR_MS + 1
    fixture.disk.failNext({ operation: 'replaceFile', pathIncludes: 'log-start' })
    await maintain(fixture).runRetention()
    expect(filesOf(fixture).filter((name) => name.endsWith('.deleted'))).toEqual([])
  })

  it('makes room on a disk that is full', async () => {
    const fixture = await filled({ config: SMALL })
    fixture.log.roll()
    fixture.clock.nowMs += HOUR_MS + 1
    fixture.disk.setCapacity(fixture.disk.usedBytes)
    await maintain(fixture).runRetention()
    fixture.clock.advance(60_000)
    expect(logFilesOf(fixture)).toEqual(['00000000000000000005.log'])
    expect(fixture.directory.offlineError).toBeNull()
    fixture.log.append(batchOf(), LEADER)
  })

  it('goes by the high watermark of before in a log that was opened anew', async () => {
    const fixture = await filled({ config: SMALL })
    fixture.log.setHighWatermark(3)
    await fixture.restart()
    fixture.clock.nowMs += HOUR_MS + 1
    await maintain(fixture).runRetention()
    expect(fixture.log.logStartOffset).toBe(3)
  })

  it.each([
    { name: 'opens a log that nobody uses when files of it are too old', passMs: 2 * HOUR_MS, isOpened: true },
    { name: 'leaves a log closed when nothing of it is due', passMs: HOUR_MS / 2, isOpened: false },
  ])('$name', async ({ passMs, isOpened }) => {
    const fixture = await filled({ config: SMALL })
    await fixture.stop()
    fixture.clock.nowMs += passMs
    await fixture.start()
    await maintain(fixture).runRetention()
    expect(fixture.directory.get('orders', 0)?.logStartOffset).toBe(isOpened ? 5 : undefined)
  })

  it('leaves alone what is not this broker’s, or another topic’s', async () => {
    const fixture = await filled({ config: SMALL })
    await fixture.stop()
    fixture.clock.nowMs += 2 * HOUR_MS
    await fixture.start()
    for (const found of [null, { topicId: 'AAAAAAAAAAAAAAAAAAAAAA', config: fixture.config }]) {
      running = startMaintenance(fixture.directory, { configFor: () => found })
      await running.runRetention()
      await running.stop()
    }
    expect(fixture.directory.get('orders', 0)).toBeNull()
    expect(fixture.disk.list(PATH).filter(({ isDirectory }) => isDirectory)).toHaveLength(1)
  })
})

describe('the cleaner', () => {
  it('comes by itself and compacts all there is to compact, the dirtiest first', async () => {
    const fixture = await filledWithKeys({ config: COMPACTED, settings: { cleanerBackoffMs: 1000 } })
    const other = await fixture.directory.open('other', 0, TOPIC_ID, fixture.config)
    other.append(keyedBatch([{ key: 'a', value: '1' }]), LEADER)
    other.append(keyedBatch([{ key: 'a', value: '2' }]), LEADER)
    other.roll()
    other.setHighWatermark(2)
    maintain(fixture)
    fixture.clock.advance(1000)
    await expect.poll(() => offsetsOf(fixture)).toEqual([18, 19])
    await expect.poll(() => recordsOf(other).map(({ offset }) => offset)).toEqual([1])
  })

  it('remembers how far it came', async () => {
    const fixture = await filledWithKeys({ config: COMPACTED })
    expect(await maintain(fixture).cleanOnce()).toBe(true)
    expect(fixture.directory.checkpoints.cleanedOffsets.get('orders-0')).toBe(20)
    await fixture.crash()
    fixture.log.setHighWatermark(20)
    expect(await maintain(fixture).cleanOnce()).toBe(false)
  })

  it('compacts a log that nobody uses after a look at its files', async () => {
    const fixture = await filledWithKeys({ config: COMPACTED })
    await fixture.stop()
    await fixture.start()
    const maintenance = maintain(fixture)
    expect(await maintenance.cleanOnce()).toBe(false)
    await maintenance.runRetention()
    expect(await maintenance.cleanOnce()).toBe(true)
    expect(offsetsOf({ ...fixture, log: await fixture.openLog() })).toEqual([18, 19])
  })

  it('gives up on a full disk without a trace, and tries again', async () => {
    const fixture = await filledWithKeys({ config: COMPACTED })
    const maintenance = maintain(fixture)
    fixture.disk.failNext({ operation: 'write', pathIncludes: '.log.cleaned', code: DISK_ERROR_CODES.full })
    expect(await maintenance.cleanOnce()).toBe(false)
    expect(unfinishedFilesOf(fixture)).toEqual([])
    expect(offsetsOf(fixture).slice(-2)).toEqual([18, 19])
    expect(fixture.directory.checkpoints.cleanedOffsets.get('orders-0')).toBeNull()
    expect(fixture.directory.offlineError).toBeNull()
    expect(await maintenance.cleanOnce()).toBe(true)
    expect(offsetsOf(fixture)).toEqual([18, 19])
  })

  it('reports damage once, leaves the log as it is, and goes on with others', async () => {
    const fixture = await filledWithKeys({ config: COMPACTED, settings: { cleanerBackoffMs: 1000 } })
    const other = await fixture.directory.open('other', 0, TOPIC_ID, { ...fixture.config, minCleanableDirtyRatio: 0 })
    for (const value of ['1', '2']) other.append(keyedBatch([{ key: 'a', value }]), LEADER)
    other.roll()
    other.setHighWatermark(2)
    await fixture.log.flush()
    const path = `${PARTITION_PATH}/00000000000000000000.log`
    const file = fixture.disk.open(path)
    file.writeSync([Uint8Array.of(0xff)], 100)
    file.close()
    maintain(fixture)
    for (let round = 0; round < 3; round += 1) {
      fixture.clock.advance(1000)
      await expect.poll(() => recordsOf(other).length).toBe(1)
      await running?.cleanOnce()
    }
    expect(fixture.logged.filter(({ level }) => level === 'error')).toMatchObject([
      { fields: { topic: 'orders', error: { code: STORAGE_ERROR_CODES.corrupt } } },
    ])
    expect(logFilesOf(fixture).length).toBeGreaterThan(2)
    expect(fixture.directory.offlineError).toBeNull()
  })

  it('says what to do when one batch has more keys than it has memory for', async () => {
    const fixture = await logFixture({ config: COMPACTED, settings: { cleanerDedupeBufferBytes: 24 } })
    const keys = Array.from({ length: 7 }, (_, index) => ({ key: `k${index}`, value: 'v' }))
    fixture.log.append(keyedBatch(keys), LEADER)
    fixture.log.roll()
    fixture.log.setHighWatermark(7)
    expect(await maintain(fixture).cleanOnce()).toBe(false)
    expect(fixture.logged.find(({ level }) => level === 'error')?.fields['error']).toMatchObject({
      code: STORAGE_ERROR_CODES.uncleanable,
      message: expect.stringContaining('log.cleaner.dedupe.buffer.size'),
    })
  })

  it.each(['sync', 'rename'] as const)('takes the directory offline when a %s fails for good', async (operation) => {
    const fixture = await filledWithKeys({ config: COMPACTED })
    await fixture.log.flush()
    fixture.disk.failNext({ operation, pathIncludes: operation === 'sync' ? '.cleaned' : '.log.cleaned' })
    expect(await maintain(fixture).cleanOnce()).toBe(false)
    expect(fixture.directory.offlineError).toMatchObject({ code: STORAGE_ERROR_CODES.offline })
    await fixture.crash()
    expect(offsetsOf(fixture)).toHaveLength(20)
  })

  it('is finished by the next start when it breaks off half way', async () => {
    const fixture = await filledWithKeys({ config: COMPACTED })
    await fixture.log.flush()
    fixture.disk.failNext({ operation: 'rename', pathIncludes: '00000000000000000000.log.swap' })
    expect(await maintain(fixture).cleanOnce()).toBe(false)
    expect(fixture.directory.offlineError).not.toBeNull()
    await fixture.crash()
    expect(offsetsOf(fixture).slice(-2)).toEqual([18, 19])
    expect(offsetsOf(fixture).length).toBeLessThan(20)
    expect(unfinishedFilesOf(fixture)).toEqual([])
  })

  it.each(['stop', 'delete'] as const)('is called off by a %s', async (how) => {
    const fixture = await filledWithKeys({ config: COMPACTED })
    await fixture.log.flush()
    const maintenance = maintain(fixture)
    const release = fixture.disk.holdSyncs()
    const cleaning = maintenance.cleanOnce()
    await expect.poll(() => filesOf(fixture).filter((name) => name.endsWith('.cleaned')).length).toBeGreaterThan(0)
    const ended = how === 'stop' ? maintenance.stop() : fixture.directory.delete('orders', 0)
    release()
    expect(await cleaning).toBe(false)
    await ended
    expect(fixture.directory.offlineError).toBeNull()
    if (how === 'stop') expect(unfinishedFilesOf(fixture)).toEqual([])
  })

  it('leaves time and offset searches right', async () => {
    const fixture = await logFixture({ config: { ...COMPACTED, segmentBytes: 4000, indexIntervalBytes: 100 } })
    const base = fixture.clock.nowMs
    const batch = (index: number): Uint8Array => keyedBatch([{ key: `k${index % 60}`, value: `${index}`, timestamp: base + index * 10 }])
    for (let index = 0; index < 200; index += 1) fixture.log.append(batch(index), LEADER)
    fixture.log.roll()
    fixture.log.setHighWatermark(200)
    expect(await maintain(fixture).cleanOnce()).toBe(true)
    for (let round = 0; round < 3; round += 1) {
      const found = recordsOf(fixture.log)
      expect(found.map(({ offset }) => offset)).toEqual(Array.from({ length: 60 }, (_, index) => 140 + index))
      expect(await fixture.log.offsetForTimestamp(base)).toMatchObject({ offset: 140 })
      expect(await fixture.log.offsetForTimestamp(base + 1755)).toMatchObject({ offset: 176, timestampMs: base + 1760 })
      expect(await fixture.log.maxTimestampOffset()).toMatchObject({ offset: 199 })
      await (round === 0 ? fixture.restart() : fixture.crash())
    }
  })
})

describe('producers', () => {
  it('are forgotten when they were quiet for long', async () => {
    const fixture = await logFixture({ settings: { producerIdExpirationMs: HOUR_MS, producerIdExpirationCheckIntervalMs: 1000 } })
    const { nowMs } = fixture.clock
    fixture.log.append(batchOf({ producerId: 1, producerEpoch: 0, baseSequence: 0, timestamp: nowMs - HOUR_MS + 1000 }), LEADER)
    fixture.log.append(batchOf({ producerId: 2, producerEpoch: 0, baseSequence: 0, timestamp: nowMs }), LEADER)
    maintain(fixture)
    fixture.clock.advance(1000)
    await expect.poll(() => [...fixture.log.producerState.entries()].map(({ producerId }) => producerId)).toEqual([2])
  })
})
