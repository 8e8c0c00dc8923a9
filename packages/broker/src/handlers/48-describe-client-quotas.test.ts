import { describeClientQuotasApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const OF_ANY = { matchType: 2, match: null }

it.each([[[]], [['user']], [['user', 'client-id']], [['ip']]])('has no quotas of %j', async (types) => {
  const components = types.map((entityType) => ({ entityType, ...OF_ANY }))
  const answer = await broker.call(describeClientQuotasApi, 1, { components, strict: false })
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, errorMessage: null, entries: [] })
})

it('refuses entities of a type that it does not know', async () => {
  const components = ['user', 'client'].map((entityType) => ({ entityType, ...OF_ANY }))
  const answer = await broker.call(describeClientQuotasApi, 1, { components, strict: false })
  const errorMessage = 'there is no entity type "client"'
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: ERROR_CODES.UNSUPPORTED_VERSION, errorMessage, entries: null })
})
