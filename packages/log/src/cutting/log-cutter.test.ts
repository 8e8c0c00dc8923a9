/** What is left of a log that was cut, at once and after a crash at any step, and what becomes of those who were at work on it. */
import { createMemoryDisk, DISK_ERROR_CODES, type MemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { startMaintenance } from '../directory/maintenance.ts'
import { STORAGE_ERROR_CODES } from '../errors.ts'
import type { PartitionLog } from '../partition-log.ts'
import { namesIn } from '../testing/damage.ts'
import { asLeader, batchOf, bytesOf, logFixture, type LogFixture, TOPIC_ID } from '../testing/log-fixture.ts'
import { batchesOf, observe } from '../testing/observe.ts'
import { RICH_CONFIG, richLog, TIMESTAMPS } from '../testing/rich-log.ts'

const LOSING_POWER = { canLosePower: true }
/** More changes of the disk than a cut makes. */
const STEPS_MAX = 80

const losingPower = (): MemoryDisk => createMemoryDisk(LOSING_POWER)

/** A log to which only the batches below `endOffset` were ever appended. */
async function twinOf(log: PartitionLog, endOffset: number): Promise<object> {
  const twin = await logFixture({ config: RICH_CONFIG })
  for (const { hex, lastOffset } of batchesOf(log, 0)) if (lastOffset < endOffset) twin.log.appendReplicated(Buffer.from(hex, 'hex'))
  return observedOf(twin.log)
}

/** All that can be asked of the log; an empty segment, which the twin may do without, is nothing that anybody asks for. */
async function observedOf(log: PartitionLog, timestamps: readonly number[] = TIMESTAMPS): Promise<object> {
  const observed = (await observe(log, { timestamps })) as { readonly segments: readonly { readonly sizeBytes: number }[] }
  return { ...observed, segments: observed.segments.filter(({ sizeBytes }) => sizeBytes > 0) }
}

/** Where a log that is cut at `offset` ends. */
function endOf(log: PartitionLog, offset: number): number {
  return (batchesOf(log, 0).findLast(({ lastOffset }) => lastOffset < offset)?.lastOffset ?? -1) + 1
}

async function richOffsets(): Promise<number[]> {
  const { log } = await richLog()
  return Array.from({ length: log.logEndOffset }, (_, offset) => offset)
}
const OFFSETS = await richOffsets()

describe('a log that was cut', () => {
  it.each(OFFSETS)('at offset %i is as if what was cut had never been there', async (offset) => {
    const fixture = await richLog({ disk: losingPower() })
    const endOffset = endOf(fixture.log, offset)
    const twin = await twinOf(fixture.log, endOffset)
    await fixture.log.truncateTo(offset)
    expect(fixture.log).toMatchObject({ logEndOffset: endOffset, durableEndOffset: endOffset, isBeingCut: false })
    expect(await observedOf(fixture.log)).toEqual(twin)
    // It is so for good.
    fixture.losePower(offset)
    await fixture.reopen()
    expect(await observedOf(fixture.log)).toEqual(twin)
    await fixture.restart()
    expect(await observedOf(fixture.log)).toEqual(twin)
  })

  it.each(OFFSETS.filter((offset) => offset % 3 === 0))('at offset %i takes other batches, and keeps them', async (offset) => {
    const fixture = await richLog({ disk: losingPower() })
    await fixture.log.truncateTo(offset)
    // Other producers and times than those that were there, past all ends and snapshots that there were.
    for (let index = 0; index < 30; index += 1) {
      const producer = { producerId: 70 + (index % 3), producerEpoch: 0, baseSequence: Math.floor(index / 3) * 2 }
      fixture.log.append(batchOf({ records: 2, timestamp: 5_000 - index, ...producer }), asLeader(9))
    }
    const after = await observedOf(fixture.log, [...TIMESTAMPS, 4_980])
    await fixture.log.flush()
    await fixture.directory.checkpoints.write([fixture.log])
    for (const seed of [1, 2]) {
      fixture.losePower(seed)
      await fixture.reopen()
      expect(await observedOf(fixture.log, [...TIMESTAMPS, 4_980])).toEqual(after)
    }
  })

  it.each([4, 11, 20, 27].flatMap((offset) => [true, false].map((isPowerCut) => [offset, isPowerCut] as const)))(
    'at offset %i after a crash at any step is what it was, or ends between there and the cut (power cut: %s)',
    async (offset, isPowerCut) => {
      const whole = batchesOf((await richLog()).log)
      let isDone = false
      for (let changes = 0; !isDone; changes += 1) {
        expect(changes).toBeLessThan(STEPS_MAX)
        const fixture = await richLog({ disk: losingPower() })
        const endOffset = endOf(fixture.log, offset)
        await fixture.log.flush()
        fixture.killAfter(changes)
        isDone = await outlives(fixture, (log) => log.truncateTo(offset))
        if (isPowerCut) fixture.losePower(changes)
        await fixture.start()
        const log = await fixture.openLog()
        const left = batchesOf(log)
        expect(left).toEqual(whole.slice(0, left.length))
        expect(log.logEndOffset).toBe((left.at(-1)?.lastOffset ?? -1) + 1)
        expect(log.logEndOffset).toBeGreaterThanOrEqual(endOffset)
        expect(await observedOf(log)).toEqual(await twinOf(log, log.logEndOffset))
        // The second attempt ends as the first would have.
        await log.truncateTo(offset)
        expect(batchesOf(log)).toEqual(whole.filter(({ lastOffset }) => lastOffset < endOffset))
      }
    },
  )

  it('forgets an epoch in which nothing was appended', async () => {
    const { log } = await richLog()
    log.assignLeaderEpoch(9, log.logEndOffset)
    await log.truncateTo(log.logEndOffset)
    expect(log.latestLeaderEpoch).toBe(6)
  })

  it('within the batch that holds its start begins anew there, with nothing left of older segments', async () => {
    const fixture = await logFixture({ disk: losingPower(), config: { segmentBytes: 150 } })
    for (let index = 0; index < 5; index += 1) fixture.log.append(batchOf({ records: 2 }), asLeader(0))
    fixture.log.setHighWatermark(10)
    fixture.log.deleteRecordsBefore(5)
    await fixture.directory.persistLogStart(fixture.log)
    await fixture.log.truncateTo(5)
    expect(fixture.log).toMatchObject({ logStartOffset: 5, logEndOffset: 5 })
    expect([...fixture.log.segments].map(({ baseOffset }) => baseOffset)).toEqual([5])
    fixture.log.append(batchOf(), asLeader(1))
    await fixture.crash()
    expect(batchesOf(fixture.log)).toMatchObject([{ baseOffset: 5 }])
  })

  it('is known nowhere to have gone further', async () => {
    const fixture = await richLog()
    const { log, directory } = fixture
    log.setHighWatermark(log.logEndOffset)
    await log.flush()
    await directory.checkpoints.write([log])
    directory.checkpoints.cleanedOffsets.set('orders-0', 25)
    await log.truncateTo(11)
    const { recoveryPoints, highWatermarks, cleanedOffsets } = directory.checkpoints
    expect([recoveryPoints, highWatermarks, cleanedOffsets].map((file) => file.get('orders-0'))).toEqual([11, 11, 11])
    expect(log.highWatermark).toBe(11)
  })

  it('serves those who were reading what was cut off, and holds their file', async () => {
    const { log } = await richLog({ config: { segmentBytes: 1_000_000 } })
    const whole = bytesOf(log, 0)
    const read = log.read({ offset: 0, maxBytes: 1_000_000, endOffset: log.logEndOffset, atLeastOneBatch: true })
    await log.truncateTo(7)
    for (let index = 0; index < 20; index += 1) log.append(batchOf({ valueBytes: 200 }), asLeader(9))
    if (read.type !== 'region') throw new Error('expected a region')
    const bytes = new Uint8Array(read.sizeBytes)
    expect(read.file.readSync(bytes, read.position)).toBe(whole.length)
    expect(bytes).toEqual(whole)
    read.release()
    expect(batchesOf(log).at(-1)?.lastOffset).toBe(log.logEndOffset - 1)
  })
})

/** Whether the work was done before the process was killed. */
async function outlives(fixture: LogFixture, work: (log: PartitionLog) => Promise<void>): Promise<boolean> {
  const done = work(fixture.log).then(
    () => true,
    () => false,
  )
  const isDone = await Promise.race([done, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20))])
  fixture.kill()
  return isDone
}

