import type { RegisterBrokerCommand } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { expect, it } from 'vitest'
import { allocateProducerIds } from './producer-ids.ts'
import { registerBroker } from './register-broker.ts'
import { TestCluster } from './testing/cluster.ts'

const REGISTRATION: RegisterBrokerCommand = {
  brokerId: 7,
  clusterId: 'cluster',
  incarnationId: 'first',
  listeners: [{ name: 'PLAINTEXT', host: '', port: 9092, securityProtocol: 0 }],
  rack: 'r',
  directoryIds: ['d'],
  features: [],
  previousBrokerEpoch: -1,
}

it('a broker gets the offset of its registration as epoch, and a greater one each time it starts', () => {
  const cluster = new TestCluster([])
  const first = cluster.run(registerBroker, REGISTRATION)
  const second = cluster.run(registerBroker, { ...REGISTRATION, incarnationId: 'second' })
  expect(second.brokerEpoch).toBeGreaterThan(first.brokerEpoch)
  expect(cluster.image.brokers.get(7)).toMatchObject({ epoch: second.brokerEpoch, incarnationId: 'second', rack: 'r' })
})

it('asking again with the same incarnation gives the same epoch and writes nothing', () => {
  const cluster = new TestCluster([])
  const first = cluster.run(registerBroker, REGISTRATION)
  const before = cluster.image
  expect(cluster.run(registerBroker, REGISTRATION)).toEqual(first)
  expect(cluster.image).toBe(before)
})

it('a broker of another cluster is refused', () => {
  const cluster = new TestCluster([])
  const answer = cluster.run(registerBroker, { ...REGISTRATION, clusterId: 'other' })
  expect(errorName(answer.errorCode)).toBe('INCONSISTENT_CLUSTER_ID')
  expect(cluster.image.brokers.size).toBe(0)
})

it('producer ids come in blocks that never overlap', () => {
  const cluster = new TestCluster()
  const request = { brokerId: 1, brokerEpoch: cluster.image.brokers.get(1)?.epoch ?? -1 }
  expect(cluster.run(allocateProducerIds, request)).toMatchObject({ errorCode: 0, firstProducerId: 0, count: 1000 })
  expect(cluster.run(allocateProducerIds, request)).toMatchObject({ errorCode: 0, firstProducerId: 1000, count: 1000 })
})

it.each([
  ['an unknown broker', { brokerId: 9, brokerEpoch: 0 }, 'BROKER_ID_NOT_REGISTERED'],
  ['a stale epoch', { brokerId: 1, brokerEpoch: 99 }, 'STALE_BROKER_EPOCH'],
])('producer ids are refused to %s', (_what, request, error) => {
  const answer = new TestCluster().run(allocateProducerIds, request)
  expect(errorName(answer.errorCode)).toBe(error)
  expect(answer.count).toBe(0)
})

it('producer ids end before they stop being exact', () => {
  const cluster = new TestCluster()
  const brokerEpoch = cluster.image.brokers.get(1)?.epoch ?? -1
  cluster.apply([{ type: 'producer-ids', brokerId: 1, brokerEpoch, nextProducerId: Number.MAX_SAFE_INTEGER - 10 }])
  expect(errorName(cluster.run(allocateProducerIds, { brokerId: 1, brokerEpoch }).errorCode)).toBe('UNKNOWN_SERVER_ERROR')
})
