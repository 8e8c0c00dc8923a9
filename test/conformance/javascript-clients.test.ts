/**
 * The clients that Node programs have today, unchanged, as far as they work without consumer groups: what they create, they
 * find; what they write, they read.
 */
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { createClient } from '@millrace/client'
import { type RunningBroker, startBroker } from '@millrace/server'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const { CompressionTypes, Kafka, logLevel, Partitioners } = kafkajs
const COUNT = 500

let broker: RunningBroker

beforeAll(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', config: { 'num.partitions': 2 } })
})

afterAll(() => broker.close())

const numbered = (word: string): string[] => Array.from({ length: COUNT }, (_, index) => `${word} ${index}`)

/** What our own client finds in a partition, as text. */
async function stored(topic: string, partition: number): Promise<readonly string[]> {
  await using client = createClient({ brokers: broker.address })
  const consumer = client.consumer()
  await consumer.assign([{ topic, partition, until: 'end' }])
  const values: string[] = []
  for await (const { value } of consumer) values.push(Buffer.from(value ?? []).toString())
  return values
}

describe('kafkajs', () => {
  const connect = () => new Kafka({ clientId: 'kafkajs', brokers: [broker.address], logLevel: logLevel.NOTHING })

  it.each([
    ['idempotent', { idempotent: true, maxInFlightRequests: 1 }, -1],
    ['with acks=1', { idempotent: false }, 1],
    ['with acks=0', { idempotent: false }, 0],
  ])('writes to a topic that its metadata makes, %s', async (name, options, acks) => {
    const topic = `kafkajs-${name.replaceAll(/\W/g, '-')}`
    const producer = connect().producer({ ...options, allowAutoTopicCreation: true, createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
      const messages = numbered(`codec ${compression}`).map((value) => ({ key: 'k', value, partition: 1, headers: { name: 'value' } }))
      await producer.send({ topic, acks, compression, messages })
    }
    // The last answer on the connection comes after all that was sent without one.
    await producer.send({ topic, acks: -1, messages: [{ value: 'last', partition: 1 }] })
    await producer.disconnect()
    expect(await stored(topic, 1)).toEqual([...numbered('codec 0'), ...numbered('codec 1'), 'last'])
  })

  it('administers topics, partitions, settings, offsets and records', async () => {
    const admin = connect().admin()
    await admin.connect()
    const configEntries = [{ name: 'retention.ms', value: '100000' }]
    expect(await admin.createTopics({ topics: [{ topic: 'kafkajs', numPartitions: 2, configEntries }] })).toBe(true)
    expect(await admin.createTopics({ topics: [{ topic: 'kafkajs' }] })).toBe(false)
    expect(await admin.listTopics()).toContain('kafkajs')
    expect((await admin.describeCluster()).brokers).toEqual([{ nodeId: broker.nodeId, host: broker.host, port: broker.port }])
    const producer = connect().producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({ topic: 'kafkajs', messages: numbered('value').map((value) => ({ value, partition: 0 })) })
    await producer.disconnect()
    await admin.deleteTopicRecords({ topic: 'kafkajs', partitions: [{ partition: 0, offset: '100' }] })
    expect(await admin.fetchTopicOffsets('kafkajs')).toEqual([
      { partition: 0, offset: '500', high: '500', low: '100' },
      { partition: 1, offset: '0', high: '0', low: '0' },
    ])
    await admin.createPartitions({ topicPartitions: [{ topic: 'kafkajs', count: 3 }] })
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: 'kafkajs', configEntries: [{ name: 'retention.ms', value: '5000' }] }],
    })
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'kafkajs', configNames: ['retention.ms'] }],
    })
    expect(described.resources[0]?.configEntries[0]).toMatchObject({ configName: 'retention.ms', configValue: '5000' })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['kafkajs'] })
    expect(topics[0]?.partitions.map(({ leader }) => leader)).toEqual([1, 1, 1])
    await admin.deleteTopics({ topics: ['kafkajs'] })
    expect(await admin.listTopics()).not.toContain('kafkajs')
    await admin.disconnect()
  })
})