describe('a log that begins anew', () => {
  const starts = [0, 5, 10, 29, 30, 1000]

  it.each(starts)('at offset %i holds nothing, and says so for good', async (offset) => {
    const fixture = await richLog({ disk: losingPower() })
    await fixture.directory.persistLogStart(fixture.log)
    const expected = { logStartOffset: offset, logEndOffset: offset, durableEndOffset: offset, latestLeaderEpoch: -1 }
    await fixture.log.resetTo(offset)
    expect(fixture.log).toMatchObject({ ...expected, highWatermark: offset })
    expect([...fixture.log.producerState.entries()]).toEqual([])
    fixture.losePower(offset)
    await fixture.reopen()
    expect(fixture.log).toMatchObject(expected)
    expect([...fixture.log.producerState.entries()]).toEqual([])
    expect(fixture.log.append(batchOf(), asLeader(7))).toMatchObject({ type: 'staged', baseOffset: offset })
    await fixture.restart()
    expect(batchesOf(fixture.log)).toMatchObject([{ baseOffset: offset }])
  })

  it.each(starts.flatMap((offset) => [true, false].map((isPowerCut) => [offset, isPowerCut] as const)))(
    'at offset %i after a crash at any step holds what it held first, or nothing (power cut: %s)',
    async (offset, isPowerCut) => {
      const whole = batchesOf((await richLog()).log)
      let isDone = false
      for (let changes = 0; !isDone; changes += 1) {
        expect(changes).toBeLessThan(STEPS_MAX)
        const fixture = await richLog({ disk: losingPower() })
        await fixture.log.flush()
        fixture.killAfter(changes)
        isDone = await outlives(fixture, (log) => log.resetTo(offset))
        if (isPowerCut) fixture.losePower(changes)
        await fixture.start()
        const log = await fixture.openLog()
        const left = batchesOf(log)
        expect(left).toEqual(whole.slice(0, left.length))
        if (left.length === 0) expect([0, offset]).toContain(log.logEndOffset)
        expect(log.logStartOffset).toBeLessThanOrEqual(log.logEndOffset)
        await log.resetTo(offset)
        expect(log).toMatchObject({ logStartOffset: offset, logEndOffset: offset })
      }
    },
  )

  it.each([true, false])(
    'further down is empty still after a crash at any step, also where gaps are no damage (compacted: %s)',
    async (compact) => {
      const config = { cleanupPolicy: { compact, delete: true } }
      let isDone = false
      for (let changes = 0; !isDone; changes += 1) {
        expect(changes).toBeLessThan(STEPS_MAX)
        const fixture = await logFixture({ disk: losingPower(), config })
        await fixture.log.resetTo(105)
        fixture.killAfter(changes)
        isDone = await outlives(fixture, (log) => log.resetTo(100))
        fixture.losePower(changes)
        await fixture.start()
        const { logStartOffset, logEndOffset } = await fixture.openLog()
        expect([100, 105]).toContain(logEndOffset)
        expect(logStartOffset).toBe(logEndOffset)
      }
    },
  )
})

