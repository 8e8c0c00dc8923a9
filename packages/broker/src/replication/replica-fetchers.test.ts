import { seededRandom, silentLogger } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeLeader } from '../testing/fake-leader.ts'
import { FakeReplica } from '../testing/fake-replica.ts'
import { PipeNetwork } from '../testing/pipe-network.ts'
import { RecordFeed } from '../testing/record-feed.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import type { FollowedPartitions } from './followed-partition.ts'
import { ReplicaFetchers } from './replica-fetchers.ts'

const SETTINGS = {
  maxBytes: 1_000,
  responseMaxBytes: 10_000,
  minBytes: 1,
  maxWaitMs: 500,
  backoffMaxMs: 1_000,
  timeoutMs: 30_000,
  isPrompt: false,
}

class Followers implements FollowedPartitions {
  readonly replicas = new Set<FakeReplica>()
  #tell: (changed: readonly FakeReplica[]) => void = () => {}

  followed(): Iterable<FakeReplica> {
    return this.replicas
  }

  onRolesChanged(listener: (changed: readonly FakeReplica[]) => void): () => void {
    this.#tell = listener
    return () => void (this.#tell = () => {})
  }

  change(change: () => void): void {
    change()
    this.#tell([...this.replicas])
  }
}

let clock: StillClock
let network: PipeNetwork
let feed: RecordFeed
let followers: Followers
let fetchers: ReplicaFetchers
let leaders: Map<number, FakeLeader>

beforeEach(async () => {
  clock = new StillClock()
  network = new PipeNetwork()
  feed = new RecordFeed('mB0s3oWvTxGVWHNTVVlXSA')
  followers = new Followers()
  leaders = new Map()
  for (const id of [2, 3]) await start(id, 9092)
  fetchers = new ReplicaFetchers({
    nodeId: 1,
    clock,
    random: seededRandom(1),
    network: network.host('broker-1'),
    logger: silentLogger,
    maxFrameBytes: 100_000,
    settings: () => SETTINGS,
    brokerEpoch: () => 7,
    partitions: followers,
    feed,
  })
})

afterEach(() => fetchers.close())

/** Starts a leader, or starts it anew at another address, and registers it. */
async function start(id: number, port: number): Promise<FakeLeader> {
  const leader = new FakeLeader(clock)
  leaders.set(id, leader)
  await leader.listen(network.host(`broker-${id}`), `broker-${id}`, port)
  register(id, port)
  return leader
}

function register(id: number, port: number): void {
  feed.commit({
    type: 'register-broker',
    brokerId: id,
    brokerEpoch: -1,
    incarnationId: 'A'.repeat(22),
    listeners: [{ name: 'PLAINTEXT', host: `broker-${id}`, port, securityProtocol: 0 }],
    rack: null,
    directoryIds: [],
    features: [],
    isFenced: false,
    isInControlledShutdown: false,
  })
}

function leader(id: number): FakeLeader {
  const found = leaders.get(id)
  if (found === undefined) throw new Error(`there is no leader ${id}`)
  return found
}

async function follow(topic: string, leaderId: number, leaderEpoch = 3): Promise<FakeReplica> {
  const replica = new FakeReplica(topic, leaderId, leaderEpoch)
  followers.change(() => void followers.replicas.add(replica))
  await pass(20)
  return replica
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(10)
    await settled()
  }
}

describe('the fetchers of a broker', () => {
  it('are one for each leader, over one connection', async () => {
    const replicas = [await follow('a', 2), await follow('b', 2), await follow('c', 3)]
    leader(2).append(replicas[0]?.topicId ?? '', 1)
    leader(2).append(replicas[1]?.topicId ?? '', 2)
    leader(3).append(replicas[2]?.topicId ?? '', 3)
    await pass(20)
    expect(replicas.map(({ records }) => records)).toEqual([[1], [2], [3]])
    expect(network.connects).toEqual(['broker-2:9092', 'broker-3:9092'])
  })

  it('ask nobody about partitions without a leader, with an unknown one, or that are led here', async () => {
    await follow('a', -1)
    await follow('b', 9)
    await follow('c', 1)
    await pass(1_000)
    expect(network.connects).toEqual([])
    expect(fetchers.status()).toEqual([])
  })

  it('follow a partition to its next leader at once', async () => {
    const a = await follow('a', 2)
    await follow('b', 3)
    leader(2).append(a.topicId, 1)
    await pass(20)
    leader(3).append(a.topicId, 1, 2)
    followers.change(() => void (a.image = { leader: 3, leaderEpoch: 4 }))
    await pass(30)
    expect(a.records).toEqual([1, 2])
    expect(leader(3).requests.at(-1)?.topics[0]?.partitions[0]?.currentLeaderEpoch).toBe(4)
    leader(2).append(a.topicId, 99)
    await pass(1_000)
    expect(a.records).toEqual([1, 2])
  })

  it('look at a partition again as soon as it can take something', async () => {
    const a = new FakeReplica('a', 2)
    a.isOpen = false
    leader(2).append(a.topicId, 1)
    followers.change(() => void followers.replicas.add(a))
    await settled()
    followers.change(() => (a.isOpen = true))
    await settled()
    await settled()
    expect(a.records).toEqual([1])
  })

  it('ask the same leader anew in a new epoch', async () => {
    const a = await follow('a', 2)
    followers.change(() => void (a.image = { leader: 2, leaderEpoch: 4 }))
    await pass(30)
    expect(leader(2).log(a.topicId).lastAsked?.currentLeaderEpoch).toBe(4)
  })

  it('end with the last partition that follows', async () => {
    const a = await follow('a', 2)
    followers.change(() => void followers.replicas.delete(a))
    await pass(20)
    const asked = leader(2).requests.length
    await pass(2_000)
    expect(leader(2).requests.length).toBe(asked)
  })

  it('connect anew to a leader that was started anew, wherever it is now', async () => {
    const a = await follow('a', 2)
    network.kill('broker-2')
    const restarted = await start(2, 9192)
    restarted.append(a.topicId, 5)
    await pass(50)
    expect(a.records).toEqual([5])
    expect(network.connects.at(-1)).toBe('broker-2:9192')
  })

  it('tell how far each partition is behind', async () => {
    const a = await follow('a', 2)
    leader(2).log(a.topicId).highWatermark = 10
    leader(2).append(a.topicId, 1, 2, 3)
    await pass(30)
    const status = { topic: 'a', partition: 0, leader: 2, leaderEpoch: 3, isConnected: true, status: 'ready', fetchOffset: 3, lag: 7 }
    expect(fetchers.status()).toEqual([status])
    expect([fetchers.statusOf(a.topicId, 0), fetchers.statusOf(a.topicId, 1)]).toEqual([status, null])
  })
})
