/** Registration, and what the controller does with what an earlier process of the broker left behind. */
import { FEATURES, type RegisterBrokerCommand, SUPPORTED_FEATURES } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { allocateProducerIds } from './producer-ids.ts'
import { registerBroker } from './register-broker.ts'
import { registerController } from './register-controller.ts'
import { TestCluster } from './testing/cluster.ts'
import { unregisterBroker } from './unregister-broker.ts'
import { beginWithFeatures } from './update-features.ts'

const REGISTRATION: RegisterBrokerCommand = {
  brokerId: 7,
  clusterId: 'cluster',
  incarnationId: 'first',
  listeners: [{ name: 'PLAINTEXT', host: '', port: 9092, securityProtocol: 0 }],
  rack: 'r',
  directoryIds: ['d'],
  features: SUPPORTED_FEATURES,
  previousBrokerEpoch: -1,
}

/** A broker that stopped in good order, unless it is said otherwise. */
function again(cluster: TestCluster, brokerId: number, change: Partial<RegisterBrokerCommand> = {}) {
  cluster.silent.add(brokerId)
  const answer = cluster.run(registerBroker, {
    ...REGISTRATION,
    brokerId,
    incarnationId: 'again',
    directoryIds: cluster.image.brokers.get(brokerId)?.directoryIds ?? [],
    previousBrokerEpoch: cluster.epochOf(brokerId),
    ...change,
  })
  return errorName(answer.errorCode)
}

describe('registration', () => {
  it('gives the offset of its batch as epoch, a greater one each time, and a fence', () => {
    const cluster = new TestCluster([])
    const first = cluster.run(registerBroker, REGISTRATION)
    cluster.silent.add(7)
    const second = cluster.run(registerBroker, { ...REGISTRATION, incarnationId: 'second' })
    expect(second.brokerEpoch).toBeGreaterThan(first.brokerEpoch)
    expect(cluster.image.brokers.get(7)).toMatchObject({ epoch: second.brokerEpoch, incarnationId: 'second', rack: 'r', isFenced: true })
  })

  it('asked for again by the same incarnation gives the same epoch and writes nothing', () => {
    const cluster = new TestCluster([])
    const first = cluster.run(registerBroker, REGISTRATION)
    const before = cluster.image
    expect(cluster.run(registerBroker, REGISTRATION)).toEqual(first)
    expect(cluster.image).toBe(before)
  })

  it.each<[string, Partial<RegisterBrokerCommand>, (cluster: TestCluster) => void, string]>([
    ['a process of another cluster', { clusterId: 'other' }, () => {}, 'INCONSISTENT_CLUSTER_ID'],
    ['the same process, sent to another cluster', { clusterId: 'other', incarnationId: 'first' }, () => {}, 'INCONSISTENT_CLUSTER_ID'],
    ['a second process while the first is alive', {}, () => {}, 'DUPLICATE_BROKER_REGISTRATION'],
    ['a second process when the first is silent', {}, (cluster) => cluster.silent.add(7), 'NONE'],
    [
      'a second process while the first is stopping',
      {},
      (cluster) => {
        const change = { brokerId: 7, brokerEpoch: cluster.epochOf(7), isInControlledShutdown: true }
        cluster.apply([{ type: 'broker-registration-change', ...change }])
      },
      'NONE',
    ],
    ['a copy of another broker´s directory', { brokerId: 8 }, () => {}, 'INVALID_REGISTRATION'],
    ['a build without a feature in force', { brokerId: 8, directoryIds: ['e'], features: [] }, () => {}, 'UNSUPPORTED_VERSION'],
    [
      'a build that is too new for a feature in force',
      { brokerId: 8, directoryIds: ['e'], features: FEATURES.map(({ name }) => ({ name, minLevel: 2, maxLevel: 3 })) },
      () => {},
      'UNSUPPORTED_VERSION',
    ],
  ])('answers %s', (_what, change, prepare, error) => {
    const cluster = new TestCluster([])
    cluster.run(beginWithFeatures, null)
    cluster.run(registerBroker, REGISTRATION)
    prepare(cluster)
    const before = cluster.image
    const answer = cluster.run(registerBroker, { ...REGISTRATION, incarnationId: 'second', ...change })
    expect(errorName(answer.errorCode)).toBe(error)
    if (error === 'NONE') expect(cluster.image.brokers.get(7)?.incarnationId).toBe('second')
    else expect({ image: cluster.image, brokerEpoch: answer.brokerEpoch }).toEqual({ image: before, brokerEpoch: -1 })
  })
})

