/** What becomes of a broker and its partitions when it says how it is, or says nothing any more. */
import type { BrokerHeartbeatCommand } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { fenceBroker } from './fence-broker.ts'
import { heartbeat } from './heartbeat.ts'
import { settlePartitions } from './settle-partitions.ts'
import { TestCluster } from './testing/cluster.ts'

function beat(cluster: TestCluster, brokerId: number, change: Partial<BrokerHeartbeatCommand> = {}) {
  return cluster.run(heartbeat, {
    brokerId,
    brokerEpoch: cluster.epochOf(brokerId),
    metadataOffset: cluster.image.offset,
    wantFence: false,
    wantShutdown: false,
    failedPartitions: [],
    isDirectoryOffline: false,
    ...change,
  })
}

const THREE = [{ id: 1 }, { id: 2 }, { id: 3 }]
const ONE_FENCED = [{ id: 1, isFenced: true }, { id: 2 }, { id: 3 }]

describe('a heartbeat', () => {
  it('of an active broker writes nothing', () => {
    const cluster = new TestCluster(THREE)
    cluster.addTopic('orders', [{}])
    const before = cluster.image
    expect(beat(cluster, 1)).toEqual({ errorCode: 0, errorMessage: null, isFenced: false, isCaughtUp: true, shouldShutdown: false })
    expect(cluster.image).toBe(before)
  })

  it.each([
    ['of an earlier life', { brokerEpoch: 99 }],
    ['of an unknown broker', { brokerId: 9, brokerEpoch: 0 }],
  ])('%s is told to register', (_what, change) => {
    const cluster = new TestCluster(THREE)
    const before = cluster.image
    const answer = beat(cluster, 1, change)
    expect({ ...answer, error: errorName(answer.errorCode) }).toMatchObject({ error: 'STALE_BROKER_EPOCH', isFenced: true })
    expect(cluster.image).toBe(before)
  })
})

describe('a fenced broker', () => {
  it.each<[string, Partial<BrokerHeartbeatCommand>, boolean]>([
    ['that knows of its registration is unfenced', {}, false],
    ['that does not yet stays fenced', { metadataOffset: -1 }, true],
    ['that wants to stays fenced', { wantFence: true }, true],
    ['without a disk stays fenced', { isDirectoryOffline: true }, true],
    ['that stops stays fenced', { wantShutdown: true }, true],
  ])('%s', (_what, change, isFenced) => {
    const cluster = new TestCluster(ONE_FENCED)
    expect(beat(cluster, 1, change)).toMatchObject({ isFenced, shouldShutdown: change.wantShutdown === true })
    expect(cluster.image.brokers.get(1)?.isFenced).toBe(isFenced)
  })

  it('leads again what waited for it, and nothing that has a leader', () => {
    const cluster = new TestCluster(ONE_FENCED)
    cluster.addTopic('orders', [
      { replicas: [1], isr: [], elr: [1], leader: -1, lastKnownElr: [1] },
      { replicas: [1, 2], isr: [2] },
      { replicas: [1, 2], isr: [], elr: [], leader: -1, lastKnownElr: [2] },
    ])
    beat(cluster, 1)
    expect(cluster.partition('orders', 0)).toMatchObject({
      isr: [1],
      elr: [],
      lastKnownElr: [],
      leader: 1,
      leaderEpoch: 6,
      recoveryState: 'recovered',
    })
    expect(cluster.partition('orders', 1)).toMatchObject({ isr: [2], leader: 2, partitionEpoch: 10 })
    // Who led last (2) is active and could have led before; it does as soon as anybody looks.
    expect(cluster.partition('orders', 2)).toMatchObject({ isr: [2], leader: 2, recoveryState: 'recovering' })
  })

  it('gets all of them though they are more than a step takes', () => {
    const cluster = new TestCluster(ONE_FENCED)
    const waiting = { replicas: [1], isr: [], elr: [1], leader: -1, lastKnownElr: [1] }
    for (const name of ['a', 'b', 'c']) {
      cluster.addTopic(
        name,
        Array.from({ length: 1800 }, () => waiting),
      )
    }
    expect(beat(cluster, 1)).toMatchObject({ isFenced: false })
    expect(cluster.lastBatchCount).toBe(3)
    for (const name of ['a', 'b', 'c']) expect(cluster.image.topics.get(name)?.partitions.every(({ leader }) => leader === 1)).toBe(true)
  })

  it('is not elected as the last known leader', () => {
    const cluster = new TestCluster(ONE_FENCED)
    cluster.addTopic('orders', [{ isr: [], elr: [], leader: -1, lastKnownElr: [1] }])
    cluster.run(settlePartitions, null)
    expect(cluster.partition('orders').leader).toBe(-1)
    beat(cluster, 1)
    expect(cluster.partition('orders')).toMatchObject({ leader: 1, recoveryState: 'recovering', lastKnownElr: [] })
  })
})

