import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES, unregisterBrokerApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const UNKNOWN = { errorCode: ERROR_CODES.BROKER_ID_NOT_REGISTERED, errorMessage: 'broker 7 is not registered' }
const NOBODY = { errorCode: ERROR_CODES.NOT_CONTROLLER, errorMessage: 'not here' }

it.each([
  ['that the broker is gone', SUCCESS, SUCCESS],
  ['that there is no such broker', UNKNOWN, UNKNOWN],
  ['that there is no controller', new ControllerError(CONTROLLER_ERROR_CODES.notLeader, NOBODY.errorCode, NOBODY.errorMessage), NOBODY],
])('asks the controller, and says %s', async (_what, outcome, answer) => {
  broker.controller.answers.unregisterBroker = () => outcome
  expect(await broker.call(unregisterBrokerApi, 0, { brokerId: 7 })).toEqual({ throttleTimeMs: 0, ...answer })
  expect(broker.controller.commands).toEqual([{ name: 'unregisterBroker', command: { brokerId: 7 } }])
})
