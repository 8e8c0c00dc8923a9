import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  batchAttributes,
  batchCodec,
  checkBatch,
  CODECS,
  ERROR_CODES,
  hasLogAppendTime,
  maxTimestamp,
  recordBytes,
} from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchAround, batchOf, bytesOf, incompressibleText, sequencedBatch, START_MS, tampered, valuesOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { produce, produceAll, sendProduce } from '../testing/produce-calls.ts'

const SMALL = ['a', 'b', 'c']
/** More than what is decompressed at once, in every codec. */
const LARGE = [incompressibleText(200_000), 'b']
const codecs = CODECS.filter((codec) => codec !== 'none')

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

/** The only batch that was stored, which has to be a right one. */
async function stored(topic = 'a'): Promise<Uint8Array> {
  const [batch, ...others] = await broker.storedBatches(topic)
  if (batch === undefined || others.length > 0) throw new Error('the log does not hold one batch')
  expect(checkBatch(batch, { maxBytes: 1e9, isZstdAllowed: true }, crc32c)).toBeNull()
  return batch
}

describe('a compressed batch', () => {
  const sizes = [
    { size: 'small', records: SMALL },
    { size: 'large', records: LARGE },
  ]

  it.each(codecs.flatMap((codec) => sizes.map((each) => ({ codec, ...each }))))(
    'that is $size is kept in $codec as it came',
    async ({ codec, records }) => {
      broker.addTopic('a')
      await broker.log('a')
      const batch = batchOf({ codec, records })
      const exchange = sendProduce(broker, batch, { acks: 1 })
      expect(exchange.state).toBe(records === SMALL ? 'answered' : 'open')
      await exchange.answer()
      // Only offset and leader epoch were given by the broker.
      expect(Buffer.compare((await stored()).subarray(16), batch.subarray(16))).toBe(0)
    },
  )

  it.each(codecs.flatMap((codec) => sizes.map((each) => ({ codec, ...each }))))(
    'that is $size and damaged inside is refused in $codec',
    async ({ codec, records }) => {
      broker.addTopic('a')
      const damaged = tampered(batchOf({ codec, records }), (view) => {
        for (let at = 61; at < view.byteLength; at += 7) view.setUint8(at, 0x5a)
      })
      expect(await produce(broker, damaged)).toMatchObject({ errorCode: ERROR_CODES.INVALID_RECORD, baseOffset: -1 })
    },
  )

  const body = recordBytes(batchOf({ records: SMALL }), 0)
  const half = Math.floor(body.length / 2)
  it.each([
    ['gzip in two members', 1, Buffer.concat([gzipSync(body.subarray(0, half)), gzipSync(body.subarray(half))])],
    ['snappy without framing', 2, Buffer.concat([Buffer.from([body.length, (body.length - 1) << 2]), body])],
    ['lz4 in a stored block', 3, lz4Stored(body)],
    ['zstd without a content size', 4, zstdCompressSync(body)],
  ])('is taken in %s', async (_framing, codec, compressed) => {
    broker.addTopic('a')
    const batch = batchAround(codec, compressed, SMALL.length)
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.NONE })
    expect(valuesOf(await stored())).toEqual(SMALL)
  })

  it('does not hold up the partitions whose batches are plain, except in the answer', async () => {
    broker.addTopic('a', [[1], [1], [1]])
    const gzip = batchOf({ codec: 'gzip', records: LARGE })
    const results = await produceAll(broker, [batchOf(), gzip, batchOf()])
    expect(results.map(({ index, errorCode, baseOffset }) => [index, errorCode, baseOffset])).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [2, 0, 0],
    ])
  })

  it('is checked record by record', async () => {
    broker.addTopic('a', [[1]], { 'cleanup.policy': 'compact' })
    for (const records of [[{ value: bytesOf('v') }], [{ value: bytesOf(incompressibleText(100_000)) }]]) {
      expect(await produce(broker, batchOf({ codec: 'zstd', records }))).toMatchObject({
        errorCode: ERROR_CODES.INVALID_RECORD,
        recordErrors: [{ batchIndex: 0 }],
      })
    }
  })
})

/** An LZ4 frame of one block that is not compressed, as it may be when compression does not help. */
function lz4Stored(body: Uint8Array): Uint8Array {
  const framed = recordBytes(batchOf({ codec: 'lz4', records: SMALL }), 0)
  const size = Buffer.alloc(4)
  size.writeUInt32LE((0x8000_0000 | body.length) >>> 0)
  return Buffer.concat([framed.subarray(0, 7), size, body, Buffer.alloc(4)])
}

