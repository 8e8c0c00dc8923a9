import { apiVersionsApi, decodeResponse, ERROR_CODES, joinChunks } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture, CLUSTER_ID, NODE_ID } from '../testing/broker-fixture.ts'
import { unsupportedApiVersionsFrame } from './18-api-versions.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const software = { clientSoftwareName: 'millrace', clientSoftwareVersion: '1.0.0' }

it.each([0, 1, 2, 3, 4, 5])('lists what is served, in version %i', async (version) => {
  const answer = await broker.call(apiVersionsApi, version, version < 3 ? {} : software)
  expect(answer.errorCode).toBe(ERROR_CODES.NONE)
  expect(answer.apiKeys).toEqual(broker.handlers.map(({ api, minVersion, maxVersion }) => ({ apiKey: api.key, minVersion, maxVersion })))
})

describe('features', () => {
  it.each([3, 4, 5])('are those of this build, and the levels that the cluster agreed on, in version %i', async (version) => {
    broker.feed.commit({ type: 'feature-level', name: 'millrace.version', level: 1 })
    const answer = await broker.call(apiVersionsApi, version, software)
    expect(answer.supportedFeatures).toContainEqual({ name: 'millrace.version', minVersion: 1, maxVersion: 1 })
    expect(answer.finalizedFeatures).toEqual([{ name: 'millrace.version', maxVersionLevel: 1, minVersionLevel: 1 }])
    expect(answer.finalizedFeaturesEpoch).toBe(broker.feed.image().offset)
  })

  it.each([
    [3, false],
    [4, true],
  ])('whose level may be 0 are told of from version 4 on, for older clients cannot read that (version %i)', async (version, areTold) => {
    const { supportedFeatures } = await broker.call(apiVersionsApi, version, software)
    const found = supportedFeatures.filter(({ minVersion }) => minVersion === 0)
    expect(found).toEqual(areTold ? [{ name: 'transaction.version', minVersion: 0, maxVersion: 2 }] : [])
  })

  it('are unknown to older versions', async () => {
    expect(await broker.call(apiVersionsApi, 2, {})).toMatchObject({
      supportedFeatures: [],
      finalizedFeatures: [],
      finalizedFeaturesEpoch: -1,
    })
  })
})

it('advertises the refused first versions of Produce, without which old librdkafka does not compress', async () => {
  const { apiKeys } = await broker.call(apiVersionsApi, 3, software)
  expect(apiKeys.find(({ apiKey }) => apiKey === 0)).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 13 })
})

it.each(['', ' ', 'a b', '-a', 'a-', 'a\nb', 'ä'])('refuses %j as the name or version of a client', async (text) => {
  for (const request of [
    { ...software, clientSoftwareName: text },
    { ...software, clientSoftwareVersion: text },
  ]) {
    expect(await broker.call(apiVersionsApi, 3, request)).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUEST, apiKeys: [] })
  }
})

describe('a client that says whom it means', () => {
  it.each([
    { clusterId: CLUSTER_ID, nodeId: NODE_ID, errorCode: ERROR_CODES.NONE },
    { clusterId: null, nodeId: -1, errorCode: ERROR_CODES.NONE },
    { clusterId: CLUSTER_ID, nodeId: 2, errorCode: ERROR_CODES.REBOOTSTRAP_REQUIRED },
    { clusterId: 'another', nodeId: NODE_ID, errorCode: ERROR_CODES.REBOOTSTRAP_REQUIRED },
    { clusterId: null, nodeId: NODE_ID, errorCode: ERROR_CODES.INVALID_REQUEST },
    { clusterId: CLUSTER_ID, nodeId: -1, errorCode: ERROR_CODES.INVALID_REQUEST },
  ])('gets error $errorCode for cluster $clusterId and node $nodeId', async ({ clusterId, nodeId, errorCode }) => {
    const answer = await broker.call(apiVersionsApi, 5, { ...software, clusterId, nodeId })
    expect(answer.errorCode).toBe(errorCode)
    expect(answer.apiKeys.length > 0).toBe(errorCode === ERROR_CODES.NONE)
  })
})

it('answers an unknown version as Kafka does: in the form of version 0, with the versions that there are', () => {
  const frame = joinChunks(unsupportedApiVersionsFrame(7))
  expect(Buffer.from(frame).toString('hex')).toBe('00000010' + '00000007' + '0023' + '00000001' + '001200000005')
  expect(decodeResponse(apiVersionsApi, 0, frame.subarray(4))).toMatchObject({
    correlationId: 7,
    body: { errorCode: ERROR_CODES.UNSUPPORTED_VERSION, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 5 }] },
  })
})
