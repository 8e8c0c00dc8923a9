import { ERROR_CODES, offsetCommitApi, offsetDeleteApi, offsetFetchApi, ZERO_UUID } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

const OFFSETS = '__consumer_offsets'
const { COORDINATOR_NOT_AVAILABLE, NONE, NOT_COORDINATOR } = ERROR_CODES
const FIRST_ID_VERSION = 10
const COMMIT_VERSIONS = [2, 3, 4, 5, 6, 7, 8, 9, 10]
const FETCH_VERSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

let broker: BrokerFixture
let topicId: string

beforeEach(async () => {
  broker = await BrokerFixture.start()
  topicId = broker.addTopic('a', [[1], [1], [1]])
})

afterEach(() => broker.close())

/** Commits 7 for partition 1. */
async function commit(version: number, groupId = 'g', committedOffset = 7) {
  const named = version < FIRST_ID_VERSION ? { name: 'a' } : { topicId }
  const topics = [{ ...named, partitions: [{ partitionIndex: 1, committedOffset, committedMetadata: 'm' }] }]
  const answer = await broker.call(offsetCommitApi, version, { groupId, memberId: '', topics })
  return answer.topics
}

/** What was committed for partitions 1 and 2. */
async function fetch(version: number, groupId = 'g') {
  const partitionIndexes = [1, 2]
  if (version < 8) return broker.call(offsetFetchApi, version, { groupId, topics: [{ name: 'a', partitionIndexes }] })
  const named = version < FIRST_ID_VERSION ? { name: 'a' } : { topicId }
  const answer = await broker.call(offsetFetchApi, version, { groups: [{ groupId, topics: [{ ...named, partitionIndexes }] }] })
  expect(answer.groups).toHaveLength(1)
  return answer.groups[0]
}

describe('offsets', () => {
  beforeEach(() => broker.addTopic(OFFSETS, [[1], [1]], { 'cleanup.policy': 'compact' }))

  it.each(COMMIT_VERSIONS)('are committed with version %i, and there after a restart', async (version) => {
    const named = version < FIRST_ID_VERSION ? { name: 'a', topicId: ZERO_UUID } : { name: '', topicId }
    expect(await commit(version)).toEqual([{ ...named, partitions: [{ partitionIndex: 1, errorCode: NONE }] }])
    await broker.restart()
    expect((await fetch(8))?.topics[0]?.partitions).toMatchObject([{ committedOffset: 7 }, { committedOffset: -1 }])
  })

  it.each(FETCH_VERSIONS)('are fetched with version %i', async (version) => {
    await commit(9)
    const group = await fetch(version)
    expect(group).toMatchObject({ errorCode: NONE, topics: [version < FIRST_ID_VERSION ? { name: 'a' } : { topicId }] })
    expect(group?.topics[0]?.partitions).toMatchObject([
      { partitionIndex: 1, committedOffset: 7, metadata: 'm', errorCode: NONE },
      { partitionIndex: 2, committedOffset: -1, metadata: '', errorCode: NONE },
    ])
  })

  it('of several groups are fetched at once, wherever they are', async () => {
    const names = ['a', 'b', 'c', 'd']
    for (const [index, name] of names.entries()) await commit(9, name, index)
    const groups = names.map((groupId) => ({ groupId, topics: null }))
    const answer = await broker.call(offsetFetchApi, 9, { groups })
    const offsets = new Map(answer.groups.map(({ groupId, topics }) => [groupId, topics[0]?.partitions[0]?.committedOffset]))
    expect(offsets).toEqual(new Map(names.map((name, index) => [name, index])))
  })

  it('are deleted', async () => {
    await commit(9)
    const topics = [{ name: 'a', partitions: [{ partitionIndex: 1 }] }]
    const answer = await broker.call(offsetDeleteApi, 0, { groupId: 'g', topics })
    expect(answer).toMatchObject({ errorCode: NONE, topics: [{ name: 'a', partitions: [{ partitionIndex: 1, errorCode: NONE }] }] })
    expect((await fetch(8))?.topics[0]?.partitions).toMatchObject([{ committedOffset: -1 }, { committedOffset: -1 }])
  })

  it('of a deleted topic are forgotten', async () => {
    await commit(9)
    broker.removeTopic('a')
    broker.addTopic('a', [[1], [1], [1]])
    expect((await fetch(8))?.topics[0]?.partitions).toMatchObject([{ committedOffset: -1 }, { committedOffset: -1 }])
  })
})

describe('a group that another broker keeps', () => {
  beforeEach(() => {
    broker.addBroker(2)
    broker.addTopic(OFFSETS, [[2]])
  })

  it.each(COMMIT_VERSIONS)('is refused to who commits with version %i, partition by partition', async (version) => {
    expect(await commit(version)).toMatchObject([{ partitions: [{ partitionIndex: 1, errorCode: NOT_COORDINATOR }] }])
  })

  it('is refused to who fetches: in version 1 partition by partition', async () => {
    const answer = await fetch(1)
    expect(answer?.topics).toMatchObject([
      {
        name: 'a',
        partitions: [
          { partitionIndex: 1, committedOffset: -1, metadata: '', errorCode: NOT_COORDINATOR },
          { partitionIndex: 2, committedOffset: -1, metadata: '', errorCode: NOT_COORDINATOR },
        ],
      },
    ])
  })

  it.each(FETCH_VERSIONS.slice(1))('is refused to who fetches: in version %i as a whole', async (version) => {
    expect(await fetch(version)).toMatchObject({ errorCode: NOT_COORDINATOR, topics: [] })
  })

  it('is refused to who deletes', async () => {
    const answer = await broker.call(offsetDeleteApi, 0, { groupId: 'g', topics: [] })
    expect(answer).toMatchObject({ errorCode: NOT_COORDINATOR, topics: [] })
  })
})

it('is refused after a second where there is no topic for groups', async () => {
  const exchange = broker.send(offsetFetchApi, 8, { groups: [{ groupId: 'g', topics: null }] })
  broker.clock.advance(1_000)
  expect((await exchange.answer()).groups).toMatchObject([{ groupId: 'g', errorCode: COORDINATOR_NOT_AVAILABLE }])
})
