import { batchBaseOffset, batchLastOffset, batchSizeInBytes, ERROR_CODES, buildMarker } from '@millrace/protocol'
import { crc32c, DISK_ERROR_CODES } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { STORAGE_ERROR_CODES } from './errors.ts'
import { asLeader, batchOf, bytesOf, logFixture, PARTITION_PATH } from './testing/log-fixture.ts'
import type { PartitionLog } from './partition-log.ts'

const LEADER = asLeader(0)

/** First and last offset of each whole batch that reading from `offset` on gives, segment after segment. */
function offsetsFrom(log: PartitionLog, offset: number, maxBytes?: number): [number, number][] {
  const found: [number, number][] = []
  let next = offset
  while (next < log.logEndOffset) {
    const bytes = bytesOf(log, next, maxBytes)
    let at = 0
    while (at + 61 <= bytes.length && at + batchSizeInBytes(bytes, at) <= bytes.length) {
      found.push([batchBaseOffset(bytes, at), batchLastOffset(bytes, at)])
      next = batchLastOffset(bytes, at) + 1
      at += batchSizeInBytes(bytes, at)
    }
    if (at === 0) break
  }
  return found
}

function fill(log: PartitionLog, count: number, valueBytes = 100): void {
  for (let index = 0; index < count; index += 1) log.append(batchOf({ records: 2, valueBytes }), LEADER)
}

describe('appending', () => {
  it('gives offsets in order, across batches staged together and apart', async () => {
    const { log } = await logFixture()
    const first = batchOf({ records: 3 })
    const second = batchOf({ records: 2 })
    expect(log.stage(first, LEADER)).toEqual({ type: 'staged', baseOffset: 0, lastOffset: 2, logAppendTimeMs: -1 })
    expect(log.stage(second, LEADER)).toMatchObject({ baseOffset: 3, lastOffset: 4 })
    expect(log.logEndOffset).toBe(0)
    log.commitStaged()
    expect(log.append(batchOf(), LEADER)).toMatchObject({ baseOffset: 5 })
    expect(log.logEndOffset).toBe(6)
    expect(offsetsFrom(log, 0)).toEqual([
      [0, 2],
      [3, 4],
      [5, 5],
    ])
  })

  it('rolls within one commit where the segment is full, and reads across segments', async () => {
    const { log, disk } = await logFixture({ config: { segmentBytes: 400 } })
    for (let index = 0; index < 10; index += 1) log.stage(batchOf({ records: 1, valueBytes: 100 }), LEADER)
    log.commitStaged()
    expect(disk.list(PARTITION_PATH).filter(({ name }) => name.endsWith('.log')).length).toBe(5)
    expect(offsetsFrom(log, 0)).toHaveLength(10)
    expect(offsetsFrom(log, 7)[0]).toEqual([7, 7])
  })

  it('refuses a batch that no segment can hold', async () => {
    const { log } = await logFixture({ config: { segmentBytes: 400 } })
    expect(log.stage(batchOf({ valueBytes: 500 }), LEADER)).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.RECORD_LIST_TOO_LARGE })
  })

  it('stamps the time of the append where the topic wants it', async () => {
    const { log, clock } = await logFixture({ config: { messageTimestampType: 'LogAppendTime' } })
    expect(log.append(batchOf(), LEADER)).toMatchObject({ logAppendTimeMs: clock.nowMs })
    clock.nowMs += 5
    log.append(batchOf(), LEADER)
    expect(await log.offsetForTimestamp(clock.nowMs)).toEqual({ offset: 1, timestampMs: clock.nowMs, leaderEpoch: 0 })
  })

  it('leaves nothing behind when the disk is full, and goes on when there is room', async () => {
    const { log, disk, directory } = await logFixture()
    log.append(batchOf(), LEADER)
    const used = disk.usedBytes
    disk.setCapacity(used + 10)
    log.stage(batchOf({ producerId: 5, producerEpoch: 0, baseSequence: 0 }), LEADER)
    expect(() => log.commitStaged()).toThrow(expect.objectContaining({ code: STORAGE_ERROR_CODES.diskFull }))
    expect(log.logEndOffset).toBe(1)
    expect(disk.usedBytes).toBe(used)
    expect(offsetsFrom(log, 0)).toEqual([[0, 0]])
    disk.setCapacity(1_000_000)
    expect(log.append(batchOf({ producerId: 5, producerEpoch: 0, baseSequence: 0 }), LEADER)).toMatchObject({
      type: 'staged',
      baseOffset: 1,
    })
    expect(directory.offlineError).toBeNull()
  })

  it('rolls again after a roll that failed for want of room', async () => {
    const { log, disk } = await logFixture({ config: { segmentBytes: 400 } })
    fill(log, 1)
    disk.failNext({ operation: 'write', pathIncludes: '.snapshot', code: DISK_ERROR_CODES.full })
    log.stage(batchOf({ valueBytes: 200 }), LEADER)
    expect(() => log.commitStaged()).toThrow(expect.objectContaining({ code: STORAGE_ERROR_CODES.diskFull }))
    fill(log, 3)
    expect(offsetsFrom(log, 0)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ])
  })

  it('takes the directory offline when a write fails for good', async () => {
    const { log, disk, directory } = await logFixture()
    disk.failNext({ operation: 'write', pathIncludes: '.log' })
    log.stage(batchOf(), LEADER)
    expect(() => log.commitStaged()).toThrow(expect.objectContaining({ code: STORAGE_ERROR_CODES.offline }))
    expect(directory.offlineError).not.toBeNull()
    expect(() => log.stage(batchOf(), LEADER)).toThrow(expect.objectContaining({ code: STORAGE_ERROR_CODES.offline }))
  })
})

