import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, valuesOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { produce, sendProduce } from '../testing/produce-calls.ts'
import { settled } from '../testing/settled.ts'
import type { PartitionManager } from './partition-manager.ts'

const NO_TOPIC_ID = 'A'.repeat(22)

let broker: BrokerFixture
let partitions: PartitionManager

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(2)
  ;({ partitions } = broker.services)
})

afterEach(() => broker.close())

describe('looking for a partition', () => {
  it('finds the same one by name and by id, each time', () => {
    const topicId = broker.addTopic('a')
    const partition = broker.partition('a')
    expect(partitions.findById(topicId, 0)).toBe(partition)
    expect(partitions.find('a', 0)).toBe(partition)
    expect([...partitions.hosted()]).toEqual([partition])
  })

  it.each([
    ['an unknown name', () => partitions.find('b', 0), ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown id', () => partitions.findById('b'.repeat(21).concat('A'), 0), ERROR_CODES.UNKNOWN_TOPIC_ID],
    ['no id', () => partitions.findById(NO_TOPIC_ID, 0), ERROR_CODES.UNKNOWN_TOPIC_ID],
    ['a partition that is not there', () => partitions.find('a', 2), ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['a partition below all', () => partitions.find('a', -1), ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['a partition beyond all', () => partitions.find('a', 2 ** 31 - 1), ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['a partition that is led elsewhere', () => partitions.find('a', 1), ERROR_CODES.NOT_LEADER_OR_FOLLOWER],
  ])('answers %s with an error', (_what, find, errorCode) => {
    broker.addTopic('a', [[1], [2]])
    expect(find()).toBe(errorCode)
    expect([...partitions.hosted()]).toEqual([])
  })

  it('finds none while the cluster may not count on this broker, and the same ones afterwards', () => {
    broker.addTopic('a')
    const partition = broker.partition('a')
    partitions.setServing(false)
    expect(partitions.find('a', 0)).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    partitions.setServing(true)
    expect(partitions.find('a', 0)).toBe(partition)
  })

  it('knows the config of those that lie here, whoever leads them', () => {
    const topicId = broker.addTopic('a', [[1], [2, 1], [2]], { 'retention.ms': '7' })
    expect(partitions.configFor('a', 0)).toMatchObject({ topicId, config: { retentionMs: 7 } })
    expect(partitions.configFor('a', 1)).toMatchObject({ topicId })
    expect([partitions.configFor('a', 2), partitions.configFor('a', 3), partitions.configFor('b', 0)]).toEqual([null, null, null])
  })
})

describe('what the metadata changes', () => {
  it('is followed by the config of a topic, its own and what stands in for it', () => {
    broker.addTopic('a')
    broker.addTopic('b', [[1]], { 'max.message.bytes': '1000' })
    const [a, b] = [broker.partition('a'), broker.partition('b')]
    broker.setTopicConfig('a', 'retention.ms', '7')
    expect(a.config.retentionMs).toBe(7)
    broker.setBrokerConfig('message.max.bytes', '2000')
    expect([a.config.maxMessageBytes, b.config.maxMessageBytes]).toEqual([2000, 1000])
    broker.setTopicConfig('b', 'max.message.bytes', null)
    expect(b.config.maxMessageBytes).toBe(2000)
    broker.addTopic('c')
    expect(broker.partition('c').config.maxMessageBytes).toBe(2000)
  })

  it('brings further partitions to a topic and leaves the others as they are', () => {
    broker.addTopic('a')
    const partition = broker.partition('a')
    broker.addPartition('a', [1])
    expect(broker.partition('a')).toBe(partition)
    expect(broker.partition('a', 1).index).toBe(1)
  })

  it('sends those who wait elsewhere when another broker leads, and finds the records again when this one does', async () => {
    broker.addTopic('a', [[1, 2]], { durability: 'replicated' })
    broker.changePartition('a', 0, { isr: [1] })
    expect(await produce(broker, batchOf())).toMatchObject({ errorCode: ERROR_CODES.NONE })
    broker.setTopicConfig('a', 'durability', 'fsync')
    const release = broker.disk.holdSyncs()
    const exchange = sendProduce(broker, batchOf())
    broker.changePartition('a', 0, { leader: 2, isr: [2] })
    expect((await exchange.answer()).responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER })
    expect(partitions.find('a', 0)).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    release()
    broker.changePartition('a', 0, { leader: 1, isr: [1] })
    expect(await produce(broker, batchOf())).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 2 })
    expect(broker.partition('a').highWatermark).toBe(3)
  })
})

describe('a topic that is deleted', () => {
  it('is gone at once, with its files', async () => {
    const topicId = broker.addTopic('a')
    await produce(broker, batchOf())
    const partition = broker.partition('a')
    broker.removeTopic('a')
    expect(partition.isClosed).toBe(true)
    expect(partitions.find('a', 0)).toBe(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
    expect(partitions.findById(topicId, 0)).toBe(ERROR_CODES.UNKNOWN_TOPIC_ID)
    await settled()
    expect(broker.services.logDirectory.found()).toEqual([])
  })

  it('takes its files along also when nobody asked for it since the start', async () => {
    broker.addTopic('a')
    await produce(broker, batchOf())
    await broker.restart()
    expect(broker.services.logDirectory.found()).toHaveLength(1)
    broker.removeTopic('a')
    await settled()
    expect(broker.services.logDirectory.found()).toEqual([])
  })

  it('may come again under its name, as another one, empty', async () => {
    const firstId = broker.addTopic('a')
    await produce(broker, batchOf({ records: ['old', 'old'] }))
    broker.removeTopic('a')
    const secondId = broker.addTopic('a')
    expect(partitions.findById(firstId, 0)).toBe(ERROR_CODES.UNKNOWN_TOPIC_ID)
    expect(await produce(broker, batchOf({ records: ['new'] }))).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
    expect((await broker.log('a')).topicId).toBe(secondId)
    expect((await broker.storedBatches('a')).map(valuesOf)).toEqual([['new']])
    await broker.restart()
    expect((await broker.storedBatches('a')).map(valuesOf)).toEqual([['new']])
  })

  it('may come and go faster than its logs do', async () => {
    for (let round = 0; round < 4; round += 1) {
      broker.addTopic('a')
      sendProduce(broker, batchOf({ records: [`round ${round}`] }))
      broker.removeTopic('a')
    }
    broker.addTopic('a')
    expect(await produce(broker, batchOf({ records: ['last'] }))).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
    expect(await produce(broker, batchOf())).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
    broker.removeTopic('a')
    await settled()
    expect(broker.services.logDirectory.found()).toEqual([])
  })
})

it('follows nothing more once it is closed', async () => {
  broker.addTopic('a')
  const partition = broker.partition('a')
  partitions.close()
  expect(partition.isClosed).toBe(true)
  broker.setTopicConfig('a', 'retention.ms', '7')
  expect(partition.config.retentionMs).not.toBe(7)
})