describe('a cut', () => {
  it('changes nothing when there is no room for the checkpoint', async () => {
    const { log, disk } = await richLog()
    const before = await observe(log)
    disk.failNext({ operation: 'replaceFile', code: DISK_ERROR_CODES.full })
    await expect(log.truncateTo(5)).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.diskFull })
    expect(await observe(log)).toEqual(before)
    log.append(batchOf(), asLeader(9))
    await log.truncateTo(5)
    expect(log.logEndOffset).toBe(4)
  })

  it('waits for a flush under way, and lets one that was asked for meanwhile follow', async () => {
    const { log } = await richLog()
    const order: string[] = []
    const first = log.flush().then(() => order.push('flush'))
    const cut = log.truncateTo(9).then(() => order.push('cut'))
    const second = log.flush().then(() => order.push('flush after it'))
    await Promise.all([first, cut, second])
    expect(order).toEqual(['flush', 'cut', 'flush after it'])
    expect(log).toMatchObject({ logEndOffset: 9, durableEndOffset: 9 })
  })

  it('is not undone by a checkpoint that was begun before it', async () => {
    const fixture = await richLog({ disk: losingPower() })
    const { log, directory } = fixture
    await log.flush()
    const writing = directory.checkpoints.write([log])
    await log.truncateTo(6)
    await writing
    expect(directory.checkpoints.recoveryPoints.get('orders-0')).toBe(6)
    fixture.losePower(1)
    await fixture.reopen()
    expect(fixture.log.logEndOffset).toBe(6)
  })

  it('of a log that is being compacted leaves no compacted segment behind that holds what was cut', async () => {
    for (let delayed = 0; delayed < 40; delayed += 1) {
      const config = { cleanupPolicy: { compact: true, delete: false }, minCleanableDirtyRatio: 0, segmentBytes: 300 }
      const fixture = await logFixture({ disk: losingPower(), config })
      for (let index = 0; index < 20; index += 1) fixture.log.append(batchOf({ key: `k${index % 3}` }), asLeader(0))
      fixture.log.setHighWatermark(20)
      await fixture.log.flush()
      const cleaning = startMaintenance(fixture.directory, { configFor: () => ({ topicId: TOPIC_ID, config: fixture.config }) }).cleanOnce()
      for (let turn = 0; turn < delayed; turn += 1) await Promise.resolve()
      await fixture.log.truncateTo(5)
      await cleaning.catch(() => {})
      expect(batchesOf(fixture.log).every(({ lastOffset }) => lastOffset < 5)).toBe(true)
      fixture.losePower(delayed)
      await fixture.reopen()
      expect(batchesOf(fixture.log).every(({ lastOffset }) => lastOffset < 5)).toBe(true)
      expect(namesIn(fixture.disk).some((name) => name.includes('.swap') || name.includes('.cleaned'))).toBe(false)
    }
  })

  it('that fails half way takes the directory out of use', async () => {
    const { log, disk, directory } = await richLog()
    disk.failNext({ operation: 'sync' })
    await expect(log.truncateTo(5)).rejects.toBeInstanceOf(Error)
    expect(directory.offlineError).not.toBeNull()
    expect(() => log.append(batchOf(), asLeader(9))).toThrow()
  })
})
