import { batchCodec, batchLastOffset, batchProducerId, batchRecordCount, buildMarker, type Codec, isControl } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import {
  batchesOf,
  compact,
  COMPACTED,
  type KeyedRecord,
  keyedBatch,
  type KeyedBatchOptions,
  recordsOf,
} from '../testing/compaction-fixture.ts'
import { asLeader, type LogFixture, logFixture, PARTITION_PATH } from '../testing/log-fixture.ts'

const LEADER = asLeader(0)
const DAY_MS = 24 * 60 * 60 * 1000

function append(fixture: LogFixture, records: readonly (readonly [string | null, string | null])[], options?: KeyedBatchOptions): void {
  const batch = keyedBatch(
    records.map(([key, value]): KeyedRecord => ({ key, value })),
    options,
  )
  expect(fixture.log.append(batch, LEADER).type).toBe('staged')
}

function appendMarker(fixture: LogFixture, type: 'abort' | 'commit', producerId = 9, producerEpoch = 0): void {
  const { nowMs } = fixture.clock
  const marker = buildMarker({ type, producerId, producerEpoch, coordinatorEpoch: 0, timestamp: nowMs, crc32c })
  expect(fixture.log.append(marker, { leaderEpoch: 0, origin: 'internal' }).type).toBe('staged')
}

/** `offset key value` of each record. */
const shown = (fixture: LogFixture): string[] => recordsOf(fixture.log).map(({ offset, key, value }) => `${offset} ${key} ${value}`)

describe('a compacted log', () => {
  it('keeps the last value of each key, at its offset', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    for (let index = 0; index < 30; index += 1) append(fixture, [[`k${index % 4}`, `v${index}`]])
    expect(await compact(fixture)).toBe(true)
    expect(shown(fixture)).toEqual(['26 k2 v26', '27 k3 v27', '28 k0 v28', '29 k1 v29'])
    expect(await compact(fixture)).toBe(false)
    append(fixture, [['k3', 'new']])
    expect(await compact(fixture)).toBe(true)
    expect(shown(fixture)).toEqual(['26 k2 v26', '28 k0 v28', '29 k1 v29', '30 k3 new'])
  })

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies Codec[])(
    'keeps the codec (%s) and the times of what is left',
    async (codec) => {
      const fixture = await logFixture({ config: COMPACTED })
      const records = ['a', 'b', 'a', 'c'].map((key, index) => ({ key, value: `v${index}`.repeat(20), timestamp: 1000 + index * 100 }))
      fixture.log.append(keyedBatch(records, { codec }), LEADER)
      append(fixture, [['c', 'last']])
      await compact(fixture)
      expect(recordsOf(fixture.log)).toEqual([
        { offset: 1, timestamp: 1100, key: 'b', value: 'v1'.repeat(20) },
        { offset: 2, timestamp: 1200, key: 'a', value: 'v2'.repeat(20) },
        expect.objectContaining({ offset: 4, key: 'c', value: 'last' }),
      ])
      const [first] = batchesOf(fixture.log) as [Uint8Array]
      expect(batchCodec(first, 0)).toBe(codec)
      expect(batchLastOffset(first, 0)).toBe(3)
    },
  )

  it('copies a batch of which all is left byte for byte', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    const keys = Array.from({ length: 20 }, (_, index): KeyedRecord => ({ key: `k${index}`, value: 'v' }))
    fixture.log.append(keyedBatch(keys, { codec: 'gzip' }), LEADER)
    const before = batchesOf(fixture.log)
    expect(await compact(fixture)).toBe(true)
    expect(batchesOf(fixture.log)).toEqual(before)
  })

  it('loses records without a key', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    append(fixture, [
      ['a', '1'],
      [null, '2'],
    ])
    append(fixture, [[null, '3']])
    await compact(fixture)
    expect(shown(fixture)).toEqual(['0 a 1'])
  })

  it('keeps tombstones until their time has come, and does not move that time', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    append(fixture, [
      ['a', '1'],
      ['b', '1'],
    ])
    append(fixture, [
      ['a', null],
      ['b', '2'],
    ])
    await compact(fixture)
    expect(shown(fixture)).toEqual(['2 a null', '3 b 2'])
    const times = recordsOf(fixture.log).map(({ timestamp }) => timestamp)
    expect(times).toEqual([1_700_000_000_000, 1_700_000_000_000])
    fixture.clock.advance(DAY_MS - 1)
    append(fixture, [['c', '1']])
    await compact(fixture)
    expect(shown(fixture)).toEqual(['2 a null', '3 b 2', '4 c 1'])
    fixture.clock.advance(1)
    append(fixture, [['d', '1']])
    await compact(fixture)
    expect(shown(fixture)).toEqual(['3 b 2', '4 c 1', '5 d 1'])
    expect(recordsOf(fixture.log)[0]?.timestamp).toBe(1_700_000_000_000)
  })

  it('leaves what is not decided, not replicated or still written', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    for (let index = 0; index < 3; index += 1) append(fixture, [['a', `${index}`]])
    fixture.log.roll()
    append(fixture, [['a', 'open']], { producerId: 9, producerEpoch: 0, baseSequence: 0, isTransactional: true })
    append(fixture, [['a', 'after']])
    await compact(fixture)
    expect(shown(fixture)).toEqual(['2 a 2', '3 a open', '4 a after'])
    appendMarker(fixture, 'commit')
    await compact(fixture)
    expect(shown(fixture)).toEqual(['4 a after'])
  })

  it('leaves segments that are younger than the lag', async () => {
    const fixture = await logFixture({ config: { ...COMPACTED, minCompactionLagMs: 1000 } })
    const { nowMs } = fixture.clock
    fixture.log.append(keyedBatch([{ key: 'a', value: '1', timestamp: nowMs - 1000 }]), LEADER)
    fixture.log.roll()
    fixture.log.append(keyedBatch([{ key: 'a', value: '2', timestamp: nowMs - 999 }]), LEADER)
    await compact(fixture)
    expect(shown(fixture)).toEqual(['0 a 1', '1 a 2'])
    fixture.clock.advance(1)
    await compact(fixture)
    expect(shown(fixture)).toEqual(['1 a 2'])
  })

  it('is compacted part by part when there are more keys than memory', async () => {
    const fixture = await logFixture({ config: COMPACTED, settings: { cleanerDedupeBufferBytes: 24 * 16 } })
    for (let round = 0; round < 3; round += 1) {
      for (let key = 0; key < 40; key += 1) append(fixture, [[`k${key}`, `${round}`]])
    }
    let parts = 0
    while (await compact(fixture)) parts += 1
    expect(parts).toBeGreaterThan(5)
    expect(shown(fixture)).toEqual(Array.from({ length: 40 }, (_, key) => `${80 + key} k${key} 2`))
  })
})

