/** What the client does with a whole broker, written once: the broker it meets is the caller's. */
import { type Admin, type Client, type ConsumedRecord, type Consumer, createClient } from '@millrace/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

export interface BrokerUnderTest extends AsyncDisposable {
  /** `host:port` */
  readonly address: string
}

export function describeClient(name: string, start: () => Promise<BrokerUnderTest>): void {
  describe(name, () => {
    let broker: BrokerUnderTest
    let client: Client
    let admin: Admin
    let topics = 0

    beforeAll(async () => {
      broker = await start()
      client = createClient({ brokers: broker.address, clientId: 'conformance' })
      admin = client.admin()
    })

    afterAll(async () => {
      await client?.close()
      await broker?.[Symbol.asyncDispose]()
    })

    async function newTopic(partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
      const topic = `client-${++topics}`
      await admin.createTopics([{ name: topic, partitions, replicationFactor: 1, configs }])
      return topic
    }

    async function fill(topic: string, values: readonly string[], timestamps: readonly number[] = []): Promise<void> {
      await using producer = client.producer()
      for (const [index, value] of values.entries()) {
        const timestamp = timestamps[index]
        await producer.send({ topic, partition: 0, value, ...(timestamp === undefined ? {} : { timestamp }) })
      }
    }

    describe('topics', () => {
      it('are created, described, given more partitions, and deleted', async () => {
        const [created] = await admin.createTopics([
          { name: 'life', partitions: 2, replicationFactor: 1, configs: { 'retention.ms': 60_000 } },
        ])
        expect(created).toMatchObject({ name: 'life', partitions: 2, replicationFactor: 1, topicId: expect.stringMatching(/^[\w-]{22}$/) })
        expect((await admin.listTopics()).map((topic) => topic.name)).toContain('life')
        const [described] = await admin.describeTopics(['life'])
        expect(described).toMatchObject({ name: 'life', topicId: created?.topicId, isInternal: false, partitions: { length: 2 } })
        for (const { leaderId, isr, replicas } of described?.partitions ?? []) expect([isr, replicas]).toEqual([[leaderId], [leaderId]])
        await admin.createPartitions([{ topic: 'life', count: 5 }])
        // A broker learns of a change a moment after the controller has made it.
        await expect.poll(async () => (await admin.describeTopics(['life']))[0]?.partitions.length).toBe(5)
        await admin.deleteTopics(['life'])
        const describe = (): Promise<unknown> => admin.describeTopics(['life']).catch((error: unknown) => error)
        await expect.poll(describe).toMatchObject({ kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION' })
      })

      it.each([
        ['that exist already', { name: 'taken' }, 'TOPIC_ALREADY_EXISTS'],
        ['with a name that is not allowed', { name: 'a b' }, 'INVALID_TOPIC_EXCEPTION'],
        ['without partitions', { name: 'none', partitions: 0 }, 'INVALID_PARTITIONS'],
        ['with more replicas than brokers', { name: 'many', replicationFactor: 9 }, 'INVALID_REPLICATION_FACTOR'],
        ['with a config that does not exist', { name: 'odd', configs: { nonsense: '1' } }, 'INVALID_CONFIG'],
        ['with a config of a wrong value', { name: 'odd', configs: { 'retention.ms': 'soon' } }, 'INVALID_CONFIG'],
      ])('%s are refused', async (_, topic, kafkaError) => {
        if (topic.name === 'taken') await admin.createTopics([topic])
        await expect(admin.createTopics([topic])).rejects.toMatchObject({ kafkaError, topic: topic.name })
      })

      it('are only checked when asked to', async () => {
        await admin.createTopics([{ name: 'checked', partitions: 1 }], { validateOnly: true })
        await expect(admin.describeTopics(['checked'])).rejects.toMatchObject({ kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION' })
      })

      it('cannot lose partitions', async () => {
        const topic = await newTopic(3)
        await expect(admin.createPartitions([{ topic, count: 2 }])).rejects.toMatchObject({ kafkaError: 'INVALID_PARTITIONS', topic })
      })
    })

    describe('configs', () => {
      it('of a topic are set, added to and reset one by one', async () => {
        const topic = await newTopic(1, { 'retention.ms': '1000' })
        const resource = { type: 'topic', name: topic } as const
        await admin.incrementalAlterConfigs([
          {
            resource,
            changes: [
              { name: 'retention.ms', operation: 'delete' },
              { name: 'segment.ms', operation: 'set', value: 5_000 },
              { name: 'cleanup.policy', operation: 'append', value: 'compact' },
            ],
          },
        ])
        const describe = async (): Promise<unknown> => {
          const [configs] = await admin.describeConfigs([resource], { names: ['retention.ms', 'segment.ms', 'cleanup.policy'] })
          return configs?.map(({ name: config, value, source }) => [config, value, source])
        }
        // Apache Kafka's brokers learn of a change a little after it was answered.
        await expect.poll(describe).toEqual([
          ['cleanup.policy', 'delete,compact', 'topic'],
          ['retention.ms', '604800000', 'default'],
          ['segment.ms', '5000', 'topic'],
        ])
      })

      it('of a broker are there to read', async () => {
        const { brokers } = await admin.describeCluster()
        const [configs] = await admin.describeConfigs([{ type: 'broker', nodeId: brokers[0]?.nodeId ?? 0 }], { includeDocumentation: true })
        expect(configs?.length).toBeGreaterThan(20)
      })

      it('of a topic that does not exist are an error', async () => {
        await expect(admin.describeConfigs([{ type: 'topic', name: 'nope' }])).rejects.toMatchObject({
          kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION',
        })
      })
    })

    describe('producing', () => {
      it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('with %s gives back what was sent', async (compression) => {
        const topic = await newTopic()
        await using producer = client.producer({ compression, lingerMs: 5 })
        const sent = Array.from({ length: 500 }, (_, index) => `${index} ${'lorem ipsum '.repeat(index % 20)}`)
        const deliveries = await Promise.all(
          sent.map((value, index) =>
            producer.send({ topic, key: index % 3 === 0 ? null : `k${index}`, value, headers: { n: String(index) } }),
          ),
        )
        expect(deliveries.map(({ offset }) => offset)).toEqual(sent.map((_, index) => index))
        const records = await readAll(client, topic)
        expect(records.map(({ value }) => text(value))).toEqual(sent)
        expect(records.map(({ headers }) => text(headers[0]?.value ?? null))).toEqual(sent.map((_, index) => String(index)))
        expect(records.filter(({ key }) => key === null)).toHaveLength(167)
      })

      it.each([0, 1, 'all'] as const)('with acks %s stores every record in order', async (acks) => {
        const topic = await newTopic()
        const sent = Array.from({ length: 200 }, (_, index) => String(index))
        {
          await using producer = client.producer({ acks })
          for (const value of sent) void producer.send({ topic, value })
        }
        await expect.poll(async () => (await end(admin, topic)) ?? 0).toBe(200)
        expect((await readAll(client, topic)).map(({ value }) => text(value))).toEqual(sent)
      })

      it('keeps tombstones, empty values and binary keys apart', async () => {
        const topic = await newTopic()
        const key = Uint8Array.from([0, 255, 128])
        {
          await using producer = client.producer()
          await producer.send({ topic, key, value: null, timestamp: 1_700_000_000_123 })
          await producer.send({
            topic,
            key: '',
            value: '',
            headers: [
              { key: 'h', value: null },
              { key: 'h', value: '' },
            ],
          })
        }
        const [first, second] = await readAll(client, topic)
        expect(first).toMatchObject({ value: null, timestamp: 1_700_000_000_123, offset: 0 })
        expect([...(first?.key ?? [])]).toEqual([0, 255, 128])
        expect([second?.key?.length, second?.value?.length, second?.headers.map(({ value }) => value?.length)]).toEqual([
          0,
          0,
          [undefined, 0],
        ])
      })

      it('fails a record that the broker finds too large, with its name', async () => {
        const topic = await newTopic(1, { 'max.message.bytes': '2000' })
        await using producer = client.producer()
        await expect(producer.send({ topic, value: 'x'.repeat(5_000) })).rejects.toMatchObject({
          kafkaError: 'MESSAGE_TOO_LARGE',
          topic,
          partition: 0,
        })
        expect(await producer.send({ topic, value: 'small' })).toMatchObject({ offset: 0 })
      })

      it('splits a batch that the broker finds too large', async () => {
        const topic = await newTopic(1, { 'max.message.bytes': '2000' })
        await using producer = client.producer({ lingerMs: 20 })
        const sent = Array.from({ length: 30 }, (_, index) => `${index} ${'x'.repeat(300)}`)
        await Promise.all(sent.map((value) => producer.send({ topic, value })))
        expect((await readAll(client, topic)).map(({ value }) => text(value))).toEqual(sent)
      })

      it('spreads keys as other clients do', async () => {
        const topic = await newTopic(10)
        await using producer = client.producer()
        // murmur2 as Kafka's producers compute it, modulo ten.
        expect((await producer.send({ topic, key: 'foobar', value: null })).partition).toBe((-790_332_482 & 0x7fffffff) % 10)
      })
    })

    describe('consuming', () => {
      it('reads many partitions to their ends', async () => {
        const topic = await newTopic(6)
        {
          await using producer = client.producer({ compression: 'lz4', lingerMs: 10 })
          for (let index = 0; index < 20_000; index++) {
            await producer.ready()
            void producer.send({ topic, key: String(index), value: String(index) })
          }
        }
        const records = await readAll(client, topic)
        expect(new Set(records.map(({ value }) => text(value))).size).toBe(20_000)
        for (let partition = 0; partition < 6; partition++) {
          const offsets = records.filter((record) => record.partition === partition).map(({ offset }) => offset)
          expect(offsets).toEqual(offsets.map((_, index) => index))
        }
      })

      it('starts at an offset, a time, the beginning and the end', async () => {
        const topic = await newTopic()
        await fill(topic, ['a', 'b', 'c'], [1_000, 2_000, 3_000])
        expect(await values(client, topic, 1)).toEqual(['b', 'c'])
        expect(await values(client, topic, { timestamp: 1_500 })).toEqual(['b', 'c'])
        expect(await values(client, topic, { timestamp: 9_000 })).toEqual([])
        expect(await values(client, topic, 'earliest')).toEqual(['a', 'b', 'c'])
        expect(await values(client, topic, 'latest')).toEqual([])
      })

      it('gets what is written while it waits', async () => {
        const topic = await newTopic()
        await using consumer = client.consumer()
        await consumer.assign([{ topic, from: 'latest' }])
        const next = first(consumer)
        await fill(topic, ['late'])
        expect(text((await next)?.value ?? null)).toBe('late')
      })

      it('says that an offset is out of range', async () => {
        const topic = await newTopic()
        await fill(topic, ['a'])
        await using consumer = client.consumer()
        await consumer.assign([{ topic, from: 50 }])
        await expect(first(consumer)).rejects.toMatchObject({ kafkaError: 'OFFSET_OUT_OF_RANGE', topic, partition: 0 })
      })

      it('reads batches larger than it asked for', async () => {
        const topic = await newTopic()
        await fill(topic, ['x'.repeat(300_000), 'small'])
        await using consumer = client.consumer({ maxPartitionBytes: 1_000, maxBytes: 1_000 })
        await consumer.assign([{ topic, until: 'end' }])
        const sizes: number[] = []
        for await (const { value } of consumer) sizes.push(value?.length ?? 0)
        expect(sizes).toEqual([300_000, 5])
      })
    })

    describe('offsets and records', () => {
      it('are found by meaning and by time', async () => {
        const topic = await newTopic()
        await fill(topic, ['a', 'b', 'c'], [1_000, 5_000, 2_000])
        const at = { topic, partition: 0 }
        const answers = await admin.listOffsets([
          { ...at, target: 'earliest' },
          { ...at, target: 'latest' },
          { ...at, target: 'max-timestamp' },
          { ...at, target: { timestamp: 1_001 } },
          { ...at, target: { timestamp: 9_000 } },
        ])
        expect(answers.map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
          [0, null],
          [3, null],
          [1, 5_000],
          [1, 5_000],
          [null, null],
        ])
      })

      it('are removed from the front of a log', async () => {
        const topic = await newTopic()
        await fill(topic, ['a', 'b', 'c', 'd'])
        expect(await admin.deleteRecords([{ topic, partition: 0, before: 3 }])).toEqual([{ topic, partition: 0, logStartOffset: 3 }])
        expect(await values(client, topic, 'earliest')).toEqual(['d'])
        expect(await admin.deleteRecords([{ topic, partition: 0, before: 'end' }])).toEqual([{ topic, partition: 0, logStartOffset: 4 }])
        expect(await values(client, topic, 'earliest')).toEqual([])
        await expect(admin.deleteRecords([{ topic, partition: 0, before: 99 }])).rejects.toMatchObject({
          kafkaError: 'OFFSET_OUT_OF_RANGE',
        })
      })
    })

    describe('the cluster', () => {
      it('names its brokers and its controller', async () => {
        const cluster = await admin.describeCluster()
        expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
        expect(cluster.brokers).toHaveLength(1)
        expect(cluster.controllerId).toBe(cluster.brokers[0]?.nodeId)
      })

      it('tells the size of its logs', async () => {
        const topic = await newTopic()
        await fill(topic, ['x'.repeat(1_000)])
        const [broker] = await admin.describeLogDirs()
        const replicas = broker?.directories.flatMap((directory) => directory.replicas) ?? []
        expect(replicas.find((replica) => replica.topic === topic)).toMatchObject({ partition: 0, offsetLag: 0 })
        expect(replicas.find((replica) => replica.topic === topic)?.sizeBytes).toBeGreaterThan(1_000)
      })

      it('tells who has written to a partition', async () => {
        const topic = await newTopic()
        await fill(topic, ['a', 'b'])
        const [described] = await admin.describeProducers([{ topic, partition: 0 }])
        expect(described?.producers).toEqual([expect.objectContaining({ producerEpoch: 0, lastSequence: 1, transactionStartOffset: null })])
      })
    })
  })
}

async function readAll(client: Client, topic: string): Promise<ConsumedRecord[]> {
  await using consumer = client.consumer()
  await consumer.assign([{ topic, until: 'end' }])
  const records: ConsumedRecord[] = []
  for await (const record of consumer) records.push(record)
  return records
}

async function values(client: Client, topic: string, from: 'earliest' | 'latest' | number | { timestamp: number }): Promise<string[]> {
  await using consumer = client.consumer()
  await consumer.assign([{ topic, from, until: 'end' }])
  const found: string[] = []
  for await (const { value } of consumer) found.push(text(value))
  return found
}

async function first(consumer: Consumer): Promise<ConsumedRecord | undefined> {
  for await (const record of consumer) return record
  return undefined
}

async function end(admin: Admin, topic: string): Promise<number | null | undefined> {
  return (await admin.listOffsets([{ topic, partition: 0, target: 'latest' }]))[0]?.offset
}

function text(value: Uint8Array | null): string {
  return value === null ? 'null' : new TextDecoder().decode(value)
}
