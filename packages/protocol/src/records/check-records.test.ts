import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../error-codes.ts'
import { buildBatch } from './build-batch.ts'
import type { RecordInput } from './build-batch.ts'
import { checkBatch } from './check-batch.ts'
import { checkRecords } from './check-records.ts'
import type { RecordRules } from './check-records.ts'
import { crc32cByTables as crc32c } from './crc32c.ts'
import { readRecords } from './read-records.ts'
import { rebuildBatch } from './rebuild-batch.ts'
import { batchRecordCount, decodeBatchHeader, recordBytes, setLogAppendTime, updateCrc } from './record-batch.ts'
import { RecordCursor, RecordError } from './record-cursor.ts'

const NOW = 1_700_000_000_000
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const record = (over: Partial<RecordInput> = {}): RecordInput => ({ timestamp: NOW, key: bytesOf('k'), value: bytesOf('v'), ...over })
const none = (): never => {
  throw new Error('not compressed')
}

const arbitraryBytes = fc.option(fc.uint8Array({ maxLength: 300 }))
const arbitraryRecord: fc.Arbitrary<RecordInput> = fc.record({
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
  key: arbitraryBytes,
  value: arbitraryBytes,
  headers: fc.array(fc.record({ key: fc.uint8Array({ maxLength: 20 }), value: arbitraryBytes }), { maxLength: 3 }),
})

describe('a batch that was built', () => {
  it('is read back as it was given, passes the checks, and stays the same when rebuilt', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 20 }), (records) => {
        const batch = buildBatch({ records, crc32c })
        expect(checkBatch(batch, { maxBytes: 1e6, isZstdAllowed: true }, crc32c)).toBeNull()
        const rules = { isCompacted: false, usesLogAppendTime: false, earliestTimestamp: 0, latestTimestamp: 2 ** 50 }
        expect(checkRecords(batch, recordBytes(batch, 0), rules)).toEqual({ type: 'valid', needsRebuild: false })
        const read = readRecords(batch, 0, none)
        expect(read.map(({ timestamp, key, value, headers }) => ({ timestamp, key, value, headers }))).toEqual(records)
        expect(rebuildBatch(batch, recordBytes(batch, 0), { codec: 'none', compress: none, crc32c })).toEqual(batch)
      }),
    )
  })
})

describe('a batch that is rebuilt', () => {
  it('has offsets that count up, and all else of its records as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(arbitraryRecord, fc.nat(2 ** 31 - 1)), { minLength: 1, maxLength: 20 }), (given) => {
        const records = given.map(([each, offsetDelta]) => ({ ...each, offsetDelta }))
        const batch = buildBatch({ records, crc32c, producerId: 8, producerEpoch: 2, baseSequence: 5, isTransactional: true })
        const compress = (_codec: string, bytes: Uint8Array): Uint8Array => bytes.slice().reverse()
        const rebuilt = rebuildBatch(batch, recordBytes(batch, 0), { codec: 'lz4', compress, crc32c })
        expect(checkBatch(rebuilt, { maxBytes: 1e6, isZstdAllowed: true }, crc32c)).toBeNull()
        const read = readRecords(rebuilt, 0, (_codec, bytes) => bytes.slice().reverse())
        const expected = records.map(({ timestamp, key, value, headers }, offset) => ({ timestamp, key, value, headers, offset }))
        expect(read).toEqual(expected)
        const latest = Math.max(...records.map(({ timestamp }) => timestamp))
        const header = { producerId: 8, producerEpoch: 2, baseSequence: 5, isTransactional: true, codec: 'lz4', maxTimestamp: latest }
        expect(decodeBatchHeader(rebuilt, 0)).toMatchObject(header)
      }),
    )
  })
})

describe('the header check', () => {
  const good = buildBatch({ records: [record(), record()], crc32c })
  const patched = (change: (view: DataView) => void, fixCrc = true): Uint8Array => {
    const copy = good.slice()
    change(new DataView(copy.buffer))
    if (fixCrc) updateCrc(copy, 0, crc32c)
    return copy
  }

  it.each([
    ['a header that is cut', good.subarray(0, 60), ERROR_CODES.INVALID_RECORD],
    ['magic 1', patched((view) => view.setInt8(16, 1)), ERROR_CODES.INVALID_RECORD],
    ['a body that is cut', good.subarray(0, good.length - 1), ERROR_CODES.INVALID_RECORD],
    ['a negative length', patched((view) => view.setInt32(8, -5), false), ERROR_CODES.CORRUPT_MESSAGE],
    ['two batches', new Uint8Array([...good, ...good]), ERROR_CODES.INVALID_RECORD],
    ['a base offset', patched((view) => view.setBigInt64(0, 5n)), ERROR_CODES.INVALID_RECORD],
    ['no records', patched((view) => view.setInt32(57, 0)), ERROR_CODES.INVALID_RECORD],
    ['a count unlike the last offset delta', patched((view) => view.setInt32(57, 7)), ERROR_CODES.INVALID_RECORD],
    ['the control bit', patched((view) => view.setInt16(21, 0x20)), ERROR_CODES.INVALID_RECORD],
    ['an unknown codec', patched((view) => view.setInt16(21, 5)), ERROR_CODES.UNSUPPORTED_COMPRESSION_TYPE],
    ['a producer without a sequence', patched((view) => view.setBigInt64(43, 9n)), ERROR_CODES.INVALID_RECORD],
    ['a transaction without a producer', patched((view) => view.setInt16(21, 0x10)), ERROR_CODES.INVALID_RECORD],
    ['a timestamp beyond all time', patched((view) => view.setBigInt64(35, 2n ** 60n)), ERROR_CODES.INVALID_RECORD],
    ['a wrong crc', patched((view) => view.setUint8(70, view.getUint8(70) ^ 1), false), ERROR_CODES.CORRUPT_MESSAGE],
  ])('refuses %s', (_, batch, errorCode) => {
    expect(checkBatch(batch, { maxBytes: 1e6, isZstdAllowed: true }, crc32c)?.errorCode).toBe(errorCode)
  })

  it('refuses what is larger than the topic takes', () => {
    expect(checkBatch(good, { maxBytes: good.length - 1, isZstdAllowed: true }, crc32c)?.errorCode).toBe(ERROR_CODES.MESSAGE_TOO_LARGE)
    expect(checkBatch(good, { maxBytes: good.length, isZstdAllowed: true }, crc32c)).toBeNull()
  })

  it('refuses zstd from a version that may not send it', () => {
    const zstd = patched((view) => view.setInt16(21, 4))
    expect(checkBatch(zstd, { maxBytes: 1e6, isZstdAllowed: false }, crc32c)?.errorCode).toBe(ERROR_CODES.UNSUPPORTED_COMPRESSION_TYPE)
  })
})

