/** What an admin asks about the cluster itself: leaders, moves, the quorum, features, brokers that are gone. */
import {
  addRaftVoterApi,
  alterPartitionReassignmentsApi,
  describeQuorumApi,
  electLeadersApi,
  ERROR_CODES,
  listPartitionReassignmentsApi,
  removeRaftVoterApi,
  unregisterBrokerApi,
  updateFeaturesApi,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { createClient } from '../client.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

function start() {
  const cluster = new FakeCluster(1)
  cluster.createTopic('t', 2)
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  return { cluster, clock: cluster.clock, admin: client.admin() }
}

const DIRECTORY_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const DONE = { errorCode: ERROR_CODES.NONE, errorMessage: null }

describe('electLeaders', () => {
  it('says of each partition whether it has another leader, and why not', async () => {
    const { cluster, clock, admin } = start()
    const partitionResult = [
      { partitionId: 0, ...DONE },
      { partitionId: 1, errorCode: ERROR_CODES.ELECTION_NOT_NEEDED, errorMessage: null },
      { partitionId: 2, errorCode: ERROR_CODES.PREFERRED_LEADER_NOT_AVAILABLE, errorMessage: 'it is away' },
    ]
    cluster.intercept(electLeadersApi, () => ({
      answer: { throttleTimeMs: 0, errorCode: 0, replicaElectionResults: [{ topic: 't', partitionResult }] },
    }))
    const partitions = [0, 1, 2].map((partition) => ({ topic: 't', partition }))
    expect(await clock.run(admin.electLeaders(partitions))).toEqual([
      { topic: 't', partition: 0, isElected: true, error: null },
      { topic: 't', partition: 1, isElected: false, error: null },
      { topic: 't', partition: 2, isElected: false, error: expect.objectContaining({ kafkaError: 'PREFERRED_LEADER_NOT_AVAILABLE' }) },
    ])
    expect(cluster.requestsOf(electLeadersApi)[0]?.body).toMatchObject({
      electionType: 0,
      topicPartitions: [{ topic: 't', partitions: [0, 1, 2] }],
    })
  })

  it('may mean all partitions, and any leader', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(electLeadersApi, () => ({ answer: { throttleTimeMs: 0, errorCode: 0, replicaElectionResults: [] } }))
    expect(await clock.run(admin.electLeaders('all', { type: 'unclean' }))).toEqual([])
    expect(cluster.requestsOf(electLeadersApi)[0]?.body).toMatchObject({ electionType: 1, topicPartitions: null })
  })

  it('asks again while there is no controller, and not for any other reason', async () => {
    const { cluster, clock, admin } = start()
    const codes = [ERROR_CODES.NOT_CONTROLLER, ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED]
    cluster.intercept(electLeadersApi, () => ({ answer: { throttleTimeMs: 0, errorCode: codes.shift() ?? 0, replicaElectionResults: [] } }))
    await expect(clock.run(admin.electLeaders('all'))).rejects.toMatchObject({ kafkaError: 'CLUSTER_AUTHORIZATION_FAILED' })
    expect(cluster.requestsOf(electLeadersApi)).toHaveLength(2)
  })
})

describe('reassignments', () => {
  it('are begun and taken back', async () => {
    const { cluster, clock, admin } = start()
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, ...DONE }))
    cluster.intercept(alterPartitionReassignmentsApi, () => ({
      answer: { throttleTimeMs: 0, ...DONE, responses: [{ name: 't', partitions }] },
    }))
    await clock.run(
      admin.alterReassignments([
        { topic: 't', partition: 0, replicas: [2, 3] },
        { topic: 't', partition: 1, replicas: null },
      ]),
    )
    expect(cluster.requestsOf(alterPartitionReassignmentsApi)[0]?.body).toMatchObject({
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 0, replicas: [2, 3] },
            { partitionIndex: 1, replicas: null },
          ],
        },
      ],
    })
  })

  it('that are refused name their partition', async () => {
    const { cluster, clock, admin } = start()
    const refused = { partitionIndex: 0, errorCode: ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, errorMessage: 'there is no broker 9' }
    const answer = { throttleTimeMs: 0, ...DONE, responses: [{ name: 't', partitions: [refused] }] }
    cluster.intercept(alterPartitionReassignmentsApi, () => ({ answer }))
    await expect(clock.run(admin.alterReassignments([{ topic: 't', partition: 0, replicas: [9] }]))).rejects.toMatchObject({
      kafkaError: 'INVALID_REPLICA_ASSIGNMENT',
      topic: 't',
      partition: 0,
    })
  })

  it('are listed while they go on', async () => {
    const { cluster, clock, admin } = start()
    const partitions = [{ partitionIndex: 1, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }]
    cluster.intercept(listPartitionReassignmentsApi, () => ({
      answer: { throttleTimeMs: 0, ...DONE, topics: [{ name: 't', partitions }] },
    }))
    expect(await clock.run(admin.listReassignments())).toEqual([{ topic: 't', partition: 1, replicas: [2, 1], adding: [2], removing: [1] }])
  })
})

