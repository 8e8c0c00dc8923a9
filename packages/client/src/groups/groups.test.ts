import {
  consumerGroupDescribeApi,
  deleteGroupsApi,
  describeGroupsApi,
  encodeAssignment,
  encodeSubscription,
  ERROR_CODES,
  findCoordinatorApi,
  listGroupsApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { createClient } from '../client.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

/** The last broker coordinates every group. */
function start(brokers = 2) {
  const cluster = new FakeCluster(brokers)
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  cluster.intercept(findCoordinatorApi, ({ body, version }) => {
    const where = { nodeId: brokers, host: 'h', port: 1, errorCode: 0, errorMessage: null }
    return { answer: version < 4 ? where : { coordinators: body.coordinatorKeys.map((key) => ({ key, ...where })) } }
  })
  return { cluster, clock: cluster.clock, admin: client.admin() }
}

const { GROUP_ID_NOT_FOUND, NOT_COORDINATOR, NON_EMPTY_GROUP, UNKNOWN_MEMBER_ID } = ERROR_CODES

describe('listGroups', () => {
  it('adds up what all brokers say', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(listGroupsApi, ({ nodeId }) => ({
      answer: {
        errorCode: 0,
        groups: [{ groupId: `g${3 - nodeId}`, protocolType: 'consumer', groupState: 'Stable', groupType: 'Classic' }],
      },
    }))
    expect(await clock.run(admin.listGroups())).toEqual([
      { groupId: 'g1', protocolType: 'consumer', state: 'Stable', type: 'classic' },
      { groupId: 'g2', protocolType: 'consumer', state: 'Stable', type: 'classic' },
    ])
  })

  it('waits for a coordinator that is loading', async () => {
    const { cluster, clock, admin } = start(1)
    let asked = 0
    cluster.intercept(listGroupsApi, () => ({
      answer: { errorCode: asked++ === 0 ? ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS : 0, groups: [] },
    }))
    expect(await clock.run(admin.listGroups())).toEqual([])
    expect(asked).toBe(2)
  })
})

describe('describeGroups', () => {
  const classic = {
    errorCode: 0,
    groupId: 'g',
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
    members: [
      {
        memberId: 'm',
        groupInstanceId: 'i',
        clientId: 'c',
        clientHost: '/127.0.0.1',
        memberMetadata: encodeSubscription({ topics: ['t'], userData: null }),
        memberAssignment: encodeAssignment({ assignedPartitions: [{ topic: 't', partitions: [1, 0] }], userData: null }),
      },
    ],
  }
  const notConsumer = {
    groupId: 'g',
    errorCode: GROUP_ID_NOT_FOUND,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }

  it('tells of a classic group what its members tell each other', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(consumerGroupDescribeApi, () => ({ answer: { throttleTimeMs: 0, groups: [notConsumer] } }))
    cluster.intercept(describeGroupsApi, () => ({ answer: { groups: [classic] } }))
    expect(await clock.run(admin.describeGroups(['g']))).toMatchObject([
      {
        type: 'classic',
        state: 'Stable',
        assignor: 'range',
        coordinatorId: 2,
        members: [
          {
            memberId: 'm',
            instanceId: 'i',
            topics: ['t'],
            assignment: [
              { topic: 't', partition: 0 },
              { topic: 't', partition: 1 },
            ],
            target: null,
          },
        ],
      },
    ])
    expect(cluster.requestsOf(describeGroupsApi).map(({ nodeId }) => nodeId)).toEqual([2])
  })

  it('does not mind payloads that are no consumer’s', async () => {
    const { cluster, clock, admin } = start()
    cluster.maxVersions.set(consumerGroupDescribeApi.key, -1)
    const members = [
      { ...classic.members[0], memberMetadata: new Uint8Array([9]), memberAssignment: new Uint8Array([0, 0, 1]) },
      { ...classic.members[0], memberMetadata: new Uint8Array(0), memberAssignment: new Uint8Array(0) },
    ] as typeof classic.members
    cluster.intercept(describeGroupsApi, () => ({ answer: { groups: [{ ...classic, members }] } }))
    const [group] = await clock.run(admin.describeGroups(['g']))
    expect(group?.members.map(({ topics, assignment }) => ({ topics, assignment }))).toEqual([
      { topics: null, assignment: null },
      { topics: null, assignment: [] },
    ])
  })

  it('tells of a consumer group what its members have and are to have', async () => {
    const { cluster, clock, admin } = start()
    const topicPartitions = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', topicName: 't', partitions: [0] }]
    const member = {
      memberId: 'm',
      memberEpoch: 3,
      clientId: 'c',
      clientHost: '/h',
      subscribedTopicNames: ['t'],
      subscribedTopicRegex: '',
      assignment: { topicPartitions: [] },
      targetAssignment: { topicPartitions },
      memberType: 1,
    }
    cluster.intercept(consumerGroupDescribeApi, () => ({
      answer: {
        throttleTimeMs: 0,
        groups: [
          {
            groupId: 'g',
            errorCode: 0,
            groupState: 'Reconciling',
            groupEpoch: 4,
            assignmentEpoch: 4,
            assignorName: 'uniform',
            members: [member],
          },
        ],
      },
    }))
    expect(await clock.run(admin.describeGroups(['g']))).toMatchObject([
      {
        type: 'consumer',
        state: 'Reconciling',
        epoch: 4,
        members: [{ epoch: 3, topicPattern: null, assignment: [], target: [{ topic: 't', partition: 0 }] }],
      },
    ])
  })

  it.each([
    ['of older brokers', 5, { ...classic, groupState: 'Dead', members: [] }],
    ['of newer brokers', 6, { ...classic, groupState: 'Dead', errorCode: GROUP_ID_NOT_FOUND, members: [] }],
  ])('rejects when there is no such group, in the words %s', async (_whose, maxVersion, answer) => {
    const { cluster, clock, admin } = start()
    cluster.maxVersions.set(consumerGroupDescribeApi.key, -1)
    cluster.maxVersions.set(describeGroupsApi.key, maxVersion)
    cluster.intercept(describeGroupsApi, () => ({ answer: { groups: [answer] } }))
    await expect(clock.run(admin.describeGroups(['g']))).rejects.toMatchObject({ kafkaErrorCode: GROUP_ID_NOT_FOUND })
  })

  it('looks for the coordinator again when it has moved', async () => {
    const { cluster, clock, admin } = start()
    cluster.maxVersions.set(consumerGroupDescribeApi.key, -1)
    let asked = 0
    cluster.intercept(describeGroupsApi, () => ({
      answer: { groups: [asked++ === 0 ? { ...classic, errorCode: NOT_COORDINATOR } : classic] },
    }))
    expect(await clock.run(admin.describeGroups(['g']))).toMatchObject([{ groupId: 'g' }])
    expect(cluster.requestsOf(findCoordinatorApi)).toHaveLength(2)
  })
})

