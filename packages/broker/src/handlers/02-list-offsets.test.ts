import { ERROR_CODES, listOffsetsApi } from '@millrace/protocol'
import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const NEWEST_VERSION = 11

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

interface Asked {
  readonly version?: number
  readonly replicaId?: number
  readonly isolationLevel?: number
  readonly partitionIndex?: number
  readonly currentLeaderEpoch?: number
}

async function ask(timestamp: number, asked: Asked = {}) {
  const { version = NEWEST_VERSION, replicaId = -1, partitionIndex = 0, currentLeaderEpoch = -1, isolationLevel = 0 } = asked
  const answer = await broker.call(listOffsetsApi, version, {
    replicaId,
    isolationLevel,
    topics: [{ name: 'a', partitions: [{ partitionIndex, currentLeaderEpoch, timestamp }] }],
  })
  return answer.topics[0]?.partitions[0]
}

describe('a log with records', () => {
  const NOTHING = { errorCode: ERROR_CODES.NONE, timestamp: -1, offset: -1, leaderEpoch: -1 }

  beforeEach(async () => {
    broker.addTopic('a')
    await broker.append('a', 0, [{ timestamp: 1000 }, { timestamp: 3000 }])
    await broker.append('a', 0, [{ timestamp: 2000 }])
  })

  it.each([
    { asked: 'latest', timestamp: LATEST, expected: { offset: 3, timestamp: -1, leaderEpoch: 0 } },
    { asked: 'earliest', timestamp: EARLIEST, expected: { offset: 0, timestamp: -1, leaderEpoch: 0 } },
    { asked: 'max timestamp', timestamp: MAX_TIMESTAMP, expected: { offset: 1, timestamp: 3000, leaderEpoch: 0 } },
    { asked: 'earliest local', timestamp: -4, expected: { offset: 0, timestamp: -1, leaderEpoch: 0 } },
    { asked: 'latest tiered', timestamp: -5, expected: NOTHING },
    { asked: 'earliest pending upload', timestamp: -6, expected: NOTHING },
    { asked: 'the first of all times', timestamp: 0, expected: { offset: 0, timestamp: 1000, leaderEpoch: 0 } },
    { asked: 'a time between two records', timestamp: 1001, expected: { offset: 1, timestamp: 3000, leaderEpoch: 0 } },
    { asked: 'a time after all', timestamp: 3001, expected: NOTHING },
  ])('is asked for $asked', async ({ timestamp, expected }) => {
    expect(await ask(timestamp)).toEqual({ partitionIndex: 0, errorCode: ERROR_CODES.NONE, ...expected })
  })

  it.each([1, 2, 3, 4, 5, 6, 10, 11])('answers in version %i', async (version) => {
    expect(await ask(LATEST, { version })).toMatchObject({ offset: 3, leaderEpoch: version < 4 ? -1 : 0 })
  })

  it.each([
    { version: 6, timestamp: -3 },
    { version: 7, timestamp: -4 },
    { version: 8, timestamp: -5 },
    { version: 10, timestamp: -6 },
    { version: 11, timestamp: -7 },
    { version: 1, timestamp: -7 },
  ])('does not know the timestamp $timestamp in version $version', async ({ version, timestamp }) => {
    expect(await ask(timestamp, { version })).toMatchObject({ errorCode: ERROR_CODES.UNSUPPORTED_VERSION, offset: -1 })
  })

  it.each([
    { currentLeaderEpoch: 0, errorCode: ERROR_CODES.NONE },
    { currentLeaderEpoch: 1, errorCode: ERROR_CODES.UNKNOWN_LEADER_EPOCH },
    { currentLeaderEpoch: -2, errorCode: ERROR_CODES.FENCED_LEADER_EPOCH },
  ])('answers a client that believes in epoch $currentLeaderEpoch with $errorCode', async ({ currentLeaderEpoch, errorCode }) => {
    expect(await ask(LATEST, { currentLeaderEpoch })).toMatchObject({ errorCode })
  })

  it('refuses an isolation level that there is not', async () => {
    expect(await ask(LATEST, { isolationLevel: 2 })).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST })
  })
})

describe('what is not readable yet', () => {
  beforeEach(async () => {
    broker.addTopic('a')
    await broker.append('a', 0, [{ timestamp: 1000 }])
  })

  it('is hidden from consumers and shown to others, until it is durable', async () => {
    const release = broker.disk.holdSyncs()
    const appended = broker.append('a', 0, [{ timestamp: 2000 }])
    expect(await ask(LATEST)).toMatchObject({ offset: 1 })
    expect(await ask(1500)).toMatchObject({ errorCode: ERROR_CODES.NONE, offset: -1, timestamp: -1 })
    expect(await ask(MAX_TIMESTAMP)).toMatchObject({ offset: -1 })
    expect(await ask(LATEST, { replicaId: -2 })).toMatchObject({ offset: 2 })
    release()
    await appended
    expect(await ask(LATEST)).toMatchObject({ offset: 2 })
    expect(await ask(1500)).toMatchObject({ offset: 1, timestamp: 2000 })
  })

  it('ends for read_committed at the first open transaction', async () => {
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0, isTransactional: true }
    await broker.append('a', 0, [{ timestamp: 2000 }], producer)
    expect(await ask(LATEST, { isolationLevel: 0 })).toMatchObject({ offset: 2 })
    expect(await ask(LATEST, { isolationLevel: 1 })).toMatchObject({ offset: 1 })
    expect(await ask(2000, { isolationLevel: 1 })).toMatchObject({ offset: -1 })
  })
})

it('tells a client to look elsewhere for partitions that are unknown or led by another broker', async () => {
  broker.addBroker(2)
  broker.addTopic('a', [[1], [2]])
  const partitions = [0, 1, 2, -1].map((partitionIndex) => ({ partitionIndex, timestamp: LATEST }))
  const answer = await broker.call(listOffsetsApi, NEWEST_VERSION, {
    replicaId: -1,
    topics: [
      { name: 'a', partitions },
      { name: 'none', partitions: partitions.slice(0, 1) },
    ],
  })
  expect(answer.topics.map(({ partitions: found }) => found.map(({ errorCode }) => errorCode))).toEqual([
    [ERROR_CODES.NONE, ERROR_CODES.NOT_LEADER_OR_FOLLOWER, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    [ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
  ])
})

it('answers a partition that is named twice once, with an error, and the others as they are', async () => {
  broker.addTopic('a', [[1], [1]])
  const answer = await broker.call(listOffsetsApi, NEWEST_VERSION, {
    replicaId: -1,
    topics: [
      { name: 'a', partitions: [LATEST, EARLIEST].map((timestamp) => ({ partitionIndex: 1, timestamp })) },
      { name: 'a', partitions: [{ partitionIndex: 0, timestamp: LATEST }] },
    ],
  })
  expect(answer.topics).toMatchObject([
    {
      name: 'a',
      partitions: [
        { partitionIndex: 1, errorCode: ERROR_CODES.INVALID_REQUEST },
        { partitionIndex: 0, errorCode: ERROR_CODES.NONE, offset: 0 },
      ],
    },
  ])
})

it('tells a storage error of a log that cannot be opened', async () => {
  broker.addTopic('a')
  broker.disk.failNext({ operation: 'open', code: DISK_ERROR_CODES.full })
  expect(await ask(LATEST)).toMatchObject({ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, offset: -1 })
})
