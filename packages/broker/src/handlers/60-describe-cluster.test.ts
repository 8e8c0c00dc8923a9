import { describeClusterApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture, CLUSTER_ID, LOCAL, NODE_ID } from '../testing/broker-fixture.ts'

const NOT_ASKED = -2_147_483_648

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(3, { isFenced: true })
  broker.addBroker(2, { rack: 'r2' })
})

afterEach(() => broker.close())

it.each([0, 1, 2])('tells who belongs to the cluster in version %i', async (version) => {
  expect(await broker.call(describeClusterApi, version, { includeClusterAuthorizedOperations: false })).toEqual({
    throttleTimeMs: 0,
    errorCode: ERROR_CODES.NONE,
    errorMessage: null,
    endpointType: 1,
    clusterId: CLUSTER_ID,
    controllerId: NODE_ID,
    brokers: [
      { brokerId: 1, host: LOCAL.host, port: LOCAL.port, rack: null, isFenced: false },
      { brokerId: 2, host: LOCAL.host, port: 9002, rack: 'r2', isFenced: false },
    ],
    clusterAuthorizedOperations: NOT_ASKED,
  })
})

it('shows fenced brokers and what may be done on request', async () => {
  const request = { includeClusterAuthorizedOperations: true, includeFencedBrokers: true }
  const answer = await broker.call(describeClusterApi, 2, request)
  expect(answer.brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced])).toEqual([
    [1, false],
    [2, false],
    [3, true],
  ])
  expect(answer.clusterAuthorizedOperations).toBe(8096)
})

it.each([
  { endpointType: 2, errorCode: ERROR_CODES.MISMATCHED_ENDPOINT_TYPE },
  { endpointType: 7, errorCode: ERROR_CODES.UNSUPPORTED_ENDPOINT_TYPE },
])('refuses endpoint type $endpointType with $errorCode', async ({ endpointType, errorCode }) => {
  const request = { includeClusterAuthorizedOperations: true, endpointType }
  expect(await broker.call(describeClusterApi, 1, request)).toMatchObject({ errorCode, clusterId: '', controllerId: -1, brokers: [] })
})

it('names as controller a broker that can be reached, also while this one is fenced', async () => {
  const request = { includeClusterAuthorizedOperations: false }
  broker.addBroker(NODE_ID, { isFenced: true })
  expect(await broker.call(describeClusterApi, 2, request)).toMatchObject({ controllerId: 2 })
  broker.addBroker(2, { isFenced: true })
  expect(await broker.call(describeClusterApi, 2, request)).toMatchObject({ controllerId: -1, brokers: [] })
})
