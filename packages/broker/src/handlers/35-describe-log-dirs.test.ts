import { describeLogDirsApi, ERROR_CODES } from '@millrace/protocol'
import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(2)
  broker.addTopic('a', [[1], [2], [2, 1]])
  broker.addTopic('b')
  await broker.append('a', 0, [{}, {}])
})

afterEach(() => broker.close())

const partition = (partitionIndex: number, partitionSize: number) => ({ partitionIndex, partitionSize, offsetLag: 0, isFutureKey: false })

function sizeOf(topic: string, index: number): number {
  return broker.services.logDirectory.get(topic, index)?.sizeInBytes ?? 0
}

it.each([1, 2, 3, 4, 5])('shows the partitions that are here with their sizes, in version %i', async (version) => {
  const answer = await broker.call(describeLogDirsApi, version, { topics: null })
  expect(answer.errorCode).toBe(ERROR_CODES.NONE)
  const [directory] = answer.results
  expect(answer.results).toHaveLength(1)
  expect(directory).toMatchObject({ errorCode: ERROR_CODES.NONE, logDir: broker.services.logDirectory.path, isCordoned: false })
  expect(sizeOf('a', 0)).toBeGreaterThan(0)
  const topics = new Map(directory?.topics.map(({ name, partitions }) => [name, partitions]))
  expect(topics).toEqual(
    new Map([
      ['a', [partition(0, sizeOf('a', 0)), partition(2, 0)]],
      ['b', [partition(0, 0)]],
    ]),
  )
})

it('shows sizes of logs that are not open', async () => {
  const size = sizeOf('a', 0)
  await broker.restart()
  const { results } = await broker.call(describeLogDirsApi, 4, { topics: [{ topic: 'a', partitions: [0] }] })
  expect(results[0]?.topics).toEqual([{ name: 'a', partitions: [partition(0, size)] }])
})

it.each([
  { topics: [], expected: [] },
  { topics: [{ topic: 'a', partitions: [] }], expected: [] },
  { topics: [{ topic: 'a', partitions: [2, 2, 7, -1] }], expected: [{ name: 'a', partitions: [partition(2, 0)] }] },
  { topics: [{ topic: 'a', partitions: [1] }], expected: [] },
  { topics: [{ topic: 'none', partitions: [0] }], expected: [] },
  {
    topics: [
      { topic: 'b', partitions: [0] },
      { topic: 'b', partitions: [0] },
    ],
    expected: [{ name: 'b', partitions: [partition(0, 0)] }],
  },
])('shows of $topics what is here, once', async ({ topics, expected }) => {
  const { results } = await broker.call(describeLogDirsApi, 4, { topics })
  expect(results[0]?.topics).toEqual(expected)
})

it.each([7, 0, -1])('says of a partition that follows how far it is behind (%i)', async (lag) => {
  const topicId = broker.services.feed.image().topics.get('a')?.id ?? ''
  const status = { topic: 'a', partition: 2, leader: 2, leaderEpoch: 0, isConnected: true, status: 'ready', fetchOffset: 3, lag } as const
  broker.replicaStatuses.set(`${topicId}/2`, status)
  const { results } = await broker.call(describeLogDirsApi, 4, { topics: [{ topic: 'a', partitions: [0, 2] }] })
  expect(results[0]?.topics[0]?.partitions.map(({ offsetLag }) => offsetLag)).toEqual([0, lag])
})

it('says that the directory is offline', async () => {
  broker.disk.failNext({ operation: 'sync', code: DISK_ERROR_CODES.failed })
  await broker.append('a', 0, [{}]).catch(() => {})
  const { results } = await broker.call(describeLogDirsApi, 4, { topics: null })
  expect(results).toMatchObject([{ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, topics: [] }])
})
