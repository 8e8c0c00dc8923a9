/** Finding a place in the log, and letting go of what lies before one. */
import { deleteRecordsApi, ERROR_CODES, listOffsetsApi } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, createTopic, endOffset, fetchOnce, offsetFor, produce, startOffset, valuesFrom } from './testing/partition-calls.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const T = 1_700_000_000_000
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const { NONE } = ERROR_CODES

const at = (...timestamps: readonly number[]): Uint8Array =>
  batchOf([], { records: timestamps.map((timestamp) => ({ timestamp, key: null, value: Buffer.from(`at ${timestamp}`) })) })

async function deleteRecords(connection: WireConnection, topic: string, offset: number, partition = 0) {
  const partitions = [{ partitionIndex: partition, offset }]
  const { topics } = await connection.call(deleteRecordsApi, 2, { topics: [{ name: topic, partitions }], timeoutMs: 30_000 })
  return topics[0]?.partitions[0]
}

describe('the offset for a timestamp', () => {
  let broker: RunningBroker
  let connection: WireConnection

  beforeEach(async () => {
    broker = await startBroker({ port: 0, storage: 'memory' })
    connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
  })

  afterEach(async () => {
    await connection[Symbol.asyncDispose]()
    await broker.close()
  })

  it('is that of the first record that is not older, also in the middle of a batch', async () => {
    await produce(connection, 'topic', at(T, T + 10, T + 20))
    await produce(connection, 'topic', at(T + 30, T + 40))
    for (const [asked, offset, found] of [
      [0, 0, T],
      [T, 0, T],
      [T + 1, 1, T + 10],
      [T + 20, 2, T + 20],
      [T + 21, 3, T + 30],
    ] as const) {
      expect(await offsetFor(connection, 'topic', asked)).toEqual({ offset, timestamp: found })
    }
  })

  it('is none when all records are older', async () => {
    expect(await offsetFor(connection, 'topic', T)).toEqual({ offset: -1, timestamp: -1 })
    await produce(connection, 'topic', at(T))
    expect(await offsetFor(connection, 'topic', T + 1)).toEqual({ offset: -1, timestamp: -1 })
  })

  it('goes by the order of the log where timestamps go back and forth', async () => {
    await produce(connection, 'topic', at(T + 50))
    await produce(connection, 'topic', at(T))
    await produce(connection, 'topic', at(T + 70, T + 60))
    expect(await offsetFor(connection, 'topic', T)).toEqual({ offset: 0, timestamp: T + 50 })
    expect(await offsetFor(connection, 'topic', T + 55)).toEqual({ offset: 2, timestamp: T + 70 })
    expect(await offsetFor(connection, 'topic', MAX_TIMESTAMP)).toEqual({ offset: 2, timestamp: T + 70 })
  })

  it('is found in any segment of a long log', async () => {
    await createTopic(connection, 'long', { configs: { 'segment.bytes': '1048576' } })
    for (let batch = 0; batch < 300; batch++) {
      await produce(
        connection,
        'long',
        batchOf([], {
          records: [0, 1].map((record) => ({ timestamp: T + batch * 20 + record * 10, key: null, value: Buffer.alloc(8_000) })),
        }),
      )
    }
    for (const offset of [0, 1, 2, 57, 58, 299, 300, 598, 599]) {
      expect(await offsetFor(connection, 'long', T + offset * 10)).toEqual({ offset, timestamp: T + offset * 10 })
      expect((await offsetFor(connection, 'long', T + offset * 10 - 9)).offset).toBe(offset)
    }
  })

  it('can be the start or the end', async () => {
    await produce(connection, 'topic', at(T, T + 1))
    expect((await offsetFor(connection, 'topic', EARLIEST)).offset).toBe(0)
    expect((await offsetFor(connection, 'topic', LATEST)).offset).toBe(2)
    expect((await offsetFor(connection, 'topic', LATEST, 0, 1)).offset).toBe(2)
  })

  it.each([
    ['a topic', 'unknown', 0, -1],
    ['a partition', 'topic', 9, -1],
  ])('of %s that is not there is none', async (_name, name, partitionIndex, timestamp) => {
    const topics = [{ name, partitions: [{ partitionIndex, timestamp }] }]
    const answer = await connection.call(listOffsetsApi, 7, { replicaId: -1, isolationLevel: 0, topics })
    expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  })
})

describe('records that were deleted', () => {
  it('are gone for every reader, and stay gone', async () => {
    using directory = temporaryDirectory()
    const values = Array.from({ length: 10 }, (_, index) => `value ${index}`)
    {
      await using broker = await startBroker({ port: 0, dataDir: directory.path })
      await using connection = await WireConnection.open(broker)
      await createTopic(connection, 'topic')
      for (const value of values) await produce(connection, 'topic', [value])
      expect(await deleteRecords(connection, 'topic', 4)).toMatchObject({ errorCode: NONE, lowWatermark: 4 })
      expect(await startOffset(connection, 'topic')).toBe(4)
      expect((await fetchOnce(connection, 'topic', 3)).errorCode).toBe(ERROR_CODES.OFFSET_OUT_OF_RANGE)
      expect(await valuesFrom(connection, 'topic', 4)).toEqual(values.slice(4))
      expect((await fetchOnce(connection, 'topic', 5)).logStartOffset).toBe(4)
    }
    await using broker = await startBroker({ port: 0, dataDir: directory.path })
    await using connection = await WireConnection.open(broker)
    expect(await startOffset(connection, 'topic')).toBe(4)
    expect(await valuesFrom(connection, 'topic', 4)).toEqual(values.slice(4))
    expect(await deleteRecords(connection, 'topic', -1)).toMatchObject({ errorCode: NONE, lowWatermark: 10 })
    expect(await valuesFrom(connection, 'topic', 10)).toEqual([])
    expect(await produce(connection, 'topic', ['next'])).toMatchObject({ errorCode: NONE, baseOffset: 10, logStartOffset: 10 })
  })

  it('may be part of a batch', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    await produce(connection, 'topic', ['a', 'b', 'c'])
    await deleteRecords(connection, 'topic', 2)
    expect(await valuesFrom(connection, 'topic', 2)).toEqual(['c'])
    expect([await startOffset(connection, 'topic'), await endOffset(connection, 'topic')]).toEqual([2, 3])
  })

  it.each([
    ['the end', 4],
    ['the beginning of all', -2],
  ])('cannot be those beyond %s', async (_name, offset) => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    await produce(connection, 'topic', ['a', 'b', 'c'])
    expect((await deleteRecords(connection, 'topic', offset))?.errorCode).toBe(ERROR_CODES.OFFSET_OUT_OF_RANGE)
    expect((await deleteRecords(connection, 'topic', 0, 5))?.errorCode).toBe(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
    expect(await valuesFrom(connection, 'topic')).toEqual(['a', 'b', 'c'])
  })
})
