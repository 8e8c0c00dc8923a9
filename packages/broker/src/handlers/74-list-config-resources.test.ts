import { ERROR_CODES, listConfigResourcesApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(2, { isFenced: true })
  broker.addTopic('a')
  broker.feed.commit({ type: 'config', resourceType: 'group', resourceName: 'g', name: 'consumer.session.timeout.ms', value: '50000' })
})

afterEach(() => broker.close())

const TOPICS = [{ resourceName: 'a', resourceType: 2 }]
const GROUPS = [{ resourceName: 'g', resourceType: 32 }]
const BROKERS = [{ resourceName: '1', resourceType: 4 }]

it.each([
  { resourceTypes: [], expected: [...GROUPS, ...BROKERS, ...TOPICS] },
  { resourceTypes: [2], expected: TOPICS },
  { resourceTypes: [2, 2], expected: TOPICS },
  { resourceTypes: [4], expected: BROKERS },
  { resourceTypes: [32], expected: GROUPS },
  { resourceTypes: [8, 16], expected: [] },
])('lists resources of types $resourceTypes', async ({ resourceTypes, expected }) => {
  const answer = await broker.call(listConfigResourcesApi, 1, { resourceTypes })
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, configResources: expected })
})

it('lists client metrics in version 0, of which there are none', async () => {
  const answer = await broker.call(listConfigResourcesApi, 0, {})
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, configResources: [] })
})

it.each([[[99]], [[2, 99]], [[-1]]])('refuses types that it does not know: %j', async (resourceTypes) => {
  const answer = await broker.call(listConfigResourcesApi, 1, { resourceTypes })
  expect(answer).toMatchObject({ errorCode: ERROR_CODES.UNSUPPORTED_VERSION, configResources: [] })
})
