/**
 * The clients that programs have today, unchanged, as members of groups and in transactions: what is written is read by exactly one
 * member, members that come and go take over from each other where they left off, and what a transaction took back is not seen.
 * The same against Apache Kafka, so that the tests are right before we are.
 */
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { createClient } from '@millrace/client'
import { startBroker } from '@millrace/server'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { type BrokerUnderTest } from './client-behaviour.ts'
import { hasKcat, Kcat } from './kcat.ts'

const { Kafka, logLevel, Partitioners } = kafkajs

const PARTITIONS = 4
const RECORDS = 400
const WAIT = { timeout: 60_000, interval: 50 }

const BROKERS: readonly (readonly [name: string, isThere: boolean, start: () => Promise<BrokerUnderTest>])[] = [
  ['Millrace', true, () => startBroker({ port: 0, storage: 'memory' })],
  ['Apache Kafka', kafkaHome !== null, () => startApacheKafka()],
]

/** Sorted, so that what is doubled stands side by side. */
const numbered = (word: string): readonly string[] => Array.from({ length: RECORDS }, (_, index) => `${word} ${index}`).toSorted()
const partitionOf = (index: number): number => index % PARTITIONS

for (const [name, isThere, start] of BROKERS) {
  describe.skipIf(!isThere)(`clients in groups of ${name}`, () => {
    let broker: BrokerUnderTest
    let topics = 0

    beforeAll(async () => {
      broker = await start()
    })

    afterAll(() => broker?.[Symbol.asyncDispose]())

    async function newTopic(): Promise<string> {
      await using client = createClient({ brokers: broker.address })
      const topic = `groups-${++topics}`
      await client.admin().createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 1 }])
      return topic
    }

    /** Writes to all partitions alike. */
    async function write(topic: string, word: string): Promise<void> {
      await using client = createClient({ brokers: broker.address })
      const producer = client.producer()
      await Promise.all(numbered(word).map((value, index) => producer.send({ topic, partition: partitionOf(index), value })))
    }

    describe.skipIf(!hasKcat)('kcat', () => {
      const member = (topic: string): Kcat => {
        const settings = ['auto.offset.reset=earliest', 'auto.commit.interval.ms=100'].flatMap((setting) => ['-X', setting])
        return new Kcat(['-b', broker.address, '-G', `of-${topic}`, '-u', ...settings, topic], { keepsText: true })
      }
      const linesOf = (members: readonly Kcat[]): readonly string[] =>
        members.flatMap(({ text }) => text.split('\n').slice(0, -1)).toSorted()
      /** What it was assigned last. */
      const partitionsOf = ({ notes }: Kcat): number =>
        notes
          .split('assigned:')
          .at(-1)
          ?.split('\n')[0]
          ?.match(/\[\d+\]/g)?.length ?? 0

      it('shares a topic between two members, and goes on with one when the other ends', async () => {
        const topic = await newTopic()
        const left = member(topic)
        const right = member(topic)
        try {
          await write(topic, 'first')
          await expect.poll(() => linesOf([left, right]), WAIT).toEqual(numbered('first'))
          await expect.poll(() => [left, right].map(partitionsOf), WAIT).toEqual([2, 2])
          await write(topic, 'second')
          await expect.poll(() => linesOf([left, right]), WAIT).toEqual([...numbered('first'), ...numbered('second')])
          left.child.kill()
          expect(await left.ended()).toMatchObject({ exitCode: 0 })
          await expect.poll(() => partitionsOf(right), WAIT).toBe(PARTITIONS)
          await write(topic, 'third')
          await expect.poll(() => linesOf([left, right]), WAIT).toEqual(['first', 'second', 'third'].flatMap(numbered))
        } finally {
          for (const each of [left, right]) each.child.kill()
          await Promise.all([left.ended(), right.ended()])
        }
        await write(topic, 'fourth')
        const next = member(topic)
        await expect.poll(() => linesOf([next]), WAIT).toEqual(numbered('fourth'))
        next.child.kill()
        await next.ended()
      })
    })

    describe('kafkajs', () => {
      const connect = () => new Kafka({ clientId: 'kafkajs', brokers: [broker.address], logLevel: logLevel.NOTHING })

      async function member(topic: string, read: string[]) {
        const consumer = connect().consumer({ groupId: `of-${topic}`, maxWaitTimeInMs: 100 })
        let partitions = 0
        consumer.on('consumer.group_join', ({ payload }) => (partitions = payload.memberAssignment[topic]?.length ?? 0))
        await consumer.connect()
        await consumer.subscribe({ topic, fromBeginning: true })
        await consumer.run({ eachMessage: async ({ message }) => void read.push(message.value?.toString() ?? '') })
        return { partitions: () => partitions, leave: () => consumer.disconnect() }
      }

      it('shares a topic between two members, and goes on with one when the other ends', async () => {
        const topic = await newTopic()
        const read: string[] = []
        await write(topic, 'first')
        const left = await member(topic, read)
        await expect.poll(() => read.toSorted(), WAIT).toEqual(numbered('first'))
        const right = await member(topic, read)
        await expect.poll(() => [left.partitions(), right.partitions()], WAIT).toEqual([2, 2])
        await write(topic, 'second')
        await expect.poll(() => read.toSorted(), WAIT).toEqual([...numbered('first'), ...numbered('second')])
        await left.leave()
        await expect.poll(right.partitions, WAIT).toBe(PARTITIONS)
        await write(topic, 'third')
        await expect.poll(() => read.toSorted(), WAIT).toEqual(['first', 'second', 'third'].flatMap(numbered))
        await right.leave()
      })

      it('administers groups', async () => {
        const topic = await newTopic()
        const groupId = `of-${topic}`
        const read: string[] = []
        await write(topic, 'first')
        const admin = connect().admin()
        await admin.connect()
        const left = await member(topic, read)
        await expect.poll(() => read.length, WAIT).toBe(RECORDS)
        const described = await admin.describeGroups([groupId])
        expect(described.groups[0]).toMatchObject({ groupId, state: 'Stable', protocolType: 'consumer', members: { length: 1 } })
        expect((await admin.listGroups()).groups).toContainEqual({ groupId, protocolType: 'consumer' })
        await expect(admin.deleteGroups([groupId])).rejects.toThrow()
        await left.leave()
        const offsets = await admin.fetchOffsets({ groupId, topics: [topic] })
        expect(offsets[0]?.partitions.map(({ offset }) => offset)).toEqual(Array.from({ length: PARTITIONS }, () => '100'))
        await admin.setOffsets({ groupId, topic, partitions: [{ partition: 2, offset: '7' }] })
        expect((await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions).toContainEqual(
          expect.objectContaining({ partition: 2, offset: '7' }),
        )
        expect(await admin.deleteGroups([groupId])).toEqual([expect.objectContaining({ groupId })])
        await admin.disconnect()
      })

      it('writes transactions, with the offsets of what they were made from, which are seen whole or not at all', async () => {
        const [topic, groupId] = [await newTopic(), 'transformers']
        const producer = connect().producer({
          transactionalId: `writes-${topic}`,
          idempotent: true,
          maxInFlightRequests: 1,
          createPartitioner: Partitioners.DefaultPartitioner,
        })
        await producer.connect()
        for (const [round, word] of ['committed', 'aborted', 'committed again'].entries()) {
          const transaction = await producer.transaction()
          await transaction.send({ topic, messages: [0, 1, 2, 3].map((partition) => ({ partition, value: `${word} ${partition}` })) })
          const partitions = [{ partition: 0, offset: String(round + 1) }]
          await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions }] })
          await (word === 'aborted' ? transaction.abort() : transaction.commit())
        }
        await producer.disconnect()
        await using client = createClient({ brokers: broker.address })
        const values = async (): Promise<readonly string[]> => {
          await using consumer = client.consumer({ isolationLevel: 'read_committed' })
          await consumer.assign([{ topic, from: 'earliest', until: 'end' }])
          const read: string[] = []
          for await (const { value } of consumer) read.push(Buffer.from(value ?? []).toString())
          return read.toSorted()
        }
        const seen = [0, 1, 2, 3]
          .map((partition) => [`committed ${partition}`, `committed again ${partition}`])
          .flat()
          .toSorted()
        await expect.poll(values, WAIT).toEqual(seen)
        const admin = connect().admin()
        await admin.connect()
        const committed = async () =>
          (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions.find(({ partition }) => partition === 0)
        await expect.poll(committed, WAIT).toMatchObject({ offset: '3' })
        await admin.disconnect()
      })
    })

    describe.each(['classic', 'consumer'] as const)('@platformatic/kafka with the %s protocol', (groupProtocol) => {
      const base = () => ({ clientId: 'platformatic', bootstrapBrokers: [broker.address] })

      /** It leaves without committing what it read last, so its successor reads some of it again. */
      async function member(topic: string, read: Set<string>) {
        const consumer = new Consumer({
          ...base(),
          groupId: `${groupProtocol}-of-${topic}`,
          groupProtocol,
          deserializers: stringDeserializers,
        })
        const stream = await consumer.consume({
          topics: [topic],
          mode: 'committed',
          fallbackMode: 'earliest',
          autocommit: 100,
          maxWaitTime: 100,
        })
        stream.on('data', ({ value }) => read.add(value))
        return {
          partitions: () => consumer.assignments?.find((assigned) => assigned.topic === topic)?.partitions.length ?? 0,
          leave: () => consumer.close(true),
        }
      }

      it('shares a topic between two members, and goes on with one when the other ends', async () => {
        const topic = await newTopic()
        const read = new Set<string>()
        await write(topic, 'first')
        const left = await member(topic, read)
        await expect.poll(() => [...read].toSorted(), WAIT).toEqual(numbered('first'))
        const right = await member(topic, read)
        await expect.poll(() => [left.partitions(), right.partitions()], WAIT).toEqual([2, 2])
        await write(topic, 'second')
        await expect.poll(() => [...read].toSorted(), WAIT).toEqual([...numbered('first'), ...numbered('second')])
        await left.leave()
        await expect.poll(right.partitions, WAIT).toBe(PARTITIONS)
        await write(topic, 'third')
        await expect.poll(() => [...read].toSorted(), WAIT).toEqual(['first', 'second', 'third'].flatMap(numbered))
        await right.leave()
      })
    })
  })
}
