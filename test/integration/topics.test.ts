/** What happens to those who use a topic while it changes: it is deleted, made anew, widened, configured, or grows too old. */
import {
  createPartitionsApi,
  deleteTopicsApi,
  ERROR_CODES,
  fetchApi,
  incrementalAlterConfigsApi,
  metadataApi,
  produceApi,
} from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  batchOf,
  createTopic,
  endOffset,
  fetchOnce,
  fetchRequest,
  produce,
  readFrom,
  startOffset,
  valuesFrom,
} from './testing/partition-calls.ts'
import { batchesOf } from './testing/record-set.ts'
import { WireConnection } from './testing/wire-connection.ts'

const LONGER_THAN_ANY_TEST_MS = 600_000
const TOPIC_RESOURCE = 2
const SET = 0
const { NONE, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION } = ERROR_CODES

let broker: RunningBroker
let connection: WireConnection

beforeEach(async () => {
  const config = { 'log.retention.check.interval.ms': 20, 'log.segment.delete.delay.ms': 0, 'auto.create.topics.enable': false }
  broker = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent', config })
  connection = await WireConnection.open(broker)
})

afterEach(async () => {
  await connection[Symbol.asyncDispose]()
  await broker.close()
})

async function deleteTopic(name: string): Promise<void> {
  const { responses } = await connection.call(deleteTopicsApi, 6, { topics: [{ name }], topicNames: [], timeoutMs: 30_000 })
  expect(responses[0]?.errorCode).toBe(NONE)
}

async function configure(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
  const changes = Object.entries(configs).map(([name, value]) => ({ name, value, configOperation: SET }))
  const resources = [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configs: changes }]
  const { responses } = await connection.call(incrementalAlterConfigsApi, 1, { resources, validateOnly: false })
  expect(responses[0]?.errorCode).toBe(NONE)
}

async function topicId(name: string): Promise<string> {
  const answer = await connection.call(metadataApi, 12, { topics: [{ name }], includeTopicAuthorizedOperations: false })
  return answer.topics[0]?.topicId ?? ''
}

