/** A topic can be used from the moment its creation is answered, however soon that is, and by whomever. */
import { createTopicsApi, ERROR_CODES, metadataApi, produceApi } from '@millrace/protocol'
import { startBroker } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { batchOf, createTopic, fetchOnce, produce, produceRequest, valuesFrom } from './testing/partition-calls.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const REPETITIONS = 1_000

describe('a topic that was created', () => {
  it('takes and gives records at once, a thousand times', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const topic = `topic-${repetition}`
      await createTopic(connection, topic)
      const { errorCode, baseOffset } = await produce(connection, topic, [`value ${repetition}`])
      expect({ topic, errorCode, baseOffset }).toEqual({ topic, errorCode: ERROR_CODES.NONE, baseOffset: 0 })
      expect(await valuesFrom(connection, topic)).toEqual([`value ${repetition}`])
    }
  })

  it('does so for other connections than the one that created it, on a real disk', async () => {
    using directory = temporaryDirectory()
    await using broker = await startBroker({ port: 0, dataDir: directory.path })
    await using creator = await WireConnection.open(broker)
    await using producer = await WireConnection.open(broker)
    await using consumer = await WireConnection.open(broker)
    for (let repetition = 0; repetition < REPETITIONS / 10; repetition++) {
      const topic = `topic-${repetition}`
      await createTopic(creator, topic, { partitions: 2 })
      const empty = await fetchOnce(consumer, topic, 0, { partition: 1 })
      expect({ topic, errorCode: empty.errorCode, highWatermark: empty.highWatermark }).toEqual({ topic, errorCode: 0, highWatermark: 0 })
      expect(await produce(producer, topic, ['value'], { partition: 1 })).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
      expect(await valuesFrom(consumer, topic, 0, { partition: 1 })).toEqual(['value'])
    }
  })

  it('does so for requests that were sent before the creation was answered', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    for (let repetition = 0; repetition < REPETITIONS / 10; repetition++) {
      const name = `topic-${repetition}`
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
      const created = connection.call(createTopicsApi, 7, { topics: [topic], timeoutMs: 30_000, validateOnly: false })
      const produced = connection.call(produceApi, 12, produceRequest(name, 0, batchOf(['value']), -1))
      const fetched = fetchOnce(connection, name, 0)
      expect((await created).topics[0]?.errorCode).toBe(ERROR_CODES.NONE)
      expect((await produced).responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
      expect(await fetched).toMatchObject({ errorCode: ERROR_CODES.NONE, highWatermark: 1 })
    }
  })
})

describe('a topic that was never created', () => {
  const ask = (connection: WireConnection, topic: string, allowAutoTopicCreation: boolean) =>
    connection.call(metadataApi, 12, {
      topics: [{ name: topic }],
      allowAutoTopicCreation,
      includeTopicAuthorizedOperations: false,
    })

  it('is made by asking for its metadata, and can be used at the latest when the metadata says who leads it', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory', config: { 'num.partitions': 3 } })
    await using connection = await WireConnection.open(broker)
    for (let repetition = 0; repetition < REPETITIONS / 10; repetition++) {
      const name = `wanted-${repetition}`
      let topic = (await ask(connection, name, true)).topics[0]
      for (let tries = 0; topic?.errorCode === ERROR_CODES.LEADER_NOT_AVAILABLE && tries < 1_000; tries++) {
        topic = (await ask(connection, name, true)).topics[0]
      }
      expect(topic).toMatchObject({ name, errorCode: ERROR_CODES.NONE })
      expect(topic?.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 1, 1])
      expect(await produce(connection, name, ['value'], { partition: 2 })).toMatchObject({ errorCode: ERROR_CODES.NONE })
    }
  })

  it('is made once, however many ask at the same time', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    const connections = await Promise.all(Array.from({ length: 20 }, () => WireConnection.open(broker)))
    await Promise.all(connections.map((connection) => ask(connection, 'wanted', true)))
    const answers = await Promise.all(connections.map((connection) => ask(connection, 'wanted', true)))
    expect(new Set(answers.map(({ topics }) => topics[0]?.topicId)).size).toBe(1)
    expect(answers.map(({ topics }) => topics[0]?.errorCode)).toEqual(answers.map(() => ERROR_CODES.NONE))
    for (const connection of connections) await connection[Symbol.asyncDispose]()
  })

  it.each([
    ['the client does not want it made', {}, false, 'wanted', ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['the broker may not make it', { 'auto.create.topics.enable': false }, true, 'wanted', ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['its name is not allowed', {}, true, 'not/allowed', ERROR_CODES.INVALID_TOPIC_EXCEPTION],
  ])('is not made when %s', async (_name, config, allowAutoTopicCreation, topic, errorCode) => {
    await using broker = await startBroker({ port: 0, storage: 'memory', config })
    await using connection = await WireConnection.open(broker)
    for (let tries = 0; tries < 3; tries++) {
      expect((await ask(connection, topic, allowAutoTopicCreation)).topics[0]?.errorCode).toBe(errorCode)
    }
  })

  it('is refused to producers and consumers by name', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    expect(await produce(connection, 'unknown', ['value'])).toMatchObject({ errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION })
    expect(await fetchOnce(connection, 'unknown', 0)).toMatchObject({ errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION })
    await createTopic(connection, 'known')
    expect(await produce(connection, 'known', ['value'], { partition: 1 })).toMatchObject({
      errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
    })
  })
})
