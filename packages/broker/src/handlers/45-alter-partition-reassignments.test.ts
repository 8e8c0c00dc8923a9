import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { alterPartitionReassignmentsApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const topics = [
  {
    name: 'a',
    partitions: [
      { partitionIndex: 0, replicas: [2, 3] },
      { partitionIndex: 1, replicas: null },
    ],
  },
  { name: 'b', partitions: [{ partitionIndex: 7, replicas: [1] }] },
]

const UNKNOWN = { errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'no such partition' }

it.each([
  [0, {}, true],
  [1, { allowReplicationFactorChange: false }, false],
] as const)('carries the wish to the controller and back in version %i', async (version, request, allowReplicationFactorChange) => {
  broker.controller.answers.alterPartitionReassignments = () => ({
    ...SUCCESS,
    partitions: [
      { topic: 'a', partition: 0, ...SUCCESS },
      { topic: 'a', partition: 1, ...SUCCESS },
      { topic: 'b', partition: 7, ...UNKNOWN },
    ],
  })
  const answer = await broker.call(alterPartitionReassignmentsApi, version, { ...request, topics })
  expect(broker.controller.commands).toEqual([
    {
      name: 'alterPartitionReassignments',
      command: {
        allowReplicationFactorChange,
        partitions: [
          { topic: 'a', partition: 0, replicas: [2, 3] },
          { topic: 'a', partition: 1, replicas: null },
          { topic: 'b', partition: 7, replicas: [1] },
        ],
      },
    },
  ])
  expect(answer).toMatchObject({
    errorCode: ERROR_CODES.NONE,
    errorMessage: null,
    responses: [
      {
        name: 'a',
        partitions: [
          { partitionIndex: 0, ...SUCCESS },
          { partitionIndex: 1, ...SUCCESS },
        ],
      },
      { name: 'b', partitions: [{ partitionIndex: 7, ...UNKNOWN }] },
    ],
  })
  if (version > 0) expect(answer.allowReplicationFactorChange).toBe(false)
})

it('says for the request as a whole that there is no controller', async () => {
  broker.controller.answers.alterPartitionReassignments = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'not here')
  expect(await broker.call(alterPartitionReassignmentsApi, 1, { topics })).toMatchObject({
    errorCode: ERROR_CODES.NOT_CONTROLLER,
    errorMessage: 'not here',
    responses: [],
  })
})
