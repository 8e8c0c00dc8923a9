import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { electLeadersApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const topicPartitions = [
  { topic: 'a', partitions: [0, 1] },
  { topic: 'b', partitions: [0] },
]

const NOT_NEEDED = { errorCode: ERROR_CODES.ELECTION_NOT_NEEDED, errorMessage: 'it leads' }

it.each([
  [0, {}, 'preferred'],
  [1, { electionType: 0 }, 'preferred'],
  [1, { electionType: 1 }, 'unclean'],
  [2, { electionType: 1 }, 'unclean'],
] as const)('carries the wish to the controller and back in version %i, %j', async (version, request, type) => {
  broker.controller.answers.electLeaders = () => ({
    ...SUCCESS,
    partitions: [
      { topic: 'a', partition: 0, ...SUCCESS },
      { topic: 'b', partition: 0, ...SUCCESS },
      { topic: 'a', partition: 1, ...NOT_NEEDED },
    ],
  })
  const answer = await broker.call(electLeadersApi, version, { ...request, topicPartitions, timeoutMs: 9 })
  expect(broker.controller.commands).toEqual([
    {
      name: 'electLeaders',
      command: {
        type,
        timeoutMs: 9,
        partitions: [
          { topic: 'a', partition: 0 },
          { topic: 'a', partition: 1 },
          { topic: 'b', partition: 0 },
        ],
      },
    },
  ])
  expect(answer).toEqual({
    throttleTimeMs: 0,
    errorCode: ERROR_CODES.NONE,
    replicaElectionResults: [
      {
        topic: 'a',
        partitionResult: [
          { partitionId: 0, ...SUCCESS },
          { partitionId: 1, ...NOT_NEEDED },
        ],
      },
      { topic: 'b', partitionResult: [{ partitionId: 0, ...SUCCESS }] },
    ],
  })
})

it('asks for all partitions where none are named', async () => {
  await broker.call(electLeadersApi, 2, { electionType: 0, topicPartitions: null })
  expect(broker.controller.commands).toMatchObject([{ command: { partitions: null } }])
})

it.each([-1, 2])('refuses the election type %i without asking', async (electionType) => {
  const answer = await broker.call(electLeadersApi, 2, { electionType, topicPartitions })
  expect(answer.errorCode).toBe(ERROR_CODES.INVALID_REQUEST)
  expect(
    answer.replicaElectionResults
      .flatMap(({ partitionResult }) => partitionResult)
      .every(({ errorCode }) => errorCode === ERROR_CODES.INVALID_REQUEST),
  ).toBe(true)
  expect(broker.controller.commands).toEqual([])
})

it('tells the request and each partition that there is no controller', async () => {
  broker.controller.answers.electLeaders = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'not here')
  const answer = await broker.call(electLeadersApi, 2, { electionType: 0, topicPartitions })
  expect(answer.errorCode).toBe(ERROR_CODES.NOT_CONTROLLER)
  expect(answer.replicaElectionResults[0]?.partitionResult[0]).toEqual({
    partitionId: 0,
    errorCode: ERROR_CODES.NOT_CONTROLLER,
    errorMessage: 'not here',
  })
})