describe('idempotent producers', () => {
  const from = (baseSequence: number, records = 1, producerEpoch = 0): Uint8Array =>
    batchOf({ producerId: 7, producerEpoch, baseSequence, records })

  it('answers a repeated batch with the offsets of the first, for the last five', async () => {
    const { log } = await logFixture()
    for (let sequence = 0; sequence < 6; sequence += 1) log.append(from(sequence), LEADER)
    for (let sequence = 1; sequence < 6; sequence += 1) {
      expect(log.append(from(sequence), LEADER)).toMatchObject({ type: 'duplicate', baseOffset: sequence, lastOffset: sequence })
    }
    expect(log.append(from(0), LEADER)).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER })
    expect(log.logEndOffset).toBe(6)
  })

  it('sees batches that are staged and not written', async () => {
    const { log } = await logFixture()
    log.stage(from(0, 3), LEADER)
    expect(log.stage(from(0, 3), LEADER)).toMatchObject({ type: 'duplicate', baseOffset: 0, lastOffset: 2 })
    expect(log.stage(from(3), LEADER)).toMatchObject({ type: 'staged', baseOffset: 3 })
  })

  it.each(['crash', 'restart'] as const)('remembers the last batch after a %s', async (how) => {
    const fixture = await logFixture()
    for (let sequence = 0; sequence < 3; sequence += 1) fixture.log.append(from(sequence), LEADER)
    await fixture[how]()
    expect(fixture.log.append(from(2), LEADER)).toMatchObject({ type: 'duplicate', baseOffset: 2 })
    expect(fixture.log.append(from(3), LEADER)).toMatchObject({ type: 'staged', baseOffset: 3 })
    expect(fixture.log.append(from(9), LEADER)).toMatchObject({ type: 'refused', errorCode: ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER })
  })
})

describe('transactions', () => {
  const data = (baseSequence: number): Uint8Array => batchOf({ producerId: 9, producerEpoch: 0, baseSequence, isTransactional: true })
  const marker = (type: 'abort' | 'commit'): Uint8Array =>
    buildMarker({ type, producerId: 9, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1, crc32c })

  it.each(['neither', 'crash', 'restart'] as const)('keeps the last stable offset and the aborted ones (after %s)', async (how) => {
    const fixture = await logFixture({ config: { segmentBytes: 250 } })
    const append = (batch: Uint8Array, origin: 'client' | 'internal' = 'client'): void => {
      expect(fixture.log.append(batch, { leaderEpoch: 0, origin }).type).toBe('staged')
    }
    append(batchOf())
    append(data(0))
    expect(fixture.log.lastStableOffset(2)).toBe(1)
    append(marker('abort'), 'internal')
    append(data(1))
    append(batchOf())
    if (how !== 'neither') await fixture[how]()
    const { log } = fixture
    log.setHighWatermark(5)
    expect(log.lastStableOffset(5)).toBe(3)
    expect(log.producerState.firstOpenTransactionOffset()).toBe(3)
    expect(log.abortedTransactions(0, 5)).toEqual([{ producerId: 9, firstOffset: 1, lastOffset: 2, lastStableOffset: 3 }])
    expect(log.abortedTransactions(3, 5)).toEqual([])
    append(marker('commit'), 'internal')
    log.setHighWatermark(6)
    expect(log.lastStableOffset(6)).toBe(6)
  })
})

