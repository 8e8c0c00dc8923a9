import { expect, it } from 'vitest'
import type { MetadataRecord } from './metadata-record.ts'
import { encodeRecord } from './record-codec.ts'
import { decodeRecords, encodeRecords } from './record-sequence.ts'

const RECORDS: readonly MetadataRecord[] = [
  { type: 'topic', topicId: 'AAAAAAAAAAAAAAAAAAAABA', name: 'orders' },
  { type: 'no-op' },
  { type: 'feature-level', name: 'metadata.version', level: 2 },
]

it.each([0, 1, 3])('gives back %i records as they were', (count) => {
  const records = RECORDS.slice(0, count)
  expect(decodeRecords(encodeRecords(records))).toEqual(records)
})

it('refuses every batch that is cut anywhere but between records', () => {
  const bytes = encodeRecords(RECORDS)
  const ends = new Set([0])
  let end = 0
  for (const record of RECORDS) ends.add((end += 4 + encodeRecord(record).length))
  for (let length = 0; length < bytes.length; length++) {
    if (ends.has(length)) expect(decodeRecords(bytes.subarray(0, length)).length).toBeLessThan(RECORDS.length)
    else expect(() => decodeRecords(bytes.subarray(0, length))).toThrow(/does not end within/)
  }
})

it('refuses a size below zero', () => {
  expect(() => decodeRecords(Uint8Array.from([255, 255, 255, 255, 0]))).toThrow(/does not end within/)
})