describe('a topic that is deleted', () => {
  it('lets go of those who wait for its records', async () => {
    await createTopic(connection, 'topic')
    await using consumer = await WireConnection.open(broker)
    const waiting = fetchOnce(consumer, 'topic', 0, { maxWaitMs: LONGER_THAN_ANY_TEST_MS })
    await deleteTopic('topic')
    expect([UNKNOWN_TOPIC_OR_PARTITION, ERROR_CODES.NOT_LEADER_OR_FOLLOWER]).toContain((await waiting).errorCode)
  })

  it('is unknown from then on', async () => {
    await createTopic(connection, 'topic')
    await produce(connection, 'topic', ['value'])
    await deleteTopic('topic')
    expect((await produce(connection, 'topic', ['value'])).errorCode).toBe(UNKNOWN_TOPIC_OR_PARTITION)
    expect((await fetchOnce(connection, 'topic', 0)).errorCode).toBe(UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('is another one when it is made again, also for those who know topics by their ids', async () => {
    for (let time = 0; time < 20; time++) {
      await createTopic(connection, 'topic')
      const id = await topicId('topic')
      const batch = batchOf([`of time ${time}`])
      const topicData = [{ topicId: id, partitionData: [{ index: 0, records: batch }] }]
      const produced = await connection.call(produceApi, 13, { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData })
      expect(produced.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: NONE, baseOffset: 0 })
      expect(await valuesFrom(connection, 'topic')).toEqual([`of time ${time}`])
      await deleteTopic('topic')
      const again = await connection.call(produceApi, 13, { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData })
      expect(again.responses[0]?.partitionResponses[0]?.errorCode).toBe(UNKNOWN_TOPIC_ID)
      const topics = [{ topicId: id, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }]
      const fetched = await connection.call(fetchApi, 13, { ...fetchRequest('', 0), topics })
      expect(fetched.responses[0]?.partitions[0]?.errorCode).toBe(UNKNOWN_TOPIC_ID)
    }
  })

  it('answers everybody who is writing to it', async () => {
    await createTopic(connection, 'topic', { partitions: 4 })
    const writers = await Promise.all([0, 1, 2, 3].map(() => WireConnection.open(broker)))
    const written = writers.map(async (writer, partition) => {
      for (let count = 0; ; count++) {
        const { errorCode } = await produce(writer, 'topic', [`value ${count}`], { partition })
        if (errorCode !== NONE) return errorCode
      }
    })
    while ((await endOffset(connection, 'topic', 3)) < 20);
    await deleteTopic('topic')
    for (const errorCode of await Promise.all(written)) {
      expect([UNKNOWN_TOPIC_OR_PARTITION, ERROR_CODES.NOT_LEADER_OR_FOLLOWER, ERROR_CODES.KAFKA_STORAGE_ERROR]).toContain(errorCode)
    }
    for (const writer of writers) await writer[Symbol.asyncDispose]()
  })
})

describe('a topic that is given more partitions', () => {
  it('has them at once', async () => {
    await createTopic(connection, 'topic')
    for (let count = 2; count < 30; count++) {
      const topics = [{ name: 'topic', count, assignments: null }]
      const { results } = await connection.call(createPartitionsApi, 3, { topics, timeoutMs: 30_000, validateOnly: false })
      expect(results[0]?.errorCode).toBe(NONE)
      expect(await produce(connection, 'topic', ['value'], { partition: count - 1 })).toMatchObject({ errorCode: NONE, baseOffset: 0 })
    }
  })
})

describe('a setting that is changed', () => {
  it('counts from the next record on', async () => {
    await createTopic(connection, 'topic')
    const large = ['x'.repeat(5_000)]
    expect((await produce(connection, 'topic', large)).errorCode).toBe(NONE)
    await configure('topic', { 'max.message.bytes': '1000' })
    expect((await produce(connection, 'topic', large)).errorCode).toBe(ERROR_CODES.MESSAGE_TOO_LARGE)
    await configure('topic', { 'max.message.bytes': '10000' })
    expect((await produce(connection, 'topic', large)).errorCode).toBe(NONE)
  })

  it('stamps records with the time of the broker, and says so to the producer', async () => {
    await createTopic(connection, 'topic', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const old = batchOf([], { records: [1, 2].map((timestamp) => ({ timestamp, key: null, value: Buffer.from('old') })) })
    const { logAppendTimeMs } = await produce(connection, 'topic', old)
    expect(logAppendTimeMs).toBeGreaterThan(1_000_000)
    expect((await readFrom(connection, 'topic')).map(({ timestamp }) => timestamp)).toEqual([logAppendTimeMs, logAppendTimeMs])
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed'])('keeps records in the codec that the topic has (%s)', async (codec) => {
    await createTopic(connection, 'topic', { configs: { 'compression.type': codec } })
    const values = ['a'.repeat(1_000), 'b'.repeat(1_000)]
    expect((await produce(connection, 'topic', values)).errorCode).toBe(NONE)
    const { records } = await fetchOnce(connection, 'topic', 0)
    expect(batchesOf(records)[0]?.header.codec).toBe(codec === 'uncompressed' ? 'none' : codec)
    expect(await valuesFrom(connection, 'topic')).toEqual(values)
  })
})

describe('records that a topic does not keep', () => {
  it.each([
    ['for want of room', { 'retention.bytes': '2500000' }, 17],
    ['for their age', { 'retention.ms': '1' }, 0],
  ])('go %s, the oldest first, and readers are told', async (_name, configs, keptMax) => {
    const retention = { 'segment.bytes': '1048576', ...configs, 'message.timestamp.before.max.ms': `${Number.MAX_SAFE_INTEGER}` }
    await createTopic(connection, 'topic', { configs: retention })
    const [timestamp, count] = [Date.now() - 1_000_000, 40]
    const batch = batchOf([], { records: [{ timestamp, key: null, value: Buffer.alloc(200_000) }] })
    for (let index = 0; index < count; index++) await produce(connection, 'topic', batch)
    while ((await startOffset(connection, 'topic')) < count - keptMax);
    const start = await startOffset(connection, 'topic')
    expect((await fetchOnce(connection, 'topic', 0)).errorCode).toBe(ERROR_CODES.OFFSET_OUT_OF_RANGE)
    const kept = (await readFrom(connection, 'topic', start)).map(({ offset }) => offset)
    expect(kept).toEqual(Array.from({ length: count - start }, (_, index) => start + index))
    expect(await produce(connection, 'topic', ['next'])).toMatchObject({ errorCode: NONE, baseOffset: count })
  })
})