describe('a broker that is not heard of', () => {
  it('is fenced, and its partitions have other leaders in the same batch', () => {
    const cluster = new TestCluster(THREE)
    cluster.addTopic('orders', [{}, { replicas: [2, 1], isr: [2, 1] }, { replicas: [1], isr: [1] }])
    cluster.silent.add(1)
    cluster.run(fenceBroker, { brokerId: 1, brokerEpoch: cluster.epochOf(1) })
    expect(cluster.lastBatchCount).toBe(1)
    expect(cluster.image.brokers.get(1)?.isFenced).toBe(true)
    expect(cluster.partition('orders', 0)).toMatchObject({ isr: [2, 3], leader: 2, leaderEpoch: 6, partitionEpoch: 11 })
    expect(cluster.partition('orders', 1)).toMatchObject({ isr: [2], leader: 2, leaderEpoch: 5, partitionEpoch: 11 })
    expect(cluster.partition('orders', 2)).toMatchObject({ isr: [], elr: [1], leader: -1, lastKnownElr: [1] })
  })

  it.each<[string, (cluster: TestCluster) => number]>([
    ['was heard of meanwhile', (cluster) => cluster.epochOf(1)],
    [
      'registered anew meanwhile',
      (cluster) => {
        cluster.silent.add(1)
        return cluster.epochOf(1) - 1
      },
    ],
  ])('is left alone when it %s', (_what, epochOf) => {
    const cluster = new TestCluster(THREE)
    const brokerEpoch = epochOf(cluster)
    const before = cluster.image
    cluster.run(fenceBroker, { brokerId: 1, brokerEpoch })
    expect(cluster.image).toBe(before)
  })
})

describe('a broker that stops', () => {
  it('hands over what it leads, leaves every ISR, and may go when every active broker knows', () => {
    const cluster = new TestCluster(THREE)
    cluster.addTopic('orders', [{}, { replicas: [2, 1], isr: [2, 1] }, { replicas: [1], isr: [1] }])
    expect(beat(cluster, 1, { wantShutdown: true })).toMatchObject({ isFenced: false, shouldShutdown: false })
    expect(cluster.lastBatchCount).toBe(1)
    expect(cluster.image.brokers.get(1)).toMatchObject({ isInControlledShutdown: true, isFenced: false })
    expect(cluster.partition('orders', 0)).toMatchObject({ isr: [2, 3], leader: 2 })
    expect(cluster.partition('orders', 1)).toMatchObject({ isr: [2], leader: 2 })
    // Nobody else has it: it is without a leader until the broker is back, which is then elected.
    expect(cluster.partition('orders', 2)).toMatchObject({ isr: [], elr: [1], leader: -1 })

    cluster.shutdownOffsets.set(1, cluster.image.offset)
    cluster.metadataOffsets.set(3, cluster.image.offset - 1)
    expect(beat(cluster, 1, { wantShutdown: true }).shouldShutdown).toBe(false)
    cluster.metadataOffsets.set(3, cluster.image.offset)
    expect(beat(cluster, 1, { wantShutdown: true }).shouldShutdown).toBe(true)
  })

  it('does not wait for brokers that are fenced', () => {
    const cluster = new TestCluster([{ id: 1, isInControlledShutdown: true }, { id: 2, isFenced: true }, { id: 3 }])
    cluster.shutdownOffsets.set(1, cluster.image.offset)
    cluster.metadataOffsets.set(2, -1)
    expect(beat(cluster, 1, { wantShutdown: true }).shouldShutdown).toBe(true)
  })

  it('does not stop before the controller knows since when it stops', () => {
    const cluster = new TestCluster([{ id: 1, isInControlledShutdown: true }])
    expect(beat(cluster, 1, { wantShutdown: true }).shouldShutdown).toBe(false)
  })
})

it.each([{ wantFence: true }, { isDirectoryOffline: true }])('an active broker that says %j is fenced', (change) => {
  const cluster = new TestCluster(THREE)
  cluster.addTopic('orders', [{}])
  expect(beat(cluster, 1, change).isFenced).toBe(true)
  expect(cluster.partition('orders')).toMatchObject({ isr: [2, 3], leader: 2 })
})

describe('a log that cannot be opened', () => {
  it.each<[string, object, object]>([
    ['is led by another', {}, { isr: [2, 3], elr: [], leader: 2, leaderEpoch: 6 }],
    ['is not in sync', { isr: [2, 1], leader: 2 }, { isr: [2], elr: [], leader: 2, leaderEpoch: 5 }],
    ['is not eligible', { isr: [2], elr: [1] }, { isr: [2], elr: [] }],
    ['gives way to who is eligible', { isr: [1], elr: [3] }, { isr: [3], elr: [], leader: 3, recoveryState: 'recovered' }],
    ['is not the last known leader either', { isr: [1] }, { isr: [], elr: [], leader: -1, lastKnownElr: [] }],
  ])('%s', (_what, before, after) => {
    const cluster = new TestCluster(THREE)
    const topicId = cluster.addTopic('orders', [before], { 'min.insync.replicas': '2' })
    cluster.failed.add(`1 ${topicId} 0`)
    const failedPartitions = [{ topicId, partition: 0 }]
    expect(beat(cluster, 1, { failedPartitions })).toMatchObject({ errorCode: 0, isFenced: false })
    expect(cluster.partition('orders')).toMatchObject(after)
    const settled = cluster.image
    beat(cluster, 1, { failedPartitions })
    expect(cluster.image).toBe(settled)
  })

  it('is not elected where anybody may lead', () => {
    const cluster = new TestCluster(THREE)
    const topicId = cluster.addTopic('orders', [{ replicas: [1], isr: [1] }], { 'unclean.leader.election.enable': 'true' })
    cluster.failed.add(`1 ${topicId} 0`)
    beat(cluster, 1, { failedPartitions: [{ topicId, partition: 0 }] })
    expect(cluster.partition('orders')).toMatchObject({ isr: [], leader: -1 })
  })

  it('of a topic that is gone says nothing', () => {
    const cluster = new TestCluster(THREE)
    const before = cluster.image
    beat(cluster, 1, { failedPartitions: [{ topicId: 'gone', partition: 0 }] })
    expect(cluster.image).toBe(before)
  })
})