describe('the record check', () => {
  const rules: RecordRules = { isCompacted: false, usesLogAppendTime: false, earliestTimestamp: NOW - 1000, latestTimestamp: NOW + 1000 }
  const check = (records: RecordInput[], over: Partial<RecordRules> = {}) => {
    const batch = buildBatch({ records, crc32c })
    return checkRecords(batch, recordBytes(batch, 0), { ...rules, ...over })
  }

  it('refuses keyless records of a compacted topic and names them', () => {
    const result = check([record(), record({ key: null }), record({ key: null })], { isCompacted: true })
    expect(result).toMatchObject({
      type: 'refused',
      refusal: { errorCode: ERROR_CODES.INVALID_RECORD, recordErrors: [{ batchIndex: 1 }, { batchIndex: 2 }] },
    })
  })

  it.each([NOW - 1001, NOW + 1001])('refuses the timestamp %d', (timestamp) => {
    expect(check([record({ timestamp })])).toMatchObject({ type: 'refused', refusal: { errorCode: ERROR_CODES.INVALID_TIMESTAMP } })
    expect(check([record({ timestamp })], { usesLogAppendTime: true })).toMatchObject({ type: 'valid' })
  })

  it("checks the broker's time where a producer claims it, and lets nobody claim it who would be given it", () => {
    const claimed = (timestamp: number, over: Partial<RecordRules> = {}) => {
      const batch = buildBatch({ records: [record()], crc32c })
      setLogAppendTime(batch, 0, timestamp, crc32c)
      return checkRecords(batch, recordBytes(batch, 0), { ...rules, ...over })
    }
    expect(claimed(NOW)).toEqual({ type: 'valid', needsRebuild: false })
    for (const refused of [claimed(NOW + 1001), claimed(NOW - 1001), claimed(NOW, { usesLogAppendTime: true })]) {
      expect(refused).toMatchObject({ type: 'refused', refusal: { errorCode: ERROR_CODES.INVALID_TIMESTAMP } })
    }
  })

  it('asks for a rebuild where offsets do not count up from 0', () => {
    expect(check([record({ offsetDelta: 0 }), record({ offsetDelta: 5 })])).toEqual({ type: 'valid', needsRebuild: true })
  })

  it('asks for a rebuild where the header has another latest timestamp', () => {
    const batch = buildBatch({ records: [record()], crc32c })
    new DataView(batch.buffer).setBigInt64(35, BigInt(NOW + 5))
    expect(checkRecords(batch, recordBytes(batch, 0), rules)).toEqual({ type: 'valid', needsRebuild: true })
  })

  it('refuses more or fewer records than the header says', () => {
    const one = buildBatch({ records: [record()], crc32c })
    const two = buildBatch({ records: [record(), record()], crc32c })
    for (const [header, body] of [
      [one, two],
      [two, one],
    ] as const) {
      expect(checkRecords(header, recordBytes(body, 0), rules)).toMatchObject({
        type: 'refused',
        refusal: { errorCode: ERROR_CODES.INVALID_RECORD },
      })
    }
  })
})

it('the cursor answers damage with a RecordError or with records inside the bytes', () => {
  const batch = buildBatch({ records: Array.from({ length: 10 }, (_, index) => record({ value: bytesOf(`value ${index}`) })), crc32c })
  const body = recordBytes(batch, 0)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(body.length),
      (flips, length) => {
        const damaged = body.slice(0, length)
        for (const [position, byte] of flips) if (position < length) damaged[position] = byte
        const cursor = new RecordCursor(damaged)
        let count = 0
        try {
          while (cursor.next()) {
            cursor.key()
            cursor.value()
            cursor.headers()
            expect((count += 1)).toBeLessThanOrEqual(damaged.length)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError)
        }
      },
    ),
    { numRuns: 2000 },
  )
  expect(batchRecordCount(batch, 0)).toBe(10)
})

it.each([
  ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 bytes counting up', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['32 bytes counting down', Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
])('crc32c of %s is as RFC 3720 gives it', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})
