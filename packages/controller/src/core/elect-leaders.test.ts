import type { ElectLeadersCommand } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { balanceLeaders } from './balance-leaders.ts'
import { electLeaders } from './elect-leaders.ts'
import { TestCluster } from './testing/cluster.ts'

const OFFLINE = { isr: [], elr: [], leader: -1 }

function elect(cluster: TestCluster, type: ElectLeadersCommand['type'], partitions: [string, number][] | null) {
  const named = partitions?.map(([topic, partition]) => ({ topic, partition })) ?? null
  const { errorCode, partitions: outcomes } = cluster.run(electLeaders, { type, partitions: named, timeoutMs: 1000 })
  expect(errorCode).toBe(0)
  return outcomes.map(({ topic, partition, errorCode: code }) => `${topic}-${partition} ${errorName(code)}`)
}

function cluster(): TestCluster {
  const made = new TestCluster([{ id: 1 }, { id: 2 }, { id: 3, isFenced: true }])
  made.addTopic('orders', [
    { replicas: [1, 2], isr: [1, 2], leader: 1 },
    { replicas: [1, 2], isr: [1, 2], leader: 2 },
    { replicas: [1, 2], isr: [2], leader: 2 },
    { replicas: [3, 2], isr: [2], leader: 2 },
    { replicas: [1, 2], ...OFFLINE },
    { replicas: [3], ...OFFLINE },
  ])
  return made
}

describe('preferred leaders', () => {
  it.each([
    [0, 'ELECTION_NOT_NEEDED', 1],
    [1, 'NONE', 1],
    [2, 'PREFERRED_LEADER_NOT_AVAILABLE', 2],
    [3, 'PREFERRED_LEADER_NOT_AVAILABLE', 2],
    [4, 'PREFERRED_LEADER_NOT_AVAILABLE', -1],
    [9, 'UNKNOWN_TOPIC_OR_PARTITION', null],
  ])('of partition %i: %s', (partition, error, leader) => {
    const made = cluster()
    expect(elect(made, 'preferred', [['orders', partition]])).toEqual([`orders-${partition} ${error}`])
    if (leader !== null) expect(made.partition('orders', partition).leader).toBe(leader)
  })

  it('of all partitions: those that need none are not mentioned', () => {
    expect(elect(cluster(), 'preferred', null)).toEqual([
      'orders-1 NONE',
      'orders-2 PREFERRED_LEADER_NOT_AVAILABLE',
      'orders-3 PREFERRED_LEADER_NOT_AVAILABLE',
      'orders-4 PREFERRED_LEADER_NOT_AVAILABLE',
      'orders-5 PREFERRED_LEADER_NOT_AVAILABLE',
    ])
  })
})

describe('leaders at any price', () => {
  it.each([
    [0, 'ELECTION_NOT_NEEDED', 1],
    [4, 'NONE', 1],
    [5, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', -1],
  ])('of partition %i: %s', (partition, error, leader) => {
    const made = cluster()
    expect(elect(made, 'unclean', [['orders', partition]])).toEqual([`orders-${partition} ${error}`])
    expect(made.partition('orders', partition).leader).toBe(leader)
  })

  it('are chosen from who is safe, if anybody is', () => {
    const made = cluster()
    made.addTopic('safe', [{ replicas: [1, 2], isr: [], elr: [2], leader: -1 }])
    expect(elect(made, 'unclean', [['safe', 0]])).toEqual(['safe-0 NONE'])
    expect(made.partition('safe')).toMatchObject({ leader: 2, recoveryState: 'recovered' })
  })
})

it('unknown topics are told, partitions named twice are answered once', () => {
  expect(
    elect(cluster(), 'preferred', [
      ['x', 0],
      ['orders', 1],
      ['orders', 1],
    ]),
  ).toEqual(['x-0 UNKNOWN_TOPIC_OR_PARTITION', 'orders-1 NONE'])
})

describe('balancing', () => {
  it('gives back what the preferred leaders can lead', () => {
    const made = cluster()
    expect(made.run(balanceLeaders, null)).toBe(false)
    expect([0, 1, 2, 3].map((partition) => made.partition('orders', partition).leader)).toEqual([1, 1, 2, 2])
  })

  it('stops at a thousand, and says that there is more', () => {
    const made = new TestCluster([{ id: 1 }, { id: 2 }])
    made.addTopic(
      'orders',
      Array.from({ length: 1500 }, () => ({ replicas: [1, 2], isr: [1, 2], leader: 2 })),
    )
    expect([made.run(balanceLeaders, null), made.run(balanceLeaders, null)]).toEqual([true, false])
    expect(made.image.topics.get('orders')?.partitions.every(({ leader }) => leader === 1)).toBe(true)
  })

  it('does nothing where it is switched off', () => {
    const made = new TestCluster([{ id: 1 }, { id: 2 }], { 'auto.leader.rebalance.enable': 'false' })
    made.addTopic('orders', [{ isr: [1, 2], leader: 2 }])
    expect(made.run(balanceLeaders, null)).toBe(false)
    expect(made.partition('orders').leader).toBe(2)
  })
})