describe('transactions', () => {
  /** Three of them, the second one aborted. Each writes to both partitions, and commits an offset of a group. */
  async function expectWhole(topic: string, group: string): Promise<void> {
    // What was committed last may still be on its way to the partitions.
    await expect
      .poll(() => Promise.all([stored(topic, 0), stored(topic, 1)]))
      .toEqual([
        ['first', 'third'],
        ['first', 'third'],
      ])
    const admin = new Kafka({ clientId: 'kafkajs', brokers: [broker.address], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const offsets = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    expect(offsets[0]?.partitions.find(({ partition }) => partition === 0)?.offset).toBe('3')
    await admin.disconnect()
  }

  async function createTopic(topic: string): Promise<void> {
    await using client = createClient({ brokers: broker.address })
    await client.admin().createTopics([{ name: topic, partitions: 2 }])
  }

  it('of kafkajs are seen whole or not at all, and so are the offsets in them', async () => {
    const topic = 'transactions-of-kafkajs'
    await createTopic(topic)
    const kafka = new Kafka({ clientId: 'kafkajs', brokers: [broker.address], logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const [index, value] of ['first', 'second', 'third'].entries()) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [0, 1].map((partition) => ({ value, partition })) })
      const topics = [{ topic, partitions: [{ partition: 0, offset: `${index + 1}` }] }]
      await transaction.sendOffsets({ consumerGroupId: topic, topics })
      if (index === 1) await transaction.abort()
      else await transaction.commit()
    }
    await producer.disconnect()
    await expectWhole(topic, topic)
  })

  it('of @platformatic/kafka are seen whole or not at all', async () => {
    const topic = 'transactions-of-platformatic'
    await createTopic(topic)
    const options = { clientId: 'platformatic', bootstrapBrokers: [broker.address], serializers: stringSerializers }
    const producer = new Producer({ ...options, idempotent: true, transactionalId: topic })
    for (const [index, value] of ['first', 'second', 'third'].entries()) {
      const transaction = await producer.beginTransaction()
      await transaction.send({ messages: [0, 1].map((partition) => ({ topic, value, partition })) })
      if (index === 1) await transaction.abort()
      else await transaction.commit()
    }
    await producer.close()
    await expect
      .poll(() => Promise.all([stored(topic, 0), stored(topic, 1)]))
      .toEqual([
        ['first', 'third'],
        ['first', 'third'],
      ])
  })
})

describe('@platformatic/kafka', () => {
  const base = () => ({ clientId: 'platformatic', bootstrapBrokers: [broker.address] })

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('writes and reads with codec %s', async (compression) => {
    const topic = `platformatic-${compression}`
    const admin = new Admin(base())
    const [created] = await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
    await admin.close()
    for (const idempotent of [false, true]) {
      const producer = new Producer({ ...base(), serializers: stringSerializers, compression, idempotent })
      const messages = numbered(`${idempotent}`).map((value) => ({ topic, partition: 0, key: 'k', value, headers: { name: 'value' } }))
      await producer.send({ messages, acks: -1 })
      await producer.close()
    }
    expect(await stored(topic, 0)).toEqual([...numbered('false'), ...numbered('true')])

    const consumer = new Consumer({ ...base(), groupId: 'none', deserializers: stringDeserializers })
    expect((await consumer.listOffsets({ topics: [topic] })).get(topic)).toEqual([2n * BigInt(COUNT)])
    const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }]
    const { responses } = await consumer.fetch({
      node: broker.nodeId,
      maxWaitTime: 100,
      topics: [{ topicId: created?.id ?? '', partitions }],
    })
    const batches = responses[0]?.partitions[0]?.records ?? []
    expect(batches.flatMap(({ records }) => records.map(({ value }) => value?.toString()))).toEqual([
      ...numbered('false'),
      ...numbered('true'),
    ])
    await consumer.close(true)
  })
})
