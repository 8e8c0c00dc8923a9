/** What `acks=all` promises: the records are on the disk before anybody is told of them, producers and consumers alike. */
import { ERROR_CODES, metadataApi, produceApi } from '@millrace/protocol'
import { createMemoryDisk } from '@millrace/runtime'
import { type BrokerOptions, configurationFor, startConfiguredBroker } from '@millrace/server'
import { expect, it } from 'vitest'
import { batchOf, createTopic, endOffset, fetchOnce, produce, produceRequest, valuesFrom } from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

const { NONE } = ERROR_CODES

async function start(options: BrokerOptions = {}) {
  const memory = createMemoryDisk()
  const broker = await startConfiguredBroker(configurationFor({ port: 0, storage: 'memory', logLevel: 'silent', ...options }), { memory })
  const producer = await WireConnection.open(broker)
  const consumer = await WireConnection.open(broker)
  await createTopic(producer, 'topic')
  await produce(producer, 'topic', ['before'])
  return {
    memory,
    producer,
    consumer,
    broker,
    async [Symbol.asyncDispose]() {
      for (const opened of [producer, consumer, broker]) await opened[Symbol.asyncDispose]()
    },
  }
}

/** Whether a promise is settled by the time the broker has answered others again and again. */
async function isSettled(promise: Promise<unknown>, connection: WireConnection): Promise<boolean> {
  let settled = false
  const note = (): void => void (settled = true)
  promise.then(note, note)
  for (let round = 0; round < 20; round++) await connection.call(metadataApi, 12, { topics: [], includeTopicAuthorizedOperations: false })
  return settled
}

it('nobody is told of records before they are on the disk', async () => {
  await using scene = await start()
  const { memory, producer, consumer } = scene
  const release = memory.holdSyncs()
  const produced = produce(producer, 'topic', ['during'])
  const fetched = fetchOnce(consumer, 'topic', 1, { maxWaitMs: 600_000 })
  await using other = await WireConnection.open(scene.broker)
  expect(await isSettled(produced, other)).toBe(false)
  expect(await isSettled(fetched, other)).toBe(false)
  expect(await endOffset(other, 'topic')).toBe(1)
  expect(await valuesFrom(other, 'topic')).toEqual(['before'])
  release()
  expect(await produced).toMatchObject({ errorCode: NONE, baseOffset: 1 })
  expect((await fetched).highWatermark).toBe(2)
})

it('acks=1 does not wait for the disk, and does not show what is not on it', async () => {
  await using scene = await start()
  const { memory, producer, consumer } = scene
  const release = memory.holdSyncs()
  expect(await produce(producer, 'topic', ['during'], { acks: 1 })).toMatchObject({ errorCode: NONE, baseOffset: 1 })
  expect(await valuesFrom(consumer, 'topic')).toEqual(['before'])
  const waiting = fetchOnce(consumer, 'topic', 1, { maxWaitMs: 600_000 })
  release()
  expect((await waiting).highWatermark).toBe(2)
})

it('durability=replicated waits for the replicas alone, and there are none', async () => {
  await using scene = await start({ durability: 'replicated' })
  const { memory, producer, consumer } = scene
  const release = memory.holdSyncs()
  expect(await produce(producer, 'topic', ['during'])).toMatchObject({ errorCode: NONE, baseOffset: 1 })
  expect(await valuesFrom(consumer, 'topic')).toEqual(['before', 'during'])
  release()
})

it('a topic may choose otherwise than its broker', async () => {
  await using scene = await start()
  const { memory, producer, consumer } = scene
  await createTopic(producer, 'quick', { configs: { durability: 'replicated' } })
  await produce(producer, 'quick', ['before'])
  const release = memory.holdSyncs()
  expect(await produce(producer, 'quick', ['during'])).toMatchObject({ errorCode: NONE })
  expect(await valuesFrom(consumer, 'quick')).toEqual(['before', 'during'])
  release()
})

it('a producer that does not want to wait longer is told so, and its record is kept all the same', async () => {
  await using scene = await start()
  const { memory, producer, consumer } = scene
  const release = memory.holdSyncs()
  const request = { ...produceRequest('topic', 0, batchOf(['slow']), -1), timeoutMs: 20 }
  const { responses } = await producer.call(produceApi, 12, request)
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR_CODES.REQUEST_TIMED_OUT)
  release()
  expect(await produce(producer, 'topic', ['next'])).toMatchObject({ errorCode: NONE, baseOffset: 2 })
  expect(await valuesFrom(consumer, 'topic')).toEqual(['before', 'slow', 'next'])
})

it('a disk that failed to sync is not asked again: writes are refused until the broker is started anew', async () => {
  const memory = createMemoryDisk()
  const configuration = configurationFor({ port: 0, storage: 'memory', logLevel: 'silent' })
  {
    await using broker = await startConfiguredBroker(configuration, { memory })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    await createTopic(connection, 'other')
    await produce(connection, 'topic', ['kept'])
    await produce(connection, 'other', ['kept'])
    memory.failNext({ operation: 'sync', pathIncludes: '/topic-0/' })
    expect((await produce(connection, 'topic', ['lost?'])).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
    expect((await produce(connection, 'topic', ['refused'])).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
    expect((await produce(connection, 'other', ['refused'])).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
    // It still says what there is.
    const { brokers } = await connection.call(metadataApi, 12, { topics: null, includeTopicAuthorizedOperations: false })
    expect(brokers).toHaveLength(1)
  }
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  expect((await valuesFrom(connection, 'topic'))[0]).toBe('kept')
  expect(await valuesFrom(connection, 'other')).toEqual(['kept'])
  expect((await produce(connection, 'topic', ['after'])).errorCode).toBe(NONE)
})