describe('offsets of a group', () => {
  const stored = (partitionIndex: number, committedOffset: number) => ({
    partitionIndex,
    committedOffset,
    committedLeaderEpoch: -1,
    metadata: null,
    errorCode: 0,
  })

  it.each([7, 10])('are what it has committed, asked of a broker of version %i', async (maxVersion) => {
    const { cluster, clock, admin } = start()
    cluster.maxVersions.set(offsetFetchApi.key, maxVersion)
    const topics = [{ name: 't', partitions: [stored(1, 5), stored(0, 0), stored(2, -1)] }]
    cluster.intercept(offsetFetchApi, ({ version }) => ({
      answer: version < 8 ? { topics, errorCode: 0 } : { groups: [{ groupId: 'g', topics, errorCode: 0 }] },
    }))
    expect(await clock.run(admin.groupOffsets('g'))).toEqual([
      { topic: 't', partition: 0, offset: 0, leaderEpoch: null, metadata: '' },
      { topic: 't', partition: 1, offset: 5, leaderEpoch: null, metadata: '' },
    ])
  })

  it('are changed as nobody’s commit', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(offsetCommitApi, ({ body }) => ({
      answer: {
        topics: body.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
        })),
      },
    }))
    await clock.run(admin.alterGroupOffsets('g', [{ topic: 't', partition: 0, offset: 7 }]))
    expect(cluster.requestsOf(offsetCommitApi)[0]?.body).toMatchObject({
      groupId: 'g',
      memberId: '',
      generationIdOrMemberEpoch: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7 }] }],
    })
  })

  it('cannot be changed while it has members', async () => {
    const { cluster, clock, admin } = start()
    const partitions = [{ partitionIndex: 0, errorCode: UNKNOWN_MEMBER_ID }]
    cluster.intercept(offsetCommitApi, () => ({ answer: { topics: [{ name: 't', partitions }] } }))
    await expect(clock.run(admin.alterGroupOffsets('g', [{ topic: 't', partition: 0, offset: 7 }]))).rejects.toMatchObject({
      kafkaErrorCode: UNKNOWN_MEMBER_ID,
      topic: 't',
      partition: 0,
    })
  })

  it('are forgotten partition by partition', async () => {
    const { cluster, clock, admin } = start()
    const partitions = [{ partitionIndex: 0, errorCode: 0 }]
    cluster.intercept(offsetDeleteApi, () => ({ answer: { errorCode: 0, throttleTimeMs: 0, topics: [{ name: 't', partitions }] } }))
    await clock.run(admin.deleteGroupOffsets('g', [{ topic: 't', partition: 0 }]))
    await expect(clock.run(admin.deleteGroupOffsets('g', [{ topic: 't', partition: 1 }]))).rejects.toThrow('without a word')
  })
})

describe('deleteGroups', () => {
  it.each([
    [NON_EMPTY_GROUP, 'NON_EMPTY_GROUP: group "g" has members: stop its consumers first'],
    [GROUP_ID_NOT_FOUND, 'GROUP_ID_NOT_FOUND: group "g" does not exist'],
  ])('says what is in the way (%i)', async (errorCode, message) => {
    const { cluster, clock, admin } = start()
    cluster.intercept(deleteGroupsApi, () => ({ answer: { throttleTimeMs: 0, results: [{ groupId: 'g', errorCode }] } }))
    await expect(clock.run(admin.deleteGroups(['g']))).rejects.toThrow(message)
  })
})
