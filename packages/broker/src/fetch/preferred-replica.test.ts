/** Where consumers that say in which rack they are are sent to read. */
import type { BrokerImage } from '@millrace/metadata'
import { ERROR_CODES, fetchApi } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { fetchOne } from '../testing/fetch-calls.ts'
import { produce } from '../testing/produce-calls.ts'
import { ReplicaScene } from '../testing/replica-scene.ts'
import { LEADER_ITSELF, preferredReplica } from './preferred-replica.ts'

interface Follower {
  readonly rack?: string
  readonly isFenced?: boolean
  readonly isInSync?: boolean
  readonly fetched?: number
}

function chosen(rack: string, fetchOffset: number, leaderRack: string | null, followers: Readonly<Record<number, Follower>>): number {
  const isr = [1, ...Object.keys(followers).map(Number)].filter((nodeId) => followers[nodeId]?.isInSync !== false)
  const scene = new ReplicaScene({ assignment: { isr }, endOffset: 100 })
  const brokers = new Map<number, BrokerImage>([[1, { id: 1, rack: leaderRack, isFenced: false } as BrokerImage]])
  for (const [id, { rack: followerRack = null, isFenced = false, fetched }] of Object.entries(followers)) {
    brokers.set(Number(id), { id: Number(id), rack: followerRack, isFenced } as BrokerImage)
    if (fetched !== undefined) scene.fetch(Number(id), fetched)
  }
  return preferredReplica(scene.state, brokers, rack, fetchOffset)
}

describe('the preferred read replica', () => {
  it.each([
    {
      name: 'is the leader where it stands in the rack',
      leaderRack: 'a',
      followers: { 2: { rack: 'a', fetched: 100 } },
      expected: LEADER_ITSELF,
    },
    {
      name: 'is one in the rack',
      leaderRack: 'b',
      followers: { 2: { rack: 'b', fetched: 100 }, 3: { rack: 'a', fetched: 60 } },
      expected: 3,
    },
    {
      name: 'is the furthest in the rack',
      leaderRack: null,
      followers: { 2: { rack: 'a', fetched: 60 }, 3: { rack: 'a', fetched: 70 } },
      expected: 3,
    },
    { name: 'has what is to be read', leaderRack: null, followers: { 2: { rack: 'a', fetched: 49 } }, expected: LEADER_ITSELF },
    { name: 'is in sync', leaderRack: null, followers: { 2: { rack: 'a', fetched: 60, isInSync: false } }, expected: LEADER_ITSELF },
    { name: 'is alive', leaderRack: null, followers: { 2: { rack: 'a', fetched: 60, isFenced: true } }, expected: LEADER_ITSELF },
    { name: 'has fetched', leaderRack: null, followers: { 2: { rack: 'a' } }, expected: LEADER_ITSELF },
    {
      name: 'is the leader where nobody stands in the rack',
      leaderRack: 'b',
      followers: { 2: { rack: 'c', fetched: 100 } },
      expected: LEADER_ITSELF,
    },
  ])('$name', ({ leaderRack, followers, expected }) => {
    expect(chosen('a', 50, leaderRack, followers)).toBe(expected)
  })

  it('is the leader for those who do not say where they are', () => {
    expect(chosen('', 50, 'b', { 2: { rack: '', fetched: 100 } })).toBe(LEADER_ITSELF)
  })
})

describe('a consumer in a rack', () => {
  const SELECTOR = { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' }

  async function answerTo(configs: Readonly<Record<string, string>>, version = 12) {
    const broker = await BrokerFixture.start({ configs })
    broker.addBroker(2, { rack: 'a' })
    broker.addTopic('a', [[1, 2]], { durability: 'replicated' })
    await produce(broker, batchOf(), { acks: 1 })
    const brokerEpoch = broker.feed.image().brokers.get(2)?.epoch ?? -1
    broker.partition('a').onFetchByReplica(2, { brokerEpoch, fetchOffset: 1, logStartOffset: 0 })
    const fetch = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }
    const answer = await broker.call(fetchApi, version, {
      maxWaitMs: 60_000,
      minBytes: 1,
      topics: [{ topic: 'a', partitions: [fetch] }],
      forgottenTopicsData: [],
      rackId: 'a',
    })
    await broker.close()
    return answer.responses[0]?.partitions[0]
  }

  it('is sent to the replica there, with no records and at once', async () => {
    const answer = await answerTo(SELECTOR)
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.NONE, preferredReadReplica: 2 })
    expect(answer?.records).toHaveLength(0)
  })

  it('reads from the leader where the broker does not select', async () => {
    const answer = await answerTo({})
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.NONE, preferredReadReplica: -1 })
    expect(answer?.records?.length).toBeGreaterThan(0)
  })

  it('is served by the replica that it was sent to, which sends it nowhere', async () => {
    const broker = await BrokerFixture.start({ configs: SELECTOR })
    broker.addBroker(2, { rack: 'a' })
    broker.addTopic('a', [[2, 1]])
    const result = await fetchOne(broker)
    expect(result).toMatchObject({ errorCode: ERROR_CODES.NONE, preferredReadReplica: -1 })
    await broker.close()
  })
})
