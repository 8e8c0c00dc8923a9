import { encodeResponseFrame, ERROR_CODES, fetchApi, produceApi } from '@millrace/protocol'
import { expect, it } from 'vitest'
import { checkProduced, readFetched } from './answers.ts'
import { FETCH_VERSION, fullBatch, PRODUCE_VERSION } from './frames.ts'

const TOPIC = 'a-topic'

function produced(errorCode: number): Buffer {
  const partitionResponses = [{ index: 300, errorCode, baseOffset: 12, recordErrors: [] }]
  return frame(encodeResponseFrame(produceApi, PRODUCE_VERSION, 1, { responses: [{ name: TOPIC, partitionResponses }] }))
}

function fetched(records: Uint8Array | null, errorCode: number, topLevelError = 0): Buffer {
  const partitions = [{ partitionIndex: 3, errorCode, highWatermark: 77, abortedTransactions: [], records }]
  return frame(
    encodeResponseFrame(fetchApi, FETCH_VERSION, 1, { errorCode: topLevelError, sessionId: 0, responses: [{ topic: TOPIC, partitions }] }),
  )
}

function frame(chunks: readonly unknown[]): Buffer {
  return Buffer.concat(chunks as Uint8Array[])
}

it('sees that a produce was refused', () => {
  expect(() => checkProduced(produced(ERROR_CODES.NOT_LEADER_OR_FOLLOWER), TOPIC)).toThrow('NOT_LEADER_OR_FOLLOWER')
  expect(() => checkProduced(produced(0), TOPIC)).not.toThrow()
})

it('sees that a fetch was refused, as a whole or for its partition', () => {
  expect(() => readFetched(fetched(null, ERROR_CODES.OFFSET_OUT_OF_RANGE), TOPIC)).toThrow('OFFSET_OUT_OF_RANGE')
  expect(() => readFetched(fetched(null, 0, ERROR_CODES.UNKNOWN_SERVER_ERROR), TOPIC)).toThrow('UNKNOWN_SERVER_ERROR')
})

it.each([0, 1, 126, 127, 128, 16_383, 70_000])('finds %d bytes of records and where they begin', (length) => {
  const answer = fetched(Buffer.alloc(length, 0xee), 0)
  const { recordsBytes, recordsPosition, highWatermark } = readFetched(answer, TOPIC)
  expect({ recordsBytes, highWatermark }).toEqual({ recordsBytes: length, highWatermark: 77 })
  expect(answer.subarray(recordsPosition, recordsPosition + recordsBytes)).toEqual(Buffer.alloc(length, 0xee))
})

it('takes an answer without records for an empty one', () => {
  expect(readFetched(fetched(null, 0), TOPIC).recordsBytes).toBe(0)
})

it.each([
  [16 * 1024, 100],
  [64 * 1024, 1024],
  [256 * 1024, 1024],
])('fills a batch of at most %d bytes with records of %d', (limitBytes, valueBytes) => {
  const { batch } = fullBatch(limitBytes, valueBytes)
  expect(batch.length).toBeLessThanOrEqual(limitBytes)
  expect(batch.length).toBeGreaterThan(limitBytes - 2 * (valueBytes + 20))
})