describe('the quorum', () => {
  it('is shown as the brokers know it', async () => {
    const { cluster, clock, admin } = start()
    const replica = { replicaId: 1, replicaDirectoryId: DIRECTORY_ID, logEndOffset: 9, lastFetchTimestamp: 5, lastCaughtUpTimestamp: -1 }
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 3,
      highWatermark: 9,
      currentVoters: [replica],
      observers: [],
    }
    cluster.intercept(describeQuorumApi, () => ({
      answer: {
        errorCode: 0,
        topics: [{ topicName: '__cluster_metadata', partitions: [partition] }],
        nodes: [{ nodeId: 1, listeners: [{ name: 'CONTROLLER', host: 'h', port: 1 }] }],
      },
    }))
    expect(await clock.run(admin.describeQuorum())).toEqual({
      leaderId: 1,
      leaderEpoch: 3,
      highWatermark: 9,
      voters: [{ nodeId: 1, directoryId: DIRECTORY_ID, logEndOffset: 9, lastFetchMs: 5, lastCaughtUpMs: null }],
      observers: [],
      nodes: [{ nodeId: 1, host: 'h', port: 1 }],
    })
  })

  it('gets and loses voters', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(addRaftVoterApi, () => ({ answer: { throttleTimeMs: 0, ...DONE } }))
    cluster.intercept(removeRaftVoterApi, () => ({
      answer: { throttleTimeMs: 0, errorCode: ERROR_CODES.VOTER_NOT_FOUND, errorMessage: 'no such voter' },
    }))
    const voter = { nodeId: 4, directoryId: DIRECTORY_ID }
    await clock.run(admin.addVoter({ ...voter, host: 'h', port: 9093 }))
    expect(cluster.requestsOf(addRaftVoterApi)[0]?.body).toMatchObject({
      voterId: 4,
      voterDirectoryId: DIRECTORY_ID,
      listeners: [{ name: 'CONTROLLER', host: 'h', port: 9093 }],
    })
    await expect(clock.run(admin.removeVoter(voter))).rejects.toMatchObject({ kafkaError: 'VOTER_NOT_FOUND' })
  })
})

it('brokers that are gone are forgotten', async () => {
  const { cluster, clock, admin } = start()
  cluster.intercept(unregisterBrokerApi, () => ({ answer: { throttleTimeMs: 0, ...DONE } }))
  await clock.run(admin.unregisterBroker(3))
  expect(cluster.requestsOf(unregisterBrokerApi)[0]?.body).toEqual({ brokerId: 3 })
})

it.each([
  [undefined, 1],
  ['safe' as const, 2],
  ['unsafe' as const, 3],
])('feature levels are changed (downgrade: %s)', async (downgrade, upgradeType) => {
  const { cluster, clock, admin } = start()
  cluster.intercept(updateFeaturesApi, () => ({ answer: { throttleTimeMs: 0, ...DONE, results: [] } }))
  await clock.run(
    admin.updateFeatures([{ name: 'f', level: 2, ...(downgrade === undefined ? {} : { downgrade }) }], { validateOnly: true }),
  )
  expect(cluster.requestsOf(updateFeaturesApi)[0]?.body).toMatchObject({
    featureUpdates: [{ feature: 'f', maxVersionLevel: 2, upgradeType }],
    validateOnly: true,
  })
})
