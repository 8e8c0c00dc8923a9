import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { createPartitionsApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const request = {
  topics: [
    { name: 'a', count: 3, assignments: null },
    { name: 'b', count: 2, assignments: [{ brokerIds: [1, 2] }] },
  ],
  timeoutMs: 10,
  validateOnly: true,
}

it.each([0, 1, 2, 3])('carries the request to the controller and back in version %i', async (version) => {
  broker.controller.answers.createPartitions = () => [
    { name: 'a', ...SUCCESS },
    { name: 'b', errorCode: ERROR_CODES.INVALID_PARTITIONS, errorMessage: 'it has them already' },
  ]
  const { results } = await broker.call(createPartitionsApi, version, request)
  expect(broker.controller.commands).toEqual([
    {
      name: 'createPartitions',
      command: {
        validateOnly: true,
        topics: [
          { name: 'a', count: 3, assignments: null },
          { name: 'b', count: 2, assignments: [[1, 2]] },
        ],
      },
    },
  ])
  expect(results).toEqual([
    { name: 'a', errorCode: ERROR_CODES.NONE, errorMessage: null },
    { name: 'b', errorCode: ERROR_CODES.INVALID_PARTITIONS, errorMessage: 'it has them already' },
  ])
})

it('tells each topic that there is no controller', async () => {
  broker.controller.answers.createPartitions = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'closed')
  const { results } = await broker.call(createPartitionsApi, 3, request)
  expect(results.map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.NOT_CONTROLLER, ERROR_CODES.NOT_CONTROLLER])
})
