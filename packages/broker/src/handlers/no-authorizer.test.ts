import { createAclsApi, deleteAclsApi, describeAclsApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const REFUSED = { errorCode: ERROR_CODES.SECURITY_DISABLED, errorMessage: 'there is no authorizer' }
const ANY = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}
const ALLOWED = {
  resourceType: 2,
  resourceName: 'a',
  resourcePatternType: 3,
  principal: 'User:x',
  host: '*',
  operation: 3,
  permissionType: 3,
}

it.each([1, 2, 3])('says that there is no authorizer to who asks for ACLs, in version %i', async (version) => {
  expect(await broker.call(describeAclsApi, version, ANY)).toEqual({ throttleTimeMs: 0, ...REFUSED, resources: [] })
})

it.each([1, 2, 3])('refuses each ACL that is to be created, in version %i', async (version) => {
  const answer = await broker.call(createAclsApi, version, { creations: [ALLOWED, { ...ALLOWED, resourceName: 'b' }] })
  expect(answer).toEqual({ throttleTimeMs: 0, results: [REFUSED, REFUSED] })
})

it.each([1, 2, 3])('refuses each filter of ACLs to be deleted, in version %i', async (version) => {
  const answer = await broker.call(deleteAclsApi, version, { filters: [ANY, ANY] })
  const refused = { ...REFUSED, matchingAcls: [] }
  expect(answer).toEqual({ throttleTimeMs: 0, filterResults: [refused, refused] })
})
