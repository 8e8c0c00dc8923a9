/** The handlers of consumer groups (68 and 69): they carry what is said to the group's coordinator, and back. */
import { consumerGroupDescribeApi, consumerGroupHeartbeatApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { OFFSETS_TOPIC } from '../testing/group-calls.ts'

const { GROUP_ID_NOT_FOUND, NONE, NOT_COORDINATOR } = ERROR_CODES
const VERSIONS = [0, 1]
const MEMBER_ID = 'mB0s3oWvTxGVWHNTVVlXSA'

let broker: BrokerFixture
let topicId: string

beforeEach(async () => {
  broker = await BrokerFixture.start()
  topicId = broker.addTopic('orders', [[1], [1]])
})

afterEach(() => broker.close())

const joins = (version: number, groupId = 'g') =>
  broker.call(consumerGroupHeartbeatApi, version, {
    groupId,
    memberId: version === 0 ? '' : MEMBER_ID,
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
  })

const describeAll = async (version: number, groupIds: readonly string[], includeAuthorizedOperations = false) =>
  (await broker.call(consumerGroupDescribeApi, version, { groupIds, includeAuthorizedOperations })).groups

describe('a consumer group', () => {
  beforeEach(() => broker.addTopic(OFFSETS_TOPIC, [[1], [1]], { 'cleanup.policy': 'compact' }))

  it.each(VERSIONS)('is joined with one heartbeat of version %i, which brings the partitions', async (version) => {
    const joined = await joins(version)
    expect(joined).toMatchObject({ errorCode: NONE, assignment: { topicPartitions: [{ topicId, partitions: [0, 1] }] } })
    expect(joined.memberEpoch).toBeGreaterThan(0)
    expect(joined.heartbeatIntervalMs).toBeGreaterThan(0)
    if (version > 0) expect(joined.memberId).toBe(MEMBER_ID)
  })

  it.each(VERSIONS)('is described with version %i, wherever it is, also after a restart', async (version) => {
    const members = new Map<string, string | null>()
    for (const groupId of ['a', 'b']) members.set(groupId, (await joins(1, groupId)).memberId)
    await broker.restart()
    const groups = await describeAll(version, ['a', 'b', 'a', 'x'])
    expect(groups).toHaveLength(3)
    for (const group of groups) {
      if (group.groupId === 'x') expect(group).toMatchObject({ errorCode: GROUP_ID_NOT_FOUND, authorizedOperations: -2_147_483_648 })
      else {
        const assignment = { topicPartitions: [{ topicId, topicName: 'orders', partitions: [0, 1] }] }
        expect(group).toMatchObject({ errorCode: NONE, groupState: 'Stable', assignorName: 'uniform' })
        expect(group.members).toMatchObject([{ memberId: members.get(group.groupId), clientId: 'test', assignment }])
      }
    }
    expect(await describeAll(version, ['a'], true)).toMatchObject([{ authorizedOperations: 3_400 }])
  })

  it('tells its members the time between heartbeats that is set for it, from their next one on', async () => {
    const { memberEpoch, heartbeatIntervalMs } = await joins(1)
    expect(heartbeatIntervalMs).toBe(500)
    broker.feed.commit({ type: 'config', resourceType: 'group', resourceName: 'g', name: 'consumer.heartbeat.interval.ms', value: '7000' })
    const heartbeat = () => broker.call(consumerGroupHeartbeatApi, 1, { groupId: 'g', memberId: MEMBER_ID, memberEpoch })
    expect((await heartbeat()).heartbeatIntervalMs).toBe(7_000)
    expect((await joins(1, 'h')).heartbeatIntervalMs).toBe(500)
  })

  it('gets the partitions that its topic is given later', async () => {
    const { memberEpoch } = await joins(1)
    broker.addPartition('orders', [1])
    const heartbeat = () => broker.call(consumerGroupHeartbeatApi, 1, { groupId: 'g', memberId: MEMBER_ID, memberEpoch })
    const answers = [await heartbeat(), await heartbeat()]
    const partitions = answers.flatMap(({ assignment }) => assignment?.topicPartitions.flatMap((each) => each.partitions) ?? [])
    expect(new Set(partitions)).toEqual(new Set([0, 1, 2]))
  })
})

describe('a consumer group that another broker keeps', () => {
  beforeEach(() => {
    broker.addBroker(2)
    broker.addTopic(OFFSETS_TOPIC, [[2]])
  })

  it.each(VERSIONS)('is neither joined nor described with version %i', async (version) => {
    expect(await joins(version)).toMatchObject({ errorCode: NOT_COORDINATOR, assignment: null })
    expect(await describeAll(version, ['g'])).toMatchObject([{ groupId: 'g', errorCode: NOT_COORDINATOR, members: [] }])
  })
})
