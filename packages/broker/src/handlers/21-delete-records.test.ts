import { deleteRecordsApi, ERROR_CODES, listOffsetsApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

const EARLIEST = -2

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(2)
  broker.addTopic('a', [[1], [2]])
  await broker.append('a', 0, [{}, {}])
  await broker.append('a', 0, [{}])
})

afterEach(() => broker.close())

async function deleteBefore(offset: number, { topic = 'a', partitionIndex = 0, version = 2 } = {}) {
  const topics = [{ name: topic, partitions: [{ partitionIndex, offset }] }]
  const answer = await broker.call(deleteRecordsApi, version, { topics, timeoutMs: 1000 })
  return answer.topics[0]?.partitions[0]
}

async function earliest(): Promise<number | undefined> {
  const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp: EARLIEST }] }]
  const answer = await broker.call(listOffsetsApi, 11, { replicaId: -1, topics })
  return answer.topics[0]?.partitions[0]?.offset
}

it.each([
  { offset: 0, lowWatermark: 0 },
  { offset: 1, lowWatermark: 1 },
  { offset: 3, lowWatermark: 3 },
  { offset: -1, lowWatermark: 3 },
])('moves the beginning to $offset', async ({ offset, lowWatermark }) => {
  for (const version of [0, 1, 2]) {
    expect(await deleteBefore(offset, { version })).toEqual({ partitionIndex: 0, lowWatermark, errorCode: ERROR_CODES.NONE })
  }
  expect(await earliest()).toBe(lowWatermark)
})

it('never moves it back', async () => {
  await deleteBefore(2)
  expect(await deleteBefore(1)).toMatchObject({ lowWatermark: 2, errorCode: ERROR_CODES.NONE })
})

it('keeps it over a restart', async () => {
  await deleteBefore(1)
  await broker.restart()
  expect(await earliest()).toBe(1)
})

it('can move it after one', async () => {
  await broker.restart()
  expect(await deleteBefore(2)).toMatchObject({ lowWatermark: 2, errorCode: ERROR_CODES.NONE })
  expect(await earliest()).toBe(2)
})

it.each([
  { refuses: 'more than can be read', offset: 4, expected: ERROR_CODES.OFFSET_OUT_OF_RANGE },
  { refuses: 'what is no offset', offset: -2, expected: ERROR_CODES.OFFSET_OUT_OF_RANGE },
  { refuses: 'a partition of another broker', partitionIndex: 1, expected: ERROR_CODES.NOT_LEADER_OR_FOLLOWER },
  { refuses: 'a partition that there is not', partitionIndex: 7, expected: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION },
  { refuses: 'a topic that there is not', topic: 'none', expected: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION },
])('refuses $refuses', async ({ offset = 0, expected, ...place }) => {
  expect(await deleteBefore(offset, place)).toMatchObject({ lowWatermark: -1, errorCode: expected })
})

it('refuses topics of the coordinators', async () => {
  broker.addTopic('__consumer_offsets')
  expect(await deleteBefore(0, { topic: '__consumer_offsets' })).toMatchObject({ errorCode: ERROR_CODES.INVALID_TOPIC_EXCEPTION })
})

it.each([
  { policy: 'compact', expected: ERROR_CODES.POLICY_VIOLATION },
  { policy: 'compact,delete', expected: ERROR_CODES.NONE },
])('answers for a topic with cleanup.policy $policy with $expected', async ({ policy, expected }) => {
  broker.addTopic('c', [[1]], { 'cleanup.policy': policy })
  expect(await deleteBefore(0, { topic: 'c' })).toMatchObject({ errorCode: expected })
})

it('answers a partition that is named twice once, for the last of its offsets', async () => {
  const topics = [1, 2].map((offset) => ({ name: 'a', partitions: [{ partitionIndex: 0, offset }] }))
  const answer = await broker.call(deleteRecordsApi, 2, { topics, timeoutMs: 1000 })
  expect(answer.topics).toEqual([{ name: 'a', partitions: [{ partitionIndex: 0, lowWatermark: 2, errorCode: ERROR_CODES.NONE }] }])
})
