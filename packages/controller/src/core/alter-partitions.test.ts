/** The checks of a leader's wish, in their order: each row passes all checks before its own. */
import type { AlterablePartition, PartitionImage } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { alterPartitions } from './alter-partitions.ts'
import { registerBroker } from './register-broker.ts'
import { TestCluster } from './testing/cluster.ts'

const BROKERS = [
  { id: 1, directoryIds: ['d1'] },
  { id: 2, directoryIds: ['d2'] },
  { id: 3, isFenced: true },
  { id: 4, isInControlledShutdown: true },
  { id: 5 },
]

/** Led by 1 with leader epoch 5 and partition epoch 10; 2 is out of sync. */
function clusterWith(change: Partial<PartitionImage> = {}) {
  const cluster = new TestCluster(BROKERS)
  const topicId = cluster.addTopic('orders', [{ replicas: [1, 2, 3, 4], isr: [1], ...change }])
  return { cluster, topicId }
}

function wish(cluster: TestCluster, topicId: string, ids: readonly number[], change: Partial<AlterablePartition> = {}): AlterablePartition {
  const newIsr = ids.map((brokerId) => ({ brokerId, brokerEpoch: cluster.epochOf(brokerId) }))
  return { topicId, partition: 0, leaderEpoch: 5, partitionEpoch: 10, newIsr, recoveryState: 'recovered', ...change }
}

function alter(cluster: TestCluster, partitions: readonly AlterablePartition[], senderId = 1, brokerEpoch = cluster.epochOf(senderId)) {
  return cluster.run(alterPartitions, { brokerId: senderId, brokerEpoch, partitions })
}

it('takes a follower that has caught up into the ISR', () => {
  const { cluster, topicId } = clusterWith()
  const { partitions } = alter(cluster, [wish(cluster, topicId, [2, 1])])
  const state = { leader: 1, leaderEpoch: 5, partitionEpoch: 11, isr: [1, 2], recoveryState: 'recovered' }
  expect(partitions).toEqual([{ topicId, partition: 0, errorCode: 0, ...state }])
  expect(cluster.partition('orders')).toMatchObject(state)
})

describe('a request of a broker that is not who it says', () => {
  it.each([
    ['an earlier life of it', 1, 99],
    ['an unknown broker', 9, 0],
  ])('%s is refused as a whole', (_what, senderId, brokerEpoch) => {
    const { cluster, topicId } = clusterWith()
    const { errorCode, partitions } = alter(cluster, [wish(cluster, topicId, [1, 2])], senderId, brokerEpoch)
    expect([errorName(errorCode), partitions]).toEqual(['STALE_BROKER_EPOCH', []])
  })
})

type Change = Partial<AlterablePartition> & { readonly ids?: number[] }

