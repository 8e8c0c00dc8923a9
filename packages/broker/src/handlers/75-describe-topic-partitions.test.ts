import { describeTopicPartitionsApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

interface Asked {
  readonly topics?: readonly string[]
  readonly limit?: number
  readonly cursor?: readonly [string, number]
}

async function ask({ topics = [], limit = 2000, cursor }: Asked = {}) {
  return broker.call(describeTopicPartitionsApi, 0, {
    topics: topics.map((name) => ({ name })),
    responsePartitionLimit: limit,
    cursor: cursor === undefined ? null : { topicName: cursor[0], partitionIndex: cursor[1] },
  })
}

/** What a page shows, in short. */
async function page(asked: Asked) {
  const { topics, nextCursor } = await ask(asked)
  return {
    topics: topics.map(({ name, errorCode, partitions }) => [name, errorCode, ...partitions.map(({ partitionIndex }) => partitionIndex)]),
    next: nextCursor === null ? null : [nextCursor.topicName, nextCursor.partitionIndex],
  }
}

it('describes a topic with its replicas and those that may be elected', async () => {
  const topicId = broker.addTopic('a')
  broker.feed.commit({ type: 'partition-change', topicId, partition: 0, leader: -1, isr: [], elr: [1], lastKnownElr: [1] })
  expect(await ask({ topics: ['a'] })).toEqual({
    throttleTimeMs: 0,
    topics: [
      {
        errorCode: ERROR_CODES.NONE,
        name: 'a',
        topicId,
        isInternal: false,
        partitions: [
          {
            errorCode: ERROR_CODES.LEADER_NOT_AVAILABLE,
            partitionIndex: 0,
            leaderId: -1,
            leaderEpoch: 1,
            replicaNodes: [1],
            isrNodes: [],
            eligibleLeaderReplicas: [1],
            lastKnownElr: [1],
            offlineReplicas: [],
          },
        ],
        topicAuthorizedOperations: 3576,
      },
    ],
    nextCursor: null,
  })
})

it('says what is wrong with topics that cannot be shown', async () => {
  const { topics } = await ask({ topics: ['none', 'bad name'] })
  expect(topics).toMatchObject([
    { name: 'bad name', errorCode: ERROR_CODES.INVALID_TOPIC_EXCEPTION, topicId: ZERO_UUID, partitions: [] },
    { name: 'none', errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, topicId: ZERO_UUID, partitions: [] },
  ])
})

describe('page by page', () => {
  const NONE = ERROR_CODES.NONE
  const UNKNOWN = ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION

  beforeEach(() => {
    broker.addTopic('b', [[1], [1]])
    broker.addTopic('a', [[1], [1], [1]])
    broker.addTopic('c', [[1]])
  })

  it.each([
    {
      asked: {},
      topics: [
        ['a', NONE, 0, 1, 2],
        ['b', NONE, 0, 1],
        ['c', NONE, 0],
      ],
      next: null,
    },
    {
      asked: { limit: 6 },
      topics: [
        ['a', NONE, 0, 1, 2],
        ['b', NONE, 0, 1],
        ['c', NONE, 0],
      ],
      next: null,
    },
    { asked: { limit: 2 }, topics: [['a', NONE, 0, 1]], next: ['a', 2] },
    { asked: { limit: 3 }, topics: [['a', NONE, 0, 1, 2]], next: ['b', 0] },
    {
      asked: { limit: 4 },
      topics: [
        ['a', NONE, 0, 1, 2],
        ['b', NONE, 0],
      ],
      next: ['b', 1],
    },
    { asked: { limit: 0 }, topics: [['a', NONE, 0]], next: ['a', 1] },
    { asked: { limit: -1 }, topics: [['a', NONE, 0]], next: ['a', 1] },
    {
      asked: { limit: 2, cursor: ['a', 2] },
      topics: [
        ['a', NONE, 2],
        ['b', NONE, 0],
      ],
      next: ['b', 1],
    },
    {
      asked: { cursor: ['aa', 1] },
      topics: [
        ['b', NONE, 0, 1],
        ['c', NONE, 0],
      ],
      next: null,
    },
    {
      asked: { topics: ['c', 'b', 'c'] },
      topics: [
        ['b', NONE, 0, 1],
        ['c', NONE, 0],
      ],
      next: null,
    },
    {
      asked: { topics: ['c', 'a0'], limit: 1 },
      topics: [
        ['a0', UNKNOWN],
        ['c', NONE, 0],
      ],
      next: null,
    },
    {
      asked: { topics: ['a', 'b'], cursor: ['a', 9] },
      topics: [
        ['a', NONE],
        ['b', NONE, 0, 1],
      ],
      next: null,
    },
  ] as { asked: Asked; topics: unknown[]; next: unknown }[])(
    '$asked gives $topics and goes on at $next',
    async ({ asked, topics, next }) => {
      expect(await page(asked)).toEqual({ topics, next })
    },
  )

  it('gives everything once, whatever the size of the pages', async () => {
    for (let limit = 1; limit <= 7; limit += 1) {
      const seen: string[] = []
      let cursor: readonly [string, number] | undefined
      do {
        const { topics, nextCursor } = await ask(cursor === undefined ? { limit } : { limit, cursor })
        for (const { name, partitions } of topics) for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`)
        cursor = nextCursor === null ? undefined : [nextCursor.topicName, nextCursor.partitionIndex]
      } while (cursor !== undefined)
      expect(seen).toEqual(['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'c-0'])
    }
  })

  it.each([
    { reason: 'is at no partition', topics: ['a', 'b'], cursor: ['a', -1] },
    { reason: 'is at a topic that is not asked for', topics: ['a', 'b'], cursor: ['aa', 0] },
  ] as const)('refuses a cursor that $reason', async ({ topics, cursor }) => {
    expect((await page({ topics, cursor })).topics).toEqual(topics.map((name) => [name, ERROR_CODES.INVALID_REQUEST]))
  })
})

it('gives no larger page than the broker is configured to', async () => {
  const small = await BrokerFixture.start({ configs: { 'max.request.partition.size.limit': '2' } })
  small.addTopic('a', [[1], [1], [1]])
  const { nextCursor } = await small.call(describeTopicPartitionsApi, 0, { topics: [], responsePartitionLimit: 2000 })
  expect(nextCursor).toEqual({ topicName: 'a', partitionIndex: 2 })
  await small.close()
})
