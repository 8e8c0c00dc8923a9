/** Consumer groups as clients that nobody here wrote know them: kafkajs by the classic protocol, @platformatic/kafka by both. */
import { Consumer as PlatformaticConsumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'
import { createClient } from '@millrace/client'
import { ERROR_CODES, offsetFetchApi } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTopic } from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

const TOPIC = 'orders'
const PARTITIONS = 4
const COUNT = 200

let broker: RunningBroker

beforeEach(async () => {
  broker = await startBroker({ port: 0, storage: 'memory' })
  await using connection = await WireConnection.open(broker)
  await createTopic(connection, TOPIC, { partitions: PARTITIONS })
})

afterEach(() => broker.close())

/** Sends these values, over all partitions. */
async function produce(values: readonly string[]): Promise<void> {
  await using client = createClient({ brokers: broker.address })
  const producer = client.producer()
  await Promise.all(values.map((value, index) => producer.send({ topic: TOPIC, partition: index % PARTITIONS, value })))
}

const valuesFrom = (first: number): string[] => Array.from({ length: COUNT }, (_, index) => `value ${first + index}`)

/** How many records the group has read, by what it committed. */
async function committed(groupId: string): Promise<number> {
  await using connection = await WireConnection.open(broker)
  const { groups } = await connection.call(offsetFetchApi, 8, { groups: [{ groupId, topics: null }] })
  expect(groups[0]?.errorCode).toBe(ERROR_CODES.NONE)
  return (groups[0]?.topics ?? []).flatMap(({ partitions }) => partitions).reduce((sum, { committedOffset }) => sum + committedOffset, 0)
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(isTrue, { timeout: 30_000, interval: 20 }).toBe(true)
}

describe('kafkajs', () => {
  const kafka = () => new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })

  /** A member that notes what it reads. */
  async function member(groupId: string, seen: string[]) {
    const consumer = kafka().consumer({
      groupId,
      sessionTimeout: 10_000,
      rebalanceTimeout: 10_000,
      heartbeatInterval: 100,
      maxWaitTimeInMs: 100,
    })
    let assigned = 0
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      assigned = payload.memberAssignment[TOPIC]?.length ?? 0
    })
    await consumer.connect()
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) })
    return { consumer, assigned: () => assigned }
  }

  it('shares partitions among members, and goes on where it was when members come, go and come again', async () => {
    const seen: string[] = []
    const one = await member('g', seen)
    await produce(valuesFrom(0))
    await until(() => seen.length >= COUNT)
    const two = await member('g', seen)
    await until(() => one.assigned() === PARTITIONS / 2 && two.assigned() === PARTITIONS / 2)
    await produce(valuesFrom(COUNT))
    await until(() => seen.length >= 2 * COUNT)
    await one.consumer.disconnect()
    await until(() => two.assigned() === PARTITIONS)
    await two.consumer.disconnect()
    expect(await committed('g')).toBe(2 * COUNT)
    await produce(valuesFrom(2 * COUNT))
    const three = await member('g', seen)
    await until(() => seen.length >= 3 * COUNT)
    await three.consumer.disconnect()
    expect(seen.toSorted(byNumber)).toEqual([...valuesFrom(0), ...valuesFrom(COUNT), ...valuesFrom(2 * COUNT)])
  })

  it('describes, lists and deletes groups, and resets their offsets', async () => {
    const seen: string[] = []
    const { consumer } = await member('g', seen)
    const admin = kafka().admin()
    await admin.connect()
    const described = await admin.describeGroups(['g'])
    expect(described.groups).toMatchObject([{ groupId: 'g', state: 'Stable', protocolType: 'consumer', members: { length: 1 } }])
    expect((await admin.listGroups()).groups).toMatchObject([{ groupId: 'g', protocolType: 'consumer' }])
    await expect(admin.deleteGroups(['g'])).rejects.toThrow()
    await consumer.disconnect()
    await admin.setOffsets({ groupId: 'g', topic: TOPIC, partitions: [{ partition: 1, offset: '7' }] })
    const offsets = await admin.fetchOffsets({ groupId: 'g', topics: [TOPIC] })
    expect(offsets[0]?.partitions).toContainEqual({ partition: 1, offset: '7', metadata: null })
    await admin.deleteGroups(['g'])
    expect((await admin.listGroups()).groups).toEqual([])
    await admin.disconnect()
  })
})

describe.each(['classic', 'consumer'] as const)('@platformatic/kafka by the %s protocol', (groupProtocol) => {
  async function member(groupId: string, seen: string[]) {
    const consumer = new PlatformaticConsumer<string, string, string, string>({
      clientId: 'integration',
      bootstrapBrokers: [broker.address],
      groupId,
      groupProtocol,
      deserializers: stringDeserializers,
      sessionTimeout: 10_000,
      rebalanceTimeout: 10_000,
      heartbeatInterval: 100,
      autocommit: 50,
    })
    const stream = await consumer.consume({ topics: [TOPIC], mode: MessagesStreamModes.COMMITTED, fallbackMode: 'earliest' })
    stream.on('data', ({ value }) => void seen.push(String(value)))
    return { consumer, stream }
  }

  it('reads all once, and goes on where it was', async () => {
    const seen: string[] = []
    const one = await member('p', seen)
    await produce(valuesFrom(0))
    await until(() => seen.length >= COUNT)
    await until(async () => (await committed('p')) === COUNT)
    await one.consumer.close(true)
    await produce(valuesFrom(COUNT))
    const two = await member('p', seen)
    await until(() => seen.length >= 2 * COUNT)
    await two.consumer.close(true)
    expect(seen.toSorted(byNumber)).toEqual([...valuesFrom(0), ...valuesFrom(COUNT)])
  })
})

function byNumber(one: string, other: string): number {
  return Number(one.slice(6)) - Number(other.slice(6))
}