describe('what becomes too large when it is decompressed', () => {
  const zeros = new Uint8Array(130 * 1024 * 1024)

  it.each([
    ['small', 4, zstdCompressSync(zeros)],
    ['large', 1, gzipSync(zeros)],
  ])('is refused where it is %s before', async (_size, codec, compressed) => {
    broker.addTopic('a')
    expect(await produce(broker, batchAround(codec, compressed, 1))).toMatchObject({ errorCode: ERROR_CODES.MESSAGE_TOO_LARGE })
  })

  it('is not looked at within the turn, however small it is before', async () => {
    broker.addTopic('a')
    await broker.log('a')
    const batch = batchOf({ codec: 'zstd', records: ['x'.repeat(4_000_000)] })
    expect(batch.length).toBeLessThan(5000)
    const exchange = sendProduce(broker, batch, { acks: 1 })
    expect(exchange.state).toBe('open')
    await exchange.answer()
    expect(await stored()).toHaveLength(batch.length)
  })
})

describe('a topic that keeps another codec', () => {
  it.each(
    [...codecs, 'uncompressed'].flatMap((wanted) => [
      { wanted, given: 'none' as const, records: SMALL },
      { wanted, given: 'zstd' as const, records: LARGE },
    ]),
  )('has a batch in $given written anew in $wanted', async ({ wanted, given, records }) => {
    broker.addTopic('a', [[1]], { 'compression.type': wanted })
    const producer = { producerId: 7, producerEpoch: 1, baseSequence: 3 }
    const headers = [{ key: bytesOf('h'), value: null }]
    const first = { timestamp: START_MS + 5, key: null, value: bytesOf(records[0] ?? ''), headers }
    const batch = batchOf({ codec: given, records: [first, ...records.slice(1)], ...producer })
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0, logAppendTimeMs: -1 })
    const kept = await stored()
    expect(batchCodec(kept, 0)).toBe(wanted === 'uncompressed' ? 'none' : wanted)
    expect(valuesOf(kept)).toEqual(records)
    expect(maxTimestamp(kept, 0)).toBe(START_MS + 5)
    // Another sequence would be out of order.
    expect(
      await produce(broker, batchOf({ codec: given, records: ['next'], ...producer, baseSequence: 3 + records.length })),
    ).toMatchObject({
      errorCode: ERROR_CODES.NONE,
      baseOffset: records.length,
    })
  })

  it('takes no batch that is too large in it', async () => {
    broker.addTopic('a', [[1]], { 'compression.type': 'uncompressed', 'max.message.bytes': '10000' })
    const batch = batchOf({ codec: 'gzip', records: ['x'.repeat(20_000)] })
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.MESSAGE_TOO_LARGE, baseOffset: -1 })
  })

  it('finds a duplicate in a batch that was written anew', async () => {
    broker.addTopic('a', [[1]], { 'compression.type': 'lz4' })
    await produce(broker, sequencedBatch(0, { records: SMALL }))
    expect(await produce(broker, sequencedBatch(0, { records: SMALL }))).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
    expect(await broker.storedBatches('a')).toHaveLength(1)
  })
})

describe('a header that does not say what the records do', () => {
  it.each([
    ['offsets', batchOf({ records: [{ value: bytesOf('a'), offsetDelta: 1 }, 'b', { value: bytesOf('c'), offsetDelta: 2 }] })],
    ['the latest time', tampered(batchOf({ records: SMALL }), (view) => view.setBigInt64(35, BigInt(START_MS + 9)))],
  ])('is made to, for %s', async (_what, batch) => {
    broker.addTopic('a')
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
    const kept = await stored()
    expect(valuesOf(kept)).toEqual(SMALL)
    expect(maxTimestamp(kept, 0)).toBe(START_MS)
  })
})

describe("a topic that keeps the broker's time", () => {
  it.each(['none', ...codecs] as const)('stamps a batch in %s, and says so', async (codec) => {
    broker.addTopic('a', [[1]], { 'message.timestamp.type': 'LogAppendTime' })
    broker.clock.advance(1234)
    const longAgo = { timestamp: 1, value: bytesOf('a') }
    expect(await produce(broker, batchOf({ codec, records: [longAgo] }))).toMatchObject({
      errorCode: ERROR_CODES.NONE,
      logAppendTimeMs: START_MS + 1234,
    })
    const kept = await stored()
    expect(hasLogAppendTime(kept, 0)).toBe(true)
    expect(maxTimestamp(kept, 0)).toBe(START_MS + 1234)
    expect(batchAttributes(kept, 0) & 7).toBe(CODECS.indexOf(codec))
  })

  it('gives a batch that comes again the time of the first', async () => {
    broker.addTopic('a', [[1]], { 'message.timestamp.type': 'LogAppendTime' })
    const longAgo = { records: [{ timestamp: 1 }] }
    await produce(broker, sequencedBatch(0, longAgo))
    broker.clock.advance(500)
    expect(await produce(broker, sequencedBatch(0, longAgo))).toMatchObject({ baseOffset: 0, logAppendTimeMs: START_MS })
  })
})