describe('a broker that comes back', () => {
  const REPLICATED = { durability: 'replicated', 'min.insync.replicas': '2' }
  const FSYNC = { 'min.insync.replicas': '2' }
  const CRASHED = { previousBrokerEpoch: -1 }
  const WIPED = { ...CRASHED, directoryIds: ['new'] }

  function clusterOf(configs: Record<string, string>, ...partitions: Parameters<TestCluster['addTopic']>[1]): TestCluster {
    const cluster = new TestCluster([{ id: 1, directoryIds: ['d1'] }, { id: 2 }, { id: 3 }])
    cluster.addTopic('orders', partitions, configs)
    return cluster
  }

  it.each<[string, Record<string, string>, Partial<RegisterBrokerCommand>, object, object]>([
    ['cleanly is no leader and not in sync', FSYNC, {}, { isr: [1, 2, 3] }, { isr: [2, 3], elr: [], leader: 2, leaderEpoch: 6 }],
    ['cleanly stays eligible', REPLICATED, {}, { isr: [2, 3], elr: [], replicas: [1, 2, 3] }, { isr: [2, 3], leader: 2, leaderEpoch: 5 }],
    ['cleanly stays eligible where too few are in sync', REPLICATED, {}, { isr: [1, 2] }, { isr: [2], elr: [1], leader: 2 }],
    ['after a crash is eligible where it flushed', FSYNC, CRASHED, { isr: [1, 2] }, { isr: [2], elr: [1], leader: 2 }],
    ['after a crash is not where it did not', REPLICATED, CRASHED, { isr: [1, 2] }, { isr: [2], elr: [], leader: 2 }],
    ['after a crash is not eligible any more', REPLICATED, CRASHED, { isr: [2], elr: [1] }, { isr: [2], elr: [], leader: 2 }],
    ['after a crash keeps the ELR where it flushed', FSYNC, CRASHED, { isr: [2], elr: [1] }, { isr: [2], elr: [1], partitionEpoch: 10 }],
    ['as the last one, cleanly, is waited for', FSYNC, {}, { isr: [1] }, { isr: [], elr: [1], leader: -1, lastKnownElr: [1] }],
    ['as the last one, after a crash', REPLICATED, CRASHED, { isr: [1] }, { isr: [], elr: [], leader: -1, lastKnownElr: [1] }],
    ['after a crash gives way to who is eligible', REPLICATED, CRASHED, { isr: [1], elr: [2] }, { isr: [2], elr: [], leader: 2 }],
    ['with an empty disk has nothing, flushed or not', FSYNC, WIPED, { isr: [1, 2] }, { isr: [2], elr: [], leader: 2 }],
    ['with an empty disk is not even remembered', FSYNC, WIPED, { isr: [1] }, { isr: [], elr: [], leader: -1, lastKnownElr: [] }],
  ])('%s', (_what, configs, change, before, after) => {
    const cluster = clusterOf(configs, before)
    expect(again(cluster, 1, change)).toBe('NONE')
    expect(cluster.partition('orders')).toMatchObject(after)
  })

  it('is settled in one batch with its registration', () => {
    const cluster = clusterOf(FSYNC, ...Array.from({ length: 100 }, () => ({})))
    again(cluster, 1)
    expect(cluster.lastBatchCount).toBe(1)
  })

  it('is registered last when there is more to settle than a step takes', () => {
    const cluster = clusterOf(FSYNC, {})
    for (let index = 0; index < 3; index++) {
      cluster.addTopic(
        `many-${index}`,
        Array.from({ length: 1800 }, () => ({})),
      )
    }
    const answer = again(cluster, 1)
    expect(answer).toBe('NONE')
    expect(cluster.lastBatchCount).toBe(3)
    expect(cluster.epochOf(1)).toBe(cluster.image.offset)
    for (let index = 0; index < 3; index++) {
      expect(cluster.image.topics.get(`many-${index}`)?.partitions.every(({ isr }) => !isr.includes(1))).toBe(true)
    }
  })
})