it.each<[string, Partial<PartitionImage>, Change, string]>([
  ['an unknown topic', {}, { topicId: 'unknown', leaderEpoch: 9 }, 'UNKNOWN_TOPIC_ID'],
  ['an unknown partition', {}, { partition: 7, leaderEpoch: 9 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['a leader epoch above ours', { leader: 1 }, { leaderEpoch: 6, partitionEpoch: 9 }, 'NOT_CONTROLLER'],
  ['a partition epoch above ours', {}, { leaderEpoch: 4, partitionEpoch: 11 }, 'NOT_CONTROLLER'],
  ['a leader epoch that is over', { isr: [2], leader: 2 }, { leaderEpoch: 4, partitionEpoch: 9 }, 'FENCED_LEADER_EPOCH'],
  ['a sender that does not lead', { isr: [2], leader: 2 }, { partitionEpoch: 9 }, 'INVALID_REQUEST'],
  ['a state that is gone', {}, { partitionEpoch: 9, ids: [2] }, 'INVALID_UPDATE_VERSION'],
  ['a member that is no replica', {}, { ids: [1, 5] }, 'INVALID_REQUEST'],
  ['an ISR without its leader', {}, { ids: [2] }, 'INVALID_REQUEST'],
  ['a member twice', {}, { ids: [1, 2, 2] }, 'INVALID_REQUEST'],
  ['an ISR of two while the leader recovers', { recoveryState: 'recovering' }, { recoveryState: 'recovering' }, 'INVALID_REQUEST'],
  ['a leader that begins to recover of itself', {}, { ids: [1], recoveryState: 'recovering' }, 'INVALID_REQUEST'],
  ['a fenced member', {}, { ids: [1, 3] }, 'INELIGIBLE_REPLICA'],
  ['a member that stops', {}, { ids: [1, 4] }, 'INELIGIBLE_REPLICA'],
  [
    'a member of an earlier life',
    {},
    {
      newIsr: [
        { brokerId: 1, brokerEpoch: 0 },
        { brokerId: 2, brokerEpoch: 0 },
      ],
    },
    'INELIGIBLE_REPLICA',
  ],
  [
    'a member whose life the leader does not know',
    {},
    {
      newIsr: [
        { brokerId: 1, brokerEpoch: 0 },
        { brokerId: 2, brokerEpoch: -1 },
      ],
    },
    'INELIGIBLE_REPLICA',
  ],
])('refuses %s', (_what, state, { ids = [1, 2], ...change }, error) => {
  const { cluster, topicId } = clusterWith(state)
  const before = cluster.image
  const { errorCode, partitions } = alter(cluster, [wish(cluster, topicId, ids, change)])
  expect(errorCode).toBe(0)
  expect(partitions.map((partition) => errorName(partition.errorCode))).toEqual([error])
  expect(cluster.image).toBe(before)
})

it('says what is in force to who means something else', () => {
  const { cluster, topicId } = clusterWith()
  const { partitions } = alter(cluster, [wish(cluster, topicId, [1, 2], { partitionEpoch: 9 })])
  expect(partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 5, partitionEpoch: 10, isr: [1] })
})

describe('the same again, because the answer was lost', () => {
  it.each([10, 11])('succeeds with what is in force (partition epoch %i)', (partitionEpoch) => {
    const { cluster, topicId } = clusterWith()
    alter(cluster, [wish(cluster, topicId, [1, 2])])
    const before = cluster.image
    const { partitions } = alter(cluster, [wish(cluster, topicId, [2, 1], { partitionEpoch })])
    expect(partitions).toMatchObject([{ errorCode: 0, partitionEpoch: 11, isr: [1, 2] }])
    expect(cluster.image).toBe(before)
  })

  it('fails when something happened in between', () => {
    const { cluster, topicId } = clusterWith()
    alter(cluster, [wish(cluster, topicId, [1, 2])])
    alter(cluster, [wish(cluster, topicId, [1], { partitionEpoch: 11 })])
    const { partitions } = alter(cluster, [wish(cluster, topicId, [1, 2])])
    expect(errorName(partitions[0]?.errorCode ?? 0)).toBe('INVALID_UPDATE_VERSION')
  })
})

it('a broker whose disk was emptied does not come into the ISR by a wish that was on its way', () => {
  const { cluster, topicId } = clusterWith({ isr: [1, 2] })
  // The follower was in sync; the leader dropped it, and wants it back. Meanwhile it starts again with nothing.
  alter(cluster, [wish(cluster, topicId, [1])])
  const delayed = wish(cluster, topicId, [1, 2], { partitionEpoch: 11 })
  cluster.silent.add(2)
  const again = { clusterId: 'cluster', incarnationId: 'again', listeners: [], rack: null, directoryIds: ['new'], features: [] }
  const { brokerEpoch } = cluster.run(registerBroker, { ...again, brokerId: 2, previousBrokerEpoch: -1 })
  cluster.apply([{ type: 'broker-registration-change', brokerId: 2, brokerEpoch, isFenced: false }])
  const { partitions } = alter(cluster, [delayed])
  expect(errorName(partitions[0]?.errorCode ?? 0)).toBe('INELIGIBLE_REPLICA')
  expect(cluster.partition('orders').isr).toEqual([1])
})

it('a replica whose log cannot be opened does not come into the ISR', () => {
  const { cluster, topicId } = clusterWith()
  cluster.failed.add(`2 ${topicId} 0`)
  const { partitions } = alter(cluster, [wish(cluster, topicId, [1, 2])])
  expect(errorName(partitions[0]?.errorCode ?? 0)).toBe('INELIGIBLE_REPLICA')
})

it('a leader that has recovered says so, and may then have others in sync', () => {
  const { cluster, topicId } = clusterWith({ recoveryState: 'recovering' })
  const { partitions } = alter(cluster, [wish(cluster, topicId, [1, 2])])
  expect(partitions).toMatchObject([{ errorCode: 0, recoveryState: 'recovered', isr: [1, 2], leaderEpoch: 5 }])
})

it('ends a reassignment that waited for this, and tells the old leader who leads', () => {
  const { cluster, topicId } = clusterWith({ replicas: [2, 1], isr: [1], addingReplicas: [2], removingReplicas: [1] })
  const { partitions } = alter(cluster, [wish(cluster, topicId, [1, 2])])
  expect(partitions.map(({ errorCode }) => errorName(errorCode))).toEqual(['NEW_LEADER_ELECTED'])
  expect(partitions).toMatchObject([{ leader: 2, leaderEpoch: 6, isr: [2] }])
  expect(cluster.partition('orders')).toMatchObject({ replicas: [2], isr: [2], leader: 2, addingReplicas: [], removingReplicas: [] })
})

it('partitions of one request succeed and fail on their own; a partition named twice counts once', () => {
  const { cluster, topicId } = clusterWith()
  const { partitions } = alter(cluster, [wish(cluster, topicId, [1, 2]), wish(cluster, topicId, [1]), wish(cluster, 'unknown', [1])])
  expect(partitions.map(({ errorCode }) => errorName(errorCode))).toEqual(['NONE', 'INVALID_REQUEST', 'UNKNOWN_TOPIC_ID'])
  expect(cluster.partition('orders').isr).toEqual([1, 2])
})
