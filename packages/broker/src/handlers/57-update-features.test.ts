import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES, updateFeaturesApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

it.each([
  [0, { allowDowngrade: false }, 'upgrade', false],
  [0, { allowDowngrade: true }, 'safe-downgrade', false],
  [1, { upgradeType: 1 }, 'upgrade', true],
  [1, { upgradeType: 2 }, 'safe-downgrade', true],
  [2, { upgradeType: 3 }, 'unsafe-downgrade', true],
] as const)('carries the wish to the controller and back in version %i, %j', async (version, update, upgradeType, validateOnly) => {
  const request = { featureUpdates: [{ feature: 'f', maxVersionLevel: 2, ...update }], ...(version > 0 ? { validateOnly } : {}) }
  const answer = await broker.call(updateFeaturesApi, version, request)
  expect(broker.controller.commands).toEqual([
    { name: 'updateFeatures', command: { updates: [{ name: 'f', maxLevel: 2, upgradeType }], validateOnly } },
  ])
  expect(answer).toEqual({ throttleTimeMs: 0, ...SUCCESS, results: version < 2 ? [{ feature: 'f', ...SUCCESS }] : [] })
})

it.each([0, 4])('refuses the upgrade type %i without asking', async (upgradeType) => {
  const answer = await broker.call(updateFeaturesApi, 2, { featureUpdates: [{ feature: 'f', maxVersionLevel: 2, upgradeType }] })
  expect(answer.errorCode).toBe(ERROR_CODES.INVALID_REQUEST)
  expect(broker.controller.commands).toEqual([])
})

it('says what the controller says, or that there is none', async () => {
  const request = { featureUpdates: [{ feature: 'f', maxVersionLevel: 2 }] }
  const refused = { errorCode: ERROR_CODES.INVALID_UPDATE_VERSION, errorMessage: 'too high' }
  broker.controller.answers.updateFeatures = () => ({ ...refused, results: [{ name: 'f', ...refused }] })
  expect(await broker.call(updateFeaturesApi, 2, request)).toMatchObject(refused)
  broker.controller.answers.updateFeatures = () =>
    new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'not here')
  expect(await broker.call(updateFeaturesApi, 2, request)).toMatchObject({
    errorCode: ERROR_CODES.NOT_CONTROLLER,
    errorMessage: 'not here',
  })
})
