import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { describeQuorumApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture, CLUSTER_ID } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  const lag = (nodeId: number) => ({ nodeId, directoryId: CLUSTER_ID, logEndOffset: 90 + nodeId, lastFetchMs: 5, lastCaughtUpMs: 4 })
  broker.controller.answers.describeQuorum = () => ({
    leaderId: 1,
    leaderEpoch: 7,
    highWatermark: 91,
    voters: [lag(1), lag(2)],
    observers: [lag(3)],
    nodes: [{ nodeId: 1, host: 'h', port: 9093 }],
  })
})

afterEach(() => broker.close())

const METADATA = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]

it.each([0, 1, 2])('tells who votes, who follows and how far each is, in version %i', async (version) => {
  const lag = (replicaId: number) => ({
    replicaId,
    replicaDirectoryId: version < 2 ? ZERO_UUID : CLUSTER_ID,
    logEndOffset: 90 + replicaId,
    lastFetchTimestamp: version < 1 ? -1 : 5,
    lastCaughtUpTimestamp: version < 1 ? -1 : 4,
  })
  const partition = { partitionIndex: 0, errorCode: ERROR_CODES.NONE, leaderId: 1, leaderEpoch: 7, highWatermark: 91 }
  expect(await broker.call(describeQuorumApi, version, { topics: METADATA })).toMatchObject({
    errorCode: ERROR_CODES.NONE,
    topics: [{ topicName: '__cluster_metadata', partitions: [{ ...partition, currentVoters: [lag(1), lag(2)], observers: [lag(3)] }] }],
    nodes: version < 2 ? [] : [{ nodeId: 1, listeners: [{ name: 'CONTROLLER', host: 'h', port: 9093 }] }],
  })
})

it.each([
  ['another topic', [{ topicName: 'orders', partitions: [{ partitionIndex: 0 }] }]],
  ['another partition', [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 1 }] }]],
  ['one more partition', [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] }]],
  ['one more topic', [...METADATA, { topicName: 'orders', partitions: [{ partitionIndex: 0 }] }]],
])('knows no quorum of %s', async (_what, topics) => {
  const answer = await broker.call(describeQuorumApi, 2, { topics })
  const errors = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
  expect(new Set(errors)).toEqual(new Set([ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION]))
  expect(broker.controller.commands).toEqual([])
})

it('says that there is no controller', async () => {
  broker.controller.answers.describeQuorum = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'not here')
  expect(await broker.call(describeQuorumApi, 2, { topics: METADATA })).toMatchObject({
    errorCode: ERROR_CODES.NOT_CONTROLLER,
    errorMessage: 'not here',
    topics: [],
  })
})
