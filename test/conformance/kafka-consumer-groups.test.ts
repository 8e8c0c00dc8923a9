/**
 * Apache Kafka's own consumers in one group: of the consumer protocol (KIP-848), of the classic one, and of both, so that the group goes
 * from one to the other while it reads. The same script runs against a Millrace broker and against Apache Kafka.
 */
import { createClient } from '@millrace/client'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApacheKafka, kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { kafkaTool } from './kafka-tool.ts'
import { VerifiableConsumer } from './verifiable-consumer.ts'

const TOPIC = 'orders'
const PARTITIONS = 6
const COUNT = 600
const TIMEOUT_MS = 60_000

const CONSUMER_PROTOCOL = ['--group-protocol', 'consumer']
const CLASSIC_PROTOCOL = ['--assignment-strategy', 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor']

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(isTrue, { timeout: TIMEOUT_MS, interval: 50 }).toBe(true)
}

/** All partitions are read, each by one of the consumers, and these have as many of them. */
function share(...expected: readonly (readonly [VerifiableConsumer, number])[]): boolean {
  const all = expected.flatMap(([{ partitions }]) => [...partitions])
  return (
    all.length === PARTITIONS && new Set(all).size === PARTITIONS && expected.every(([{ partitions }, count]) => partitions.size === count)
  )
}

async function kindOf(address: string, groupId: string): Promise<string> {
  const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
  const { lines } = await kafkaTool(tool, ['--bootstrap-server', address, '--list', '--type'])
  return lines.find((line) => line.startsWith(`${groupId} `))?.split(/\s+/)[1] ?? ''
}

async function fill(address: string): Promise<void> {
  const args = ['--bootstrap-server', address, '--create', '--topic', TOPIC, '--partitions', String(PARTITIONS)]
  expect((await kafkaTool('org.apache.kafka.tools.TopicCommand', args)).exitCode).toBe(0)
  await using client = createClient({ brokers: address })
  const producer = client.producer()
  await Promise.all(
    Array.from({ length: COUNT }, (_, index) => producer.send({ topic: TOPIC, partition: index % PARTITIONS, value: `${index}` })),
  )
}

const BROKERS = ['Millrace', 'Apache Kafka'] as const

describe.skipIf(kafkaHome === null).each(BROKERS)("Apache Kafka's consumers in one group of %s", (name) => {
  let millrace: RunningBroker | null = null
  let kafka: ApacheKafka | null = null
  let address: string

  beforeAll(async () => {
    if (name === 'Millrace') address = (millrace = await startBroker({ port: 0, storage: 'memory' })).address
    else address = (kafka = await startApacheKafka({ 'group.initial.rebalance.delay.ms': '0' })).address
    await fill(address)
  })

  afterAll(async () => {
    await millrace?.close()
    await kafka?.[Symbol.asyncDispose]()
  })

  it(
    'share its partitions by both protocols, and carry the group from one to the other',
    async () => {
      const groupId = 'readers'
      const start = (args: readonly string[]): VerifiableConsumer => new VerifiableConsumer({ address, topic: TOPIC, groupId, args })
      await using first = start(CONSUMER_PROTOCOL)
      await until(() => share([first, 6]) && first.recordCount === COUNT)
      await using second = start(CONSUMER_PROTOCOL)
      await until(() => share([first, 3], [second, 3]))
      await using classic = start(CLASSIC_PROTOCOL)
      await until(() => share([first, 2], [second, 2], [classic, 2]))
      expect(await kindOf(address, groupId)).toBe('Consumer')

      await first.stop()
      await until(() => share([second, 3], [classic, 3]))
      await second.stop()
      await until(() => share([classic, 6]))
      expect(await kindOf(address, groupId)).toBe('Classic')

      await using third = start([...CONSUMER_PROTOCOL, '--group-instance-id', 'third'])
      await until(() => share([classic, 3], [third, 3]))
      expect(await kindOf(address, groupId)).toBe('Consumer')
      // What was read once is committed, and nobody reads it again.
      expect([second.recordCount, classic.recordCount, third.recordCount]).toEqual([0, 0, 0])
    },
    5 * TIMEOUT_MS,
  )
})
