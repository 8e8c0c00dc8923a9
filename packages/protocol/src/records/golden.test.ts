/** Record batches that a real Apache Kafka 4.3.1 wrote, read by our code. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildMarker, readMarker } from './control-record.ts'
import { crc32cByTables } from './crc32c.ts'
import { readRecords } from './read-records.ts'
import { BATCH_HEADER_BYTES, checkedBytes, decodeBatchHeader } from './record-batch.ts'
import type { BatchHeader } from './record-batch.ts'

const golden = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../../test/golden/logdir/${name}-0/00000000000000000000.log`, import.meta.url))

function batchesOf(bytes: Uint8Array): { at: number; header: BatchHeader }[] {
  const batches: { at: number; header: BatchHeader }[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = decodeBatchHeader(bytes, at)
    batches.push({ at, header })
    at += header.sizeInBytes
  }
  return batches
}

const topics = ['t-none', 't-gzip', 't-snappy', 't-lz4', 't-zstd', 't-idem', 't-txn'] as const

describe.each(topics)('%s', (topic) => {
  const bytes = golden(topic)
  const batches = batchesOf(bytes)

  it('consists of whole batches whose crc matches', () => {
    expect(batches.length).toBeGreaterThan(0)
    for (const { at, header } of batches) {
      expect(header.magic).toBe(2)
      expect(header.sizeInBytes).toBeGreaterThan(BATCH_HEADER_BYTES)
      expect(crc32cByTables(checkedBytes(bytes, at))).toBe(header.crc)
    }
  })

  it('has offsets without gaps and as many records as it says', () => {
    let next = 0
    for (const { header } of batches) {
      expect(header.baseOffset).toBe(next)
      expect(header.recordCount).toBe(header.lastOffset - header.baseOffset + 1)
      next = header.lastOffset + 1
    }
  })
})

it('reads records as they were produced', () => {
  const bytes = golden('t-none')
  const records = readRecords(bytes, 0, () => {
    throw new Error('nothing is compressed here')
  })
  expect(records.length).toBe(decodeBatchHeader(bytes, 0).recordCount)
  expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
})

it('writes a transaction marker byte for byte as Kafka does', () => {
  const bytes = golden('t-txn')
  const markers = batchesOf(bytes).filter(({ header }) => header.isControl)
  expect(markers.length).toBeGreaterThanOrEqual(2)
  for (const { at, header } of markers) {
    const marker = readMarker(bytes, at)
    const type = marker?.type
    if (type === undefined || type === null) throw new Error('not a marker')
    const { producerId, producerEpoch, baseTimestamp: timestamp } = header
    const coordinatorEpoch = marker?.coordinatorEpoch ?? -1
    const ours = buildMarker({ type, producerId, producerEpoch, coordinatorEpoch, timestamp, crc32c: crc32cByTables })
    expect(ours.length).toBe(78)
    const theirs = bytes.slice(at, at + header.sizeInBytes)
    // Base offset and leader epoch are the log's to set.
    expect(Buffer.from(ours.subarray(16)).toString('hex')).toBe(Buffer.from(theirs.subarray(16)).toString('hex'))
  }
})
