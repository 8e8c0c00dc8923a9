import { describeUserScramCredentialsApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

it.each([[null], [[]]])('knows nobody with credentials when it is asked for all: %j', async (users) => {
  const answer = await broker.call(describeUserScramCredentialsApi, 0, { users })
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, errorMessage: null, results: [] })
})

it('does not find who is asked for by name', async () => {
  const answer = await broker.call(describeUserScramCredentialsApi, 0, { users: [{ name: 'a' }, { name: 'b' }] })
  const notFound = { errorCode: ERROR_CODES.RESOURCE_NOT_FOUND, errorMessage: 'the user has no credentials', credentialInfos: [] }
  expect(answer).toMatchObject({
    errorCode: ERROR_CODES.NONE,
    results: [
      { user: 'a', ...notFound },
      { user: 'b', ...notFound },
    ],
  })
})
