/** What a follower takes of a leader's answer, and what it refuses. */
import { batchSizeInBytes, setBaseOffset, setPartitionLeaderEpoch } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { STORAGE_ERROR_CODES } from './errors.ts'
import { asLeader, batchOf, logFixture, type LogFixture, PARTITION_PATH } from './testing/log-fixture.ts'
import { batchesOf, observe } from './testing/observe.ts'
import { RICH_CONFIG, richLog, TIMESTAMPS } from './testing/rich-log.ts'

function at(baseOffset: number, leaderEpoch: number, records = 2): Uint8Array {
  const batch = batchOf({ records })
  setBaseOffset(batch, 0, baseOffset)
  setPartitionLeaderEpoch(batch, 0, leaderEpoch)
  return batch
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** Ends at offset 2, in epoch 3. */
async function follower(options: Parameters<typeof logFixture>[0] = {}): Promise<LogFixture> {
  const fixture = await logFixture(options)
  fixture.log.append(batchOf({ records: 2 }), asLeader(3))
  return fixture
}

describe('batches of a leader', () => {
  it('are appended as they lie there, with their offsets and epochs', async () => {
    const { log } = await follower()
    const bytes = joined(at(2, 3), at(4, 5, 3), at(7, 5))
    expect(log.appendReplicated(bytes)).toEqual({ firstOffset: 2, lastOffset: 8 })
    expect(joined(...batchesOf(log, 2).map(({ hex }) => Buffer.from(hex, 'hex')))).toEqual(bytes)
    expect(log.leaderEpochs.entries).toEqual([
      { epoch: 3, startOffset: 0 },
      { epoch: 5, startOffset: 4 },
    ])
  })

  it('may be of an earlier epoch than one that this log was to be led in, and nothing was appended', async () => {
    const { log } = await follower()
    log.assignLeaderEpoch(7, 2)
    expect(log.appendReplicated(joined(at(2, 3), at(4, 5)))).toEqual({ firstOffset: 2, lastOffset: 5 })
    expect(log.leaderEpochs.entries).toEqual([
      { epoch: 3, startOffset: 0 },
      { epoch: 5, startOffset: 4 },
    ])
    log.assignLeaderEpoch(8, 6)
    expect(() => log.appendReplicated(at(6, 4))).toThrow('one of leader epoch 4 comes after one of 5')
    expect(log.latestLeaderEpoch).toBe(8)
  })

  it('make the log what the leader has, in all that is derived from it too', async () => {
    const leader = await richLog()
    const follows = await logFixture({ config: RICH_CONFIG })
    const all = joined(...batchesOf(leader.log).map(({ hex }) => Buffer.from(hex, 'hex')))
    follows.log.appendReplicated(all)
    expect(await observe(follows.log, { timestamps: TIMESTAMPS })).toEqual(await observe(leader.log, { timestamps: TIMESTAMPS }))
    await follows.restart()
    expect(await observe(follows.log, { timestamps: TIMESTAMPS })).toEqual(await observe(leader.log, { timestamps: TIMESTAMPS }))
  })

  it.each([1, 60, 61, 62, batchSizeInBytes(at(4, 3), 0) - 1])('are taken up to the last whole one, %i bytes of the next', async (rest) => {
    const { log } = await follower()
    expect(log.appendReplicated(joined(at(2, 3), at(4, 3).subarray(0, rest)))).toEqual({ firstOffset: 2, lastOffset: 3 })
    expect(log.logEndOffset).toBe(4)
  })

  it('are taken up to the last of an epoch that was asked for', async () => {
    const { log } = await follower()
    expect(log.appendReplicated(joined(at(2, 3), at(4, 4), at(6, 5)), 4)).toEqual({ firstOffset: 2, lastOffset: 5 })
    expect(log.latestLeaderEpoch).toBe(4)
    expect(log.appendReplicated(at(6, 5), 4)).toBeNull()
  })

  it('are none when not even one is whole', async () => {
    const { log } = await follower()
    expect(log.appendReplicated(at(2, 3).subarray(0, 70))).toBeNull()
    expect(log.appendReplicated(new Uint8Array(0))).toBeNull()
  })

  it.each([
    ['that begin after the end of the log', joined(at(2, 3), at(5, 3))],
    ['that begin before the end of the log', joined(at(2, 3), at(3, 3))],
    ['that were appended already', at(0, 3)],
    ['of an epoch before the last', at(2, 2)],
    ['of epochs that fall', joined(at(2, 5), at(4, 4))],
    ['with a wrong crc', joined(at(2, 3), damaged(at(4, 3), 70))],
    ['of another magic', damaged(at(2, 3), 16)],
    ['with a size that is none', withSize(at(2, 3), 20)],
    ['that end before they begin', damaged(at(2, 3), 23)],
  ])('%s are refused, and nothing of the answer is appended', async (_, bytes) => {
    const { log } = await follower()
    const before = await observe(log)
    expect(() => log.appendReplicated(bytes)).toThrow(expect.objectContaining({ code: STORAGE_ERROR_CODES.corrupt, path: PARTITION_PATH }))
    expect(await observe(log)).toEqual(before)
    expect(log.appendReplicated(at(2, 3))).toEqual({ firstOffset: 2, lastOffset: 3 })
  })

  it('may leave offsets out where the leader compacts its log', async () => {
    const fixture = await follower({ config: { cleanupPolicy: { compact: true, delete: false } } })
    expect(fixture.log.appendReplicated(joined(at(7, 3), at(20, 4)))).toEqual({ firstOffset: 2, lastOffset: 21 })
    await fixture.crash()
    expect(batchesOf(fixture.log)).toMatchObject([{ baseOffset: 0 }, { baseOffset: 7 }, { baseOffset: 20 }])
  })

  it('may be larger than a segment of this replica', async () => {
    const { log } = await follower({ config: { segmentBytes: 100 } })
    expect(log.appendReplicated(joined(at(2, 3), at(4, 3)))).toEqual({ firstOffset: 2, lastOffset: 5 })
    expect([...log.segments].map(({ baseOffset }) => baseOffset)).toEqual([0, 2, 4])
  })
})

function damaged(batch: Uint8Array, position: number): Uint8Array {
  batch[position] = (batch[position] as number) ^ 0xff
  return batch
}

function withSize(batch: Uint8Array, size: number): Uint8Array {
  new DataView(batch.buffer).setInt32(8, size)
  return batch
}