describe('the last replica standing (three replicas, two have to be in sync, acknowledged from memory)', () => {
  it('does not lead after it lost its memory; who was in sync with it does, and nothing committed is gone', () => {
    const cluster = new TestCluster([{ id: 1 }, { id: 2 }, { id: 3 }])
    cluster.addTopic('orders', [{ isr: [3], elr: [2], leader: 3 }], { durability: 'replicated', 'min.insync.replicas': '2' })
    expect(again(cluster, 2)).toBe('NONE')
    expect(cluster.partition('orders')).toMatchObject({ isr: [3], elr: [2], leader: 3 })
    expect(again(cluster, 3, { previousBrokerEpoch: -1 })).toBe('NONE')
    expect(cluster.partition('orders')).toMatchObject({ isr: [], elr: [2], leader: -1 })
  })
})

describe('unregistering', () => {
  it('forgets the broker and what it alone had, and lets others lead', () => {
    const cluster = new TestCluster([{ id: 1 }, { id: 2 }])
    cluster.addTopic(
      'orders',
      [
        { isr: [1], elr: [2] },
        { replicas: [1], isr: [1] },
      ],
      { 'min.insync.replicas': '2' },
    )
    expect(errorName(cluster.run(unregisterBroker, { brokerId: 1 }).errorCode)).toBe('NONE')
    expect(cluster.image.brokers.has(1)).toBe(false)
    expect(cluster.partition('orders', 0)).toMatchObject({ replicas: [1, 2], isr: [2], leader: 2 })
    expect(cluster.partition('orders', 1)).toMatchObject({ replicas: [1], isr: [], elr: [], lastKnownElr: [], leader: -1 })
  })

  it('says so when there is no such broker', () => {
    expect(errorName(new TestCluster().run(unregisterBroker, { brokerId: 9 }).errorCode)).toBe('BROKER_ID_NOT_REGISTERED')
  })
})

describe('controllers', () => {
  const ADDRESS = { clusterId: 'cluster', nodeId: 3, directoryId: 'd', host: 'h', port: 9093 }

  it('are found where they say, and say it twice for nothing', () => {
    const cluster = new TestCluster()
    cluster.run(registerController, ADDRESS)
    const before = cluster.image
    expect(before.controllers.get(3)).toEqual({ id: 3, directoryId: 'd', host: 'h', port: 9093 })
    cluster.run(registerController, ADDRESS)
    expect(cluster.image).toBe(before)
  })

  it('of another cluster are refused', () => {
    const answer = new TestCluster().run(registerController, { ...ADDRESS, clusterId: 'other' })
    expect(errorName(answer.errorCode)).toBe('INCONSISTENT_CLUSTER_ID')
  })
})

describe('producer ids', () => {
  it('come in blocks that never overlap', () => {
    const cluster = new TestCluster()
    const request = { brokerId: 1, brokerEpoch: cluster.epochOf(1) }
    expect(cluster.run(allocateProducerIds, request)).toMatchObject({ errorCode: 0, firstProducerId: 0, count: 1000 })
    expect(cluster.run(allocateProducerIds, request)).toMatchObject({ errorCode: 0, firstProducerId: 1000, count: 1000 })
  })

  it.each([
    ['an unknown broker', { brokerId: 9, brokerEpoch: 0 }, 'BROKER_ID_NOT_REGISTERED'],
    ['a stale epoch', { brokerId: 1, brokerEpoch: 99 }, 'STALE_BROKER_EPOCH'],
  ])('are refused to %s', (_what, request, error) => {
    const answer = new TestCluster().run(allocateProducerIds, request)
    expect(errorName(answer.errorCode)).toBe(error)
    expect(answer.count).toBe(0)
  })

  it('end before they stop being exact', () => {
    const cluster = new TestCluster()
    const brokerEpoch = cluster.epochOf(1)
    cluster.apply([{ type: 'producer-ids', brokerId: 1, brokerEpoch, nextProducerId: Number.MAX_SAFE_INTEGER - 10 }])
    expect(errorName(cluster.run(allocateProducerIds, { brokerId: 1, brokerEpoch }).errorCode)).toBe('UNKNOWN_SERVER_ERROR')
  })
})
