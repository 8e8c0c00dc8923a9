import { ERROR_CODES, listPartitionReassignmentsApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  const topicId = broker.addTopic('a', [[1], [1]])
  broker.addTopic('b', [[1]])
  const change = { replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }
  broker.feed.commit({ type: 'partition-change', topicId, partition: 1, ...change })
})

afterEach(() => broker.close())

const MOVING = { partitionIndex: 1, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }

it.each([
  ['all', null, [{ name: 'a', partitions: [MOVING] }]],
  ['one that moves', [{ name: 'a', partitionIndexes: [1] }], [{ name: 'a', partitions: [MOVING] }]],
  [
    'one that moves, twice',
    [
      { name: 'a', partitionIndexes: [1, 1] },
      { name: 'a', partitionIndexes: [1] },
    ],
    [{ name: 'a', partitions: [MOVING] }],
  ],
  ['one that does not', [{ name: 'a', partitionIndexes: [0] }], []],
  ['a topic of which none does', [{ name: 'b', partitionIndexes: [0] }], []],
  [
    'some that there are not',
    [
      { name: 'a', partitionIndexes: [9, -1] },
      { name: 'x', partitionIndexes: [0] },
    ],
    [],
  ],
  ['none', [], []],
])('asked for %s', async (_what, asked, topics) => {
  expect(await broker.call(listPartitionReassignmentsApi, 0, { topics: asked })).toEqual({
    throttleTimeMs: 0,
    errorCode: ERROR_CODES.NONE,
    errorMessage: null,
    topics,
  })
})
