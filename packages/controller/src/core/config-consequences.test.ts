/** What becomes of partitions when configs change that say who may lead and how many replicas are enough. */
import type { ConfigResourceType, PartitionImage } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { incrementalAlterConfigs } from './alter-configs.ts'
import { fenceBroker } from './fence-broker.ts'
import { TestCluster } from './testing/cluster.ts'

function clusterWith(state: Partial<PartitionImage>, configs: Record<string, string> = {}): TestCluster {
  const cluster = new TestCluster([{ id: 1 }, { id: 2 }, { id: 3, isFenced: true }], { 'min.insync.replicas': '2' })
  cluster.addTopic('orders', [{ replicas: [1, 2, 3], ...state }], configs)
  return cluster
}

function set(cluster: TestCluster, type: ConfigResourceType, resource: string, name: string, value: string | null): string {
  const configs = [{ name, operation: value === null ? ('delete' as const) : ('set' as const), value }]
  const [outcome] = cluster.run(incrementalAlterConfigs, { resources: [{ type, name: resource, configs }], validateOnly: false })
  return errorName(outcome?.errorCode ?? 0)
}

const MIN_ISR = 'min.insync.replicas'

describe('another min.insync.replicas', () => {
  it.each<[string, ConfigResourceType, string, string]>([
    ['lower, for the topic', 'topic', 'orders', '1'],
    ['higher, for the topic', 'topic', 'orders', '3'],
    ['lower, for all brokers', 'broker', '', '1'],
    ['higher, for all brokers', 'broker', '', '3'],
  ])('(%s) ends eligibility in the same batch', (_what, type, resource, value) => {
    const cluster = clusterWith({ isr: [1], elr: [2] })
    expect(set(cluster, type, resource, MIN_ISR, value)).toBe('NONE')
    expect(cluster.lastBatchCount).toBe(1)
    expect(cluster.partition('orders')).toMatchObject({ isr: [1], elr: [], leader: 1, leaderEpoch: 5, partitionEpoch: 11 })
  })

  it('makes whoever was out of sync no leader, though it was eligible before', () => {
    const cluster = clusterWith({ isr: [1], elr: [2] })
    set(cluster, 'topic', 'orders', MIN_ISR, '1')
    // With one replica being enough, the leader may have committed what the other never had.
    cluster.silent.add(1)
    cluster.run(fenceBroker, { brokerId: 1, brokerEpoch: cluster.epochOf(1) })
    expect(cluster.partition('orders')).toMatchObject({ isr: [], elr: [1], leader: -1 })
  })

  it('means nothing to a topic that has its own, or to a value that stays', () => {
    const cluster = clusterWith({ isr: [1], elr: [2] }, { [MIN_ISR]: '2' })
    set(cluster, 'broker', '', MIN_ISR, '1')
    set(cluster, 'topic', 'orders', MIN_ISR, '2')
    expect(cluster.partition('orders')).toMatchObject({ elr: [2], partitionEpoch: 10 })
  })

  it('is the same again when it is taken back', () => {
    const cluster = clusterWith({ isr: [1], elr: [2] }, { [MIN_ISR]: '3' })
    set(cluster, 'topic', 'orders', MIN_ISR, null)
    expect(cluster.partition('orders').elr).toEqual([])
  })

  it('keeps eligibility while nobody leads', () => {
    const cluster = clusterWith({ isr: [], elr: [3], leader: -1 })
    set(cluster, 'topic', 'orders', MIN_ISR, '1')
    expect(cluster.partition('orders').elr).toEqual([3])
  })

  it('cannot be set for one broker alone', () => {
    const cluster = clusterWith({ isr: [1, 2] })
    const before = cluster.image
    expect(set(cluster, 'broker', '1', MIN_ISR, '1')).toBe('INVALID_REQUEST')
    expect(cluster.image).toBe(before)
  })

  it('takes several batches where there is much to forget, the config last', () => {
    const cluster = clusterWith({ isr: [1, 2] })
    for (const name of ['a', 'b']) {
      cluster.addTopic(
        name,
        Array.from({ length: 6000 }, () => ({ isr: [1], elr: [2] })),
      )
    }
    set(cluster, 'broker', '', MIN_ISR, '1')
    expect(cluster.lastBatchCount).toBe(2)
    for (const name of ['a', 'b']) expect(cluster.image.topics.get(name)?.partitions.every(({ elr }) => elr.length === 0)).toBe(true)
  })
})

describe('unclean elections', () => {
  const OFFLINE = { isr: [], elr: [3], leader: -1 }

  it.each<[ConfigResourceType, string]>([
    ['topic', 'orders'],
    ['broker', ''],
  ])('that come to be allowed (for a %s) give partitions without a leader one', (type, resource) => {
    const cluster = clusterWith(OFFLINE)
    set(cluster, type, resource, 'unclean.leader.election.enable', 'true')
    expect(cluster.partition('orders')).toMatchObject({ isr: [1], elr: [], leader: 1, recoveryState: 'recovering' })
  })

  it('are not held for partitions that have a leader', () => {
    const cluster = clusterWith({ isr: [2], leader: 2 })
    set(cluster, 'topic', 'orders', 'unclean.leader.election.enable', 'true')
    expect(cluster.partition('orders').partitionEpoch).toBe(10)
  })
})