describe('transactions in a compacted log', () => {
  const inTransaction = (baseSequence: number): KeyedBatchOptions => ({
    producerId: 9,
    producerEpoch: 0,
    baseSequence,
    isTransactional: true,
  })
  const markers = (fixture: LogFixture): number[] =>
    batchesOf(fixture.log)
      .filter((batch) => isControl(batch, 0))
      .map((batch) => batchLastOffset(batch, 0))

  it('lose what was aborted, which does not count as the last value either', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    append(fixture, [['a', 'old']])
    append(fixture, [['a', 'aborted']], inTransaction(0))
    appendMarker(fixture, 'abort')
    append(fixture, [['b', 'committed']], inTransaction(1))
    appendMarker(fixture, 'commit')
    await compact(fixture)
    expect(shown(fixture)).toEqual(['0 a old', '3 b committed'])
    expect(fixture.log.abortedTransactions(0, 5)).toHaveLength(1)
  })

  it.each(['abort', 'commit'] as const)('keep their %s marker until nothing of them is left and the time has come', async (type) => {
    const fixture = await logFixture({ config: COMPACTED })
    append(fixture, [['a', '1']], inTransaction(0))
    appendMarker(fixture, type)
    append(fixture, [['a', '2']])
    await compact(fixture)
    // The producer's last batch stays, and with it the marker.
    expect(markers(fixture)).toEqual([1])
    append(fixture, [['b', '3']], { ...inTransaction(1), isTransactional: false })
    await compact(fixture)
    // Batches of the transaction were seen for the last time.
    expect(markers(fixture)).toEqual([1])
    append(fixture, [['c', '4']])
    await compact(fixture)
    expect(markers(fixture)).toEqual([1])
    expect(fixture.log.abortedTransactions(0, 4)).toEqual([])
    fixture.clock.advance(DAY_MS)
    append(fixture, [['d', '5']])
    await compact(fixture)
    expect(markers(fixture)).toEqual([])
    expect(shown(fixture)).toEqual(['2 a 2', '3 b 3', '4 c 4', '5 d 5'])
  })

  it.each(['crash', 'restart'] as const)('leave no open transaction behind after a %s', async (how) => {
    const fixture = await logFixture({ config: COMPACTED })
    for (let round = 0; round < 6; round += 1) {
      append(fixture, [['a', `${round}`]], inTransaction(round))
      appendMarker(fixture, round % 2 === 0 ? 'abort' : 'commit')
      append(fixture, [['b', `${round}`]])
      await compact(fixture)
    }
    for (const { name } of fixture.disk.list(PARTITION_PATH))
      if (name.endsWith('.snapshot')) fixture.disk.removeFile(`${PARTITION_PATH}/${name}`)
    await fixture[how]()
    expect(fixture.log.producerState.firstOpenTransactionOffset()).toBeNull()
    append(fixture, [['a', 'next']], inTransaction(6))
  })
})

describe('producers of a compacted log', () => {
  it('keep their sequence when all their records are gone, until they append more', async () => {
    const fixture = await logFixture({ config: COMPACTED })
    const producer = { producerId: 7, producerEpoch: 0 }
    append(
      fixture,
      [
        ['a', '1'],
        ['b', '1'],
      ],
      { ...producer, baseSequence: 0 },
    )
    append(fixture, [
      ['a', '2'],
      ['b', '2'],
    ])
    await compact(fixture)
    const [kept] = batchesOf(fixture.log) as [Uint8Array]
    expect([batchProducerId(kept, 0), batchRecordCount(kept, 0), batchLastOffset(kept, 0), kept.length]).toEqual([7, 0, 1, 61])
    await fixture.crash()
    for (const { name } of fixture.disk.list(PARTITION_PATH))
      if (name.endsWith('.snapshot')) fixture.disk.removeFile(`${PARTITION_PATH}/${name}`)
    await fixture.crash()
    append(fixture, [['c', '3']], { ...producer, baseSequence: 2 })
    await compact(fixture)
    expect(batchesOf(fixture.log).map((batch) => batchRecordCount(batch, 0))).toEqual([2, 1])
  })
})
