import { errorName } from '@millrace/protocol'
import { expect, it } from 'vitest'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { fenceBroker } from './fence-broker.ts'
import { TestCluster } from './testing/cluster.ts'

function clusterWithTopic(): TestCluster {
  const cluster = new TestCluster([{ id: 1 }, { id: 2 }, { id: 3 }])
  const topic = { name: 'orders', partitionCount: 2, replicationFactor: 2, assignments: [], configs: [] }
  cluster.run(createTopics, { topics: [topic, { ...topic, name: '__consumer_offsets' }], validateOnly: false })
  return cluster
}

const add = (count: number, assignments: number[][] | null = null, name = 'orders') => ({ name, count, assignments })

it('adds partitions with the replication factor of the first', () => {
  const cluster = clusterWithTopic()
  const before = cluster.image.topics.get('orders')?.partitions ?? []
  expect(cluster.run(createPartitions, { topics: [add(5)], validateOnly: false })).toMatchObject([{ errorCode: 0 }])
  const partitions = cluster.image.topics.get('orders')?.partitions ?? []
  expect(partitions).toHaveLength(5)
  expect(partitions.slice(0, 2)).toEqual(before)
  for (const partition of partitions) expect(new Set(partition.replicas).size).toBe(2)
})

it('takes assignments as they are', () => {
  const cluster = clusterWithTopic()
  cluster.run(createPartitions, {
    topics: [
      add(4, [
        [3, 1],
        [2, 3],
      ]),
    ],
    validateOnly: false,
  })
  expect(cluster.image.topics.get('orders')?.partitions.slice(2)).toMatchObject([{ replicas: [3, 1] }, { replicas: [2, 3] }])
})

it('only validates when asked to', () => {
  const cluster = clusterWithTopic()
  const before = cluster.image
  expect(cluster.run(createPartitions, { topics: [add(5)], validateOnly: true })).toMatchObject([{ errorCode: 0 }])
  expect(cluster.image).toBe(before)
})

it.each([
  ['an unknown topic', [add(5, null, 'x')], 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['as many as there are', [add(2)], 'INVALID_PARTITIONS'],
  ['fewer than there are', [add(1)], 'INVALID_PARTITIONS'],
  ['a negative count', [add(-1)], 'INVALID_PARTITIONS'],
  ['very many', [add(2_147_483_647)], 'POLICY_VIOLATION'],
  ['too few assignments', [add(4, [[1, 2]])], 'INVALID_REPLICA_ASSIGNMENT'],
  ['assignments of another size', [add(3, [[1]])], 'INVALID_REPLICA_ASSIGNMENT'],
  ['an unknown broker', [add(3, [[1, 9]])], 'INVALID_REPLICA_ASSIGNMENT'],
  ['a topic of coordinators', [add(5, null, '__consumer_offsets')], 'INVALID_TOPIC_EXCEPTION'],
  ['a topic twice', [add(3), add(4)], 'INVALID_REQUEST'],
])('refuses %s', (_what, topics, error) => {
  const cluster = clusterWithTopic()
  const before = cluster.image
  const outcomes = cluster.run(createPartitions, { topics, validateOnly: false })
  expect(outcomes.map(({ errorCode }) => errorName(errorCode))).toEqual([error])
  expect(cluster.image).toBe(before)
})

it('uses brokers that are away when too few are left, and needs one that is there', () => {
  const cluster = clusterWithTopic()
  const stop = (brokerId: number): void => {
    cluster.silent.add(brokerId)
    cluster.run(fenceBroker, { brokerId, brokerEpoch: cluster.image.brokers.get(brokerId)?.epoch ?? -1 })
  }
  stop(1)
  stop(2)
  expect(cluster.run(createPartitions, { topics: [add(3)], validateOnly: false })).toMatchObject([{ errorCode: 0 }])
  expect(cluster.image.topics.get('orders')?.partitions[2]).toMatchObject({ isr: [3], leader: 3 })
  stop(3)
  const [outcome] = cluster.run(createPartitions, { topics: [add(4)], validateOnly: false })
  expect(errorName(outcome?.errorCode ?? 0)).toBe('INVALID_REPLICATION_FACTOR')
})
