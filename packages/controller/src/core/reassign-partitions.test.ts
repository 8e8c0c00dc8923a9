import type { PartitionImage } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { alterPartitionReassignments } from './reassign-partitions.ts'
import { TestCluster } from './testing/cluster.ts'

const HEALTHY = { replicas: [1, 2], isr: [1, 2] }
const MOVING = { replicas: [3, 4, 1, 2], isr: [1, 2], addingReplicas: [3, 4], removingReplicas: [1, 2] }

function clusterWith(state: Partial<PartitionImage>): TestCluster {
  const cluster = new TestCluster([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }, { id: 6, isFenced: true }])
  cluster.addTopic('orders', [{ leader: state.isr?.[0] ?? -1, ...state }], { 'min.insync.replicas': '2' })
  return cluster
}

function reassign(cluster: TestCluster, replicas: readonly number[] | null, allowReplicationFactorChange = true) {
  const partitions = [{ topic: 'orders', partition: 0, replicas }]
  const outcome = cluster.run(alterPartitionReassignments, { partitions, allowReplicationFactorChange })
  return outcome.partitions.map(({ errorCode }) => errorName(errorCode)).join()
}

const NONE_MOVING = { addingReplicas: [], removingReplicas: [] }

describe('a move', () => {
  it.each<[string, Partial<PartitionImage>, number[] | null, Partial<PartitionImage>]>([
    ['adds the new replicas beside the old ones', HEALTHY, [3, 4], { ...MOVING, leader: 1, leaderEpoch: 5 }],
    ['keeps who stays', HEALTHY, [2, 3], { replicas: [2, 3, 1], addingReplicas: [3], removingReplicas: [1], isr: [1, 2], leader: 1 }],
    ['to fewer replicas is over at once', HEALTHY, [2], { replicas: [2], isr: [2], leader: 2, leaderEpoch: 6, ...NONE_MOVING }],
    [
      'to the same replicas in another order is over at once',
      HEALTHY,
      [2, 1],
      { replicas: [2, 1], leader: 1, leaderEpoch: 5, ...NONE_MOVING },
    ],
    ['to a fenced broker waits for it', HEALTHY, [6, 1], { replicas: [6, 1, 2], addingReplicas: [6], removingReplicas: [2], leader: 1 }],
    ['to where it is changes nothing', HEALTHY, [1, 2], { ...HEALTHY, partitionEpoch: 10 }],
    ['to where it is going changes nothing', MOVING, [3, 4], { ...MOVING, partitionEpoch: 10 }],
    [
      'can be sent elsewhere; what only the first one wanted leaves',
      { ...MOVING, isr: [1, 2, 3] },
      [4, 5],
      { replicas: [4, 5, 1, 2], addingReplicas: [4, 5], removingReplicas: [1, 2], isr: [1, 2], leader: 1, leaderEpoch: 6 },
    ],
    ['can be taken back', MOVING, null, { replicas: [1, 2], isr: [1, 2], leader: 1, leaderEpoch: 6, ...NONE_MOVING }],
    [
      'can be taken back when a new replica leads already',
      { ...MOVING, isr: [3, 1], leader: 3 },
      null,
      { replicas: [1, 2], isr: [1], elr: [], leader: 1, leaderEpoch: 6, ...NONE_MOVING },
    ],
    [
      'can be taken back to who is eligible',
      { ...MOVING, isr: [3], elr: [2], leader: 3 },
      null,
      { replicas: [1, 2], isr: [2], elr: [], leader: 2, ...NONE_MOVING },
    ],
  ])('%s', (_what, before, replicas, after) => {
    const cluster = clusterWith(before)
    expect(reassign(cluster, replicas)).toBe('NONE')
    expect(cluster.partition('orders')).toMatchObject(after)
  })
})

it.each<[string, Partial<PartitionImage>, number[] | null, string]>([
  ['nobody', HEALTHY, [], 'INVALID_REPLICA_ASSIGNMENT'],
  ['a broker twice', HEALTHY, [3, 3], 'INVALID_REPLICA_ASSIGNMENT'],
  ['an unknown broker', HEALTHY, [1, 9], 'INVALID_REPLICA_ASSIGNMENT'],
  ['back, with nothing going on', HEALTHY, null, 'NO_REASSIGNMENT_IN_PROGRESS'],
  ['back, to brokers that lack what was committed', { ...MOVING, isr: [3], leader: 3 }, null, 'INVALID_REPLICA_ASSIGNMENT'],
  ['elsewhere, away from all who are in sync', { ...MOVING, isr: [3], leader: 3 }, [5, 6], 'INVALID_REPLICA_ASSIGNMENT'],
])('refuses a move to %s', (_what, before, replicas, error) => {
  const cluster = clusterWith(before)
  const image = cluster.image
  expect(reassign(cluster, replicas)).toBe(error)
  expect(cluster.image).toBe(image)
})

it.each<[number[], string]>([
  [[1, 2, 3], 'INVALID_REPLICATION_FACTOR'],
  [[3], 'INVALID_REPLICATION_FACTOR'],
  [[3, 4], 'NONE'],
])('where the number of replicas has to stay: %j gives %s', (replicas, error) => {
  expect(reassign(clusterWith(HEALTHY), replicas, false)).toBe(error)
  // Replicas on their way do not count.
  expect(reassign(clusterWith(MOVING), replicas, false)).toBe(error)
})

it('partitions succeed and fail on their own; one named twice is refused', () => {
  const cluster = clusterWith(HEALTHY)
  const of = (topic: string, replicas: number[]) => ({ topic, partition: 0, replicas })
  const run = (partitions: ReturnType<typeof of>[]) =>
    cluster
      .run(alterPartitionReassignments, { partitions, allowReplicationFactorChange: true })
      .partitions.map(({ errorCode }) => errorName(errorCode))
  expect(run([of('x', [1]), of('orders', [3, 4])])).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'NONE'])
  expect(run([of('orders', [1]), of('orders', [2])])).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
})
