import { ERROR_CODES, offsetForLeaderEpochApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(2)
  broker.addTopic('a', [[1], [2]])
  await broker.append('a', 0, [{}, {}])
})

afterEach(() => broker.close())

it.each([
  { asks: 'of the current epoch', leaderEpoch: 0, expected: { errorCode: ERROR_CODES.NONE, leaderEpoch: 0, endOffset: 2 } },
  { asks: 'of an epoch to come', leaderEpoch: 5, expected: { errorCode: ERROR_CODES.NONE, leaderEpoch: -1, endOffset: -1 } },
  { asks: 'of no epoch', leaderEpoch: -1, expected: { errorCode: ERROR_CODES.NONE, leaderEpoch: -1, endOffset: -1 } },
  { asks: 'believing in an epoch to come', currentLeaderEpoch: 3, expected: { errorCode: ERROR_CODES.UNKNOWN_LEADER_EPOCH } },
  { asks: 'believing in an epoch that was', currentLeaderEpoch: -2, expected: { errorCode: ERROR_CODES.FENCED_LEADER_EPOCH } },
  { asks: 'of a partition of another broker', partition: 1, expected: { errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER } },
  { asks: 'of a partition that there is not', partition: 9, expected: { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION } },
  { asks: 'of a topic that there is not', topic: 'none', expected: { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION } },
])('answers a client that asks $asks', async ({ topic = 'a', partition = 0, leaderEpoch = 0, currentLeaderEpoch = -1, expected }) => {
  const topics = [{ topic, partitions: [{ partition, leaderEpoch, currentLeaderEpoch }] }]
  for (const version of [2, 3, 4]) {
    const answer = await broker.call(offsetForLeaderEpochApi, version, { topics })
    expect(answer.topics).toMatchObject([{ topic, partitions: [{ partition, ...expected }] }])
  }
})

it('ends an earlier epoch where the next one began', async () => {
  const partition = broker.services.partitions.find('a', 0)
  const topicId = broker.feed.image().topics.get('a')?.id ?? ''
  broker.feed.commit({ type: 'partition-change', topicId, partition: 0, leader: 1 })
  if (typeof partition !== 'number') partition.log?.assignLeaderEpoch(partition.leaderEpoch, 2)
  await broker.append('a', 0, [{}])
  const partitions = [0, 1].map((leaderEpoch) => ({ partition: 0, leaderEpoch }))
  const answer = await broker.call(offsetForLeaderEpochApi, 4, { topics: [{ topic: 'a', partitions }] })
  expect(answer.topics[0]?.partitions).toMatchObject([
    { leaderEpoch: 0, endOffset: 2 },
    { leaderEpoch: 1, endOffset: 3 },
  ])
})