describe('reading', () => {
  it('begins with the batch that holds the offset and ends before the bound', async () => {
    const { log } = await logFixture()
    for (let index = 0; index < 4; index += 1) log.append(batchOf({ records: 10 }), LEADER)
    const bytes = bytesOf(log, 13, 1_000_000, 30)
    expect(batchBaseOffset(bytes, 0)).toBe(10)
    expect(offsetsFrom(log, 13)).toEqual([
      [10, 19],
      [20, 29],
      [30, 39],
    ])
    expect(bytes.length).toBe(2 * batchSizeInBytes(bytes, 0))
  })

  it('returns the first batch whole above every limit, if asked to', async () => {
    const { log } = await logFixture()
    const size = batchOf({ valueBytes: 500 }).length
    log.append(batchOf({ valueBytes: 500 }), LEADER)
    log.append(batchOf({ valueBytes: 500 }), LEADER)
    expect(bytesOf(log, 0, 1)).toHaveLength(size)
    expect(log.read({ offset: 0, maxBytes: 1, endOffset: 2, atLeastOneBatch: false }).type).toBe('empty')
    expect(bytesOf(log, 0, size + 50)).toHaveLength(size + 50)
  })

  it('finds every offset with a sparse index, from memory and from disk', async () => {
    const fixture = await logFixture({ config: { segmentBytes: 20_000, indexIntervalBytes: 500 } })
    fill(fixture.log, 300)
    for (let round = 0; round < 3; round += 1) {
      for (let offset = 0; offset < 600; offset += 7) expect(offsetsFrom(fixture.log, offset, 300)[0]).toEqual([offset & ~1, offset | 1])
      await (round === 0 ? fixture.restart() : fixture.crash())
    }
  })

  it('serves a reader at the tail from memory', async () => {
    const { log } = await logFixture()
    expect(log.read({ offset: 0, maxBytes: 100, endOffset: 0, atLeastOneBatch: true }).type).toBe('empty')
    log.append(batchOf({ records: 2 }), LEADER)
    const result = log.read({ offset: 0, maxBytes: 10_000, endOffset: 2, atLeastOneBatch: true })
    expect(result.type).toBe('bytes')
    log.append(batchOf({ records: 2 }), LEADER)
    expect(log.read({ offset: 2, maxBytes: 10_000, endOffset: 4, atLeastOneBatch: true }).type).toBe('bytes')
  })

  it('finds records by time', async () => {
    const fixture = await logFixture({ config: { segmentBytes: 1000, indexIntervalBytes: 200 } })
    const base = 1_700_000_000_000
    for (let index = 0; index < 50; index += 1) fixture.log.append(batchOf({ records: 3, timestamp: base + index * 10 }), LEADER)
    for (let round = 0; round < 3; round += 1) {
      for (const [at, offset] of [
        [0, 0],
        [1, 1],
        [3, 3],
        [251, 76],
        [490, 147],
        [492, 149],
      ] as const) {
        expect(await fixture.log.offsetForTimestamp(base + at)).toMatchObject({ offset })
      }
      expect(await fixture.log.offsetForTimestamp(base + 493)).toBeNull()
      expect(await fixture.log.maxTimestampOffset()).toEqual({ offset: 149, timestampMs: base + 492, leaderEpoch: 0 })
      await (round === 0 ? fixture.restart() : fixture.crash())
    }
  })
})

describe('durability', () => {
  it('moves with the flush and tells', async () => {
    const { log, disk } = await logFixture()
    const told: number[] = []
    log.onDurable = () => told.push(log.durableEndOffset)
    const release = disk.holdSyncs()
    log.append(batchOf(), LEADER)
    const first = log.flush()
    log.append(batchOf(), LEADER)
    const second = log.flush()
    const third = log.flush()
    expect(log.durableEndOffset).toBe(0)
    release()
    await first
    await Promise.all([second, third])
    expect(told).toEqual([1, 2])
  })

  it('is of no concern once the log is deleted, also while a flush is under way', async () => {
    const { log, disk, directory } = await logFixture()
    const release = disk.holdSyncs()
    log.append(batchOf(), LEADER)
    const flush = log.flush()
    const deletion = directory.delete('orders', 0)
    release()
    await deletion
    await expect(flush).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.closed })
    expect(directory.offlineError).toBeNull()
  })

  it('needs no snapshot that retention removed before it was synced', async () => {
    const { log, directory } = await logFixture({ config: { segmentBytes: 400 } })
    fill(log, 4)
    const [first, second] = [...log.segments]
    log.removeSegments([first!, second!])
    await log.flush()
    expect(log.durableEndOffset).toBe(8)
    expect(directory.offlineError).toBeNull()
  })

  it('never tries a failed sync again', async () => {
    const { log, disk, directory } = await logFixture()
    log.append(batchOf(), LEADER)
    disk.failNext({ operation: 'sync', pathIncludes: '.log' })
    await expect(log.flush()).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.offline })
    await expect(log.flush()).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.offline })
    expect(log.durableEndOffset).toBe(0)
    expect(directory.offlineError).not.toBeNull()
    const told: unknown[] = []
    directory.whenOffline((error) => told.push(error))
    expect(told).toEqual([directory.offlineError])
  })
})
