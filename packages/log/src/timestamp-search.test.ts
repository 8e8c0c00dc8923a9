import { describe, expect, it } from 'vitest'
import { STORAGE_ERROR_CODES } from './errors.ts'
import { overwrite, segmentPath } from './testing/damage.ts'
import { asLeader, batchOf, logFixture, type LogFixture } from './testing/log-fixture.ts'

const LEADER = asLeader(4)

/** A segment of two batches of two records for each pair of times; the second record is a millisecond later. */
async function logWith(...times: readonly number[]): Promise<LogFixture> {
  const fixture = await logFixture({ config: { segmentBytes: 2 * batchOf({ records: 2 }).length } })
  for (const timestamp of times) fixture.log.append(batchOf({ records: 2, timestamp }), LEADER)
  fixture.log.setHighWatermark(fixture.log.logEndOffset)
  return fixture
}

describe('the record with the largest time', () => {
  it.each<[string, readonly number[], number, { offset: number; timestampMs: number } | null]>([
    ['of an empty log is none', [], 0, null],
    ['is the first of several', [10, 50, 50, 20], 0, { offset: 3, timestampMs: 51 }],
    ['may be in an older segment', [10, 90, 20, 30], 0, { offset: 3, timestampMs: 91 }],
    ['is not one that was deleted, with its segment', [90, 10, 20, 30], 4, { offset: 7, timestampMs: 31 }],
    ['is not one that was deleted, in the first segment', [90, 10, 5, 6], 2, { offset: 3, timestampMs: 11 }],
    ['is not one that was deleted, and not in its segment', [90, 10, 20, 30], 2, { offset: 7, timestampMs: 31 }],
    ['is the first of those that are left', [90, 30, 20, 30], 2, { offset: 3, timestampMs: 31 }],
    ['is none where all are deleted', [90, 10], 4, null],
    ['is the earlier one of a batch of which the rest was deleted', [10, 90], 3, { offset: 3, timestampMs: 91 }],
  ])('%s', async (_, times, logStartOffset, expected) => {
    const { log } = await logWith(...times)
    log.deleteRecordsBefore(logStartOffset)
    expect(await log.maxTimestampOffset()).toEqual(expected === null ? null : { ...expected, leaderEpoch: 4 })
  })

  it('is known after a kill that took what was younger', async () => {
    const fixture = await logFixture()
    fixture.log.append(batchOf({ timestamp: 100 }), LEADER)
    await fixture.log.flush()
    fixture.log.append(batchOf({ timestamp: 200 }), LEADER)
    await fixture.directory.checkpoints.write([fixture.log])
    fixture.kill()
    fixture.disk.open(segmentPath(0, '.log')).truncate(batchOf().length)
    await fixture.reopen()
    expect(await fixture.log.maxTimestampOffset()).toEqual({ offset: 0, timestampMs: 100, leaderEpoch: 4 })
  })
})

describe('the first record at a time', () => {
  it.each([
    [0, 0, 0],
    [11, 0, 1],
    [12, 0, 2],
    [12, 3, 3],
    [52, 0, 6],
    [5, 7, 7],
    [100, 0, null],
  ])('%i, not before offset %i, is %o', async (timestamp, logStartOffset, offset) => {
    const { log } = await logWith(10, 50, 20, 60)
    log.deleteRecordsBefore(logStartOffset)
    expect((await log.offsetForTimestamp(timestamp))?.offset ?? null).toBe(offset)
  })

  it('is not looked for in records that make no sense, which is reported', async () => {
    const fixture = await logWith(10, 50)
    overwrite(fixture.disk, segmentPath(0, '.log'), 61, new Uint8Array(10).fill(0xff))
    await expect(fixture.log.offsetForTimestamp(10)).rejects.toMatchObject({
      code: STORAGE_ERROR_CODES.corrupt,
      path: segmentPath(0, '.log'),
      position: 0,
    })
    expect(fixture.directory.offlineError).toBeNull()
  })
})
