import { ERROR_CODES } from '@millrace/protocol'
import { BufferPool, seededRandom, silentLogger } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RequestMemory } from '../network/request-memory.ts'
import { FakeLeader } from '../testing/fake-leader.ts'
import { FakeReplica, topicIdOf } from '../testing/fake-replica.ts'
import { PipeNetwork } from '../testing/pipe-network.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import { LeaderFetcher } from './leader-fetcher.ts'

const ADDRESS = { host: 'leader', port: 9092 }
const WAIT_MS = 500
const BACKOFF_MAX_MS = 1_000
const TIMEOUT_MS = 30_000
const BROKER_EPOCH = 41

let clock: StillClock
let network: PipeNetwork
let leader: FakeLeader
let fetcher: LeaderFetcher
let brokerEpoch: number

beforeEach(async () => {
  clock = new StillClock()
  network = new PipeNetwork()
  leader = new FakeLeader(clock)
  brokerEpoch = BROKER_EPOCH
  await leader.listen(network.host('leader'), ADDRESS.host, ADDRESS.port)
  fetcher = new LeaderFetcher(2, ADDRESS, {
    nodeId: 1,
    clock,
    random: seededRandom(1),
    network: network.host('follower'),
    logger: silentLogger,
    memory: new RequestMemory({ pool: new BufferPool(), maxBytes: 1_000_000 }),
    maxFrameBytes: 1_000_000,
    settings: () => ({
      maxBytes: 1_048_576,
      responseMaxBytes: 10_485_760,
      minBytes: 1,
      maxWaitMs: WAIT_MS,
      backoffMaxMs: BACKOFF_MAX_MS,
      timeoutMs: TIMEOUT_MS,
      isPrompt: false,
    }),
    brokerEpoch: () => brokerEpoch,
  })
})

afterEach(() => fetcher.close())

/** Lets time pass in small steps, with all that follows from it. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(Math.min(10, left))
    await settled()
  }
}

async function following(...topics: readonly string[]): Promise<FakeReplica[]> {
  const replicas = topics.map((topic) => new FakeReplica(topic))
  for (const replica of replicas) fetcher.add(replica)
  await settled()
  await settled()
  return replicas
}

function only(replicas: readonly FakeReplica[]): FakeReplica {
  const [replica] = replicas
  if (replica === undefined) throw new Error('there is one')
  return replica
}

describe('following a leader', () => {
  it('says who asks, and brings what the leader has, in order', async () => {
    leader.append(topicIdOf('a'), 1, 2, 3)
    const a = only(await following('a'))
    expect(leader.requests[0]).toMatchObject({
      replicaState: { replicaId: 1, replicaEpoch: BROKER_EPOCH },
      maxWaitMs: WAIT_MS,
      maxBytes: 10_485_760,
      sessionId: 0,
      sessionEpoch: 0,
      topics: [{ topicId: topicIdOf('a'), partitions: [{ partition: 0, fetchOffset: 0, currentLeaderEpoch: 3, lastFetchedEpoch: 3 }] }],
    })
    for (let record = 4; record < 50; record += 1) {
      leader.append(topicIdOf('a'), record)
      await settled()
    }
    expect(a.records).toEqual(Array.from({ length: 49 }, (_, index) => index + 1))
  })

  it('tells where it is as soon as it has taken something: that is its acknowledgement', async () => {
    await following('a')
    leader.append(topicIdOf('a'), 1, 2, 3)
    await settled()
    expect(leader.log(topicIdOf('a')).lastAsked?.fetchOffset).toBe(3)
  })

  it('brings the high watermark, and the epoch that was asked with', async () => {
    leader.log(topicIdOf('a')).highWatermark = 2
    leader.append(topicIdOf('a'), 1, 2, 3)
    const a = only(await following('a'))
    expect(a.highWatermark).toBe(2)
    expect(a.told[0]?.leaderEpoch).toBe(3)
  })

  it('hands on where the logs diverge', async () => {
    const a = new FakeReplica('a')
    a.records.push(7, 7, 7)
    const log = leader.log(topicIdOf('a'))
    log.diverging = { epoch: 1, endOffset: 2 }
    fetcher.add(a)
    await settled()
    expect(a.told[0]?.divergingEpoch).toEqual({ epoch: 1, endOffset: 2 })
    expect(leader.log(topicIdOf('a')).lastAsked?.fetchOffset).toBe(2)
    await pass(5_000)
    // The leader says the same again, which leads nowhere.
    expect(leader.requests.length).toBeLessThan(30)
  })

  it('uses the broker epoch that is in force', async () => {
    await following('a')
    brokerEpoch = 99
    await pass(WAIT_MS)
    expect(leader.requests.at(-1)?.replicaState.replicaEpoch).toBe(99)
  })

  it('costs two requests a second when there is nothing to tell, however many partitions follow', async () => {
    await following(...Array.from({ length: 1_000 }, (_, index) => `topic-${index}`))
    await pass(1_000)
    const before = leader.requests.length
    await pass(5_000)
    const sent = leader.requests.slice(before)
    expect(sent.length).toBeLessThanOrEqual(11)
    expect(sent.every(({ topics, forgottenTopicsData }) => topics.length === 0 && forgottenTopicsData.length === 0)).toBe(true)
    expect(network.connects).toHaveLength(1)
  })
})

describe('a partition that begins to follow while the leader waits', () => {
  it('is asked for at once', async () => {
    await following('a')
    leader.append(topicIdOf('b'), 1, 2)
    const b = only(await following('b'))
    expect(b.records).toEqual([1, 2])
  })

  it('is asked for when its log is open', async () => {
    await following('a')
    leader.append(topicIdOf('b'), 1, 2)
    const b = new FakeReplica('b')
    b.isOpen = false
    fetcher.add(b)
    await pass(300)
    expect(b.records).toEqual([])
    b.isOpen = true
    fetcher.lookAgain(b)
    await settled()
    expect(b.records).toEqual([1, 2])
  })

  it('is looked at again even if nobody says that it is ready', async () => {
    leader.append(topicIdOf('a'), 1, 2)
    const a = new FakeReplica('a')
    a.isOpen = false
    fetcher.add(a)
    await pass(300)
    a.isOpen = true
    await pass(100)
    expect(a.records).toEqual([1, 2])
  })
})

describe('partitions that flush', () => {
  it('are one round: the next fetch acknowledges all of them', async () => {
    const [a, b] = await following('a', 'b')
    for (const replica of [a, b]) if (replica !== undefined) replica.isSlow = true
    leader.log(topicIdOf('a')).records.push(1)
    leader.append(topicIdOf('b'), 2)
    await settled()
    const before = leader.requests.length
    a?.flush()
    await settled()
    expect(leader.requests.length).toBe(before)
    b?.flush()
    await settled()
    expect(leader.requests.slice(before).map(({ topics }) => topics.length)).toEqual([2])
  })

  it('do not hold up the others for long, and come back when they are done', async () => {
    const [slow, quick] = await following('slow', 'quick')
    if (slow === undefined || quick === undefined) throw new Error('there are two')
    slow.isSlow = true
    leader.append(topicIdOf('slow'), 1)
    await settled()
    for (let record = 0; record < 5; record += 1) {
      leader.append(topicIdOf('quick'), record)
      await pass(10)
    }
    expect(quick.records).toHaveLength(5)
    slow.flush()
    await settled()
    expect(leader.log(topicIdOf('slow')).lastAsked?.fetchOffset).toBe(1)
    expect(leader.sentRecords.filter((sent) => sent.startsWith(topicIdOf('slow')))).toEqual([`${topicIdOf('slow')}@0`])
  })
})

describe('a partition that the leader will not answer', () => {
  it.each([
    ERROR_CODES.NOT_LEADER_OR_FOLLOWER,
    ERROR_CODES.FENCED_LEADER_EPOCH,
    ERROR_CODES.UNKNOWN_LEADER_EPOCH,
    ERROR_CODES.UNKNOWN_TOPIC_ID,
    ERROR_CODES.KAFKA_STORAGE_ERROR,
  ])('with %i is asked for again, less and less often, and the others are not disturbed', async (errorCode) => {
    const [bad, good] = await following('bad', 'good')
    const log = leader.log(topicIdOf('bad'))
    log.errorCode = errorCode
    leader.append(topicIdOf('good'), 1)
    await pass(4_000)
    const before = leader.requests.length
    await pass(4_000)
    expect(leader.requests.length - before).toBeLessThanOrEqual(20)
    leader.append(topicIdOf('good'), 2)
    await settled()
    expect(good?.records).toEqual([1, 2])
    expect(bad?.told.every((answer) => answer.errorCode === ERROR_CODES.NONE)).toBe(true)
    log.errorCode = ERROR_CODES.NONE
    leader.append(topicIdOf('bad'), 3)
    await pass(BACKOFF_MAX_MS)
    expect(bad?.records).toEqual([3])
  })

  it('because its offset is out of range hears of it', async () => {
    const a = only(await following('a'))
    leader.log(topicIdOf('a')).errorCode = ERROR_CODES.OFFSET_OUT_OF_RANGE
    await pass(WAIT_MS)
    expect(a.told.at(-1)?.errorCode).toBe(ERROR_CODES.OFFSET_OUT_OF_RANGE)
  })
})

describe('a partition that cannot take what it is told', () => {
  it('and may later is asked for again', async () => {
    const a = only(await following('a'))
    a.outcome = 'wait'
    leader.append(topicIdOf('a'), 1)
    await pass(200)
    a.outcome = 'ready'
    await pass(BACKOFF_MAX_MS)
    expect(a.records).toEqual([1])
  })

  it.each(['failed' as const, new Error('a bug')])('for good is left alone until its role changes (%s)', async (outcome) => {
    const a = only(await following('a', 'b'))
    a.outcome = outcome
    leader.append(topicIdOf('a'), 1)
    await pass(5_000)
    expect(a.told.filter(({ errorCode }) => errorCode === ERROR_CODES.NONE).length).toBeLessThanOrEqual(2)
    a.outcome = 'ready'
    fetcher.add(a)
    await pass(50)
    expect(a.records).toEqual([1])
  })
})

describe('a session', () => {
  it('that the leader forgot is opened again at once, and nothing is lost or told twice', async () => {
    const [a, b] = await following('a', 'b')
    leader.append(topicIdOf('a'), 1)
    await settled()
    leader.forgetSessions()
    await pass(WAIT_MS)
    leader.append(topicIdOf('a'), 2)
    leader.append(topicIdOf('b'), 3)
    await pass(100)
    expect([a?.records, b?.records]).toEqual([[1, 2], [3]])
  })

  it('that the leader has no room for is done without', async () => {
    leader.sessionSlots = 0
    const [a, b] = await following('a', 'b')
    leader.append(topicIdOf('a'), 1)
    await settled()
    leader.append(topicIdOf('b'), 2)
    await settled()
    expect([a?.records, b?.records]).toEqual([[1], [2]])
    expect(leader.requests.every(({ sessionId, topics }) => sessionId === 0 && topics.length === 2)).toBe(true)
  })

  it('that is refused time and again does not become a storm', async () => {
    leader.sessionError = ERROR_CODES.UNKNOWN_SERVER_ERROR
    await following('a')
    await pass(10_000)
    expect(leader.requests.length).toBeLessThan(30)
    leader.sessionError = ERROR_CODES.NONE
    leader.append(topicIdOf('a'), 1)
    await pass(BACKOFF_MAX_MS)
    expect(leader.log(topicIdOf('a')).lastAsked?.fetchOffset).toBe(1)
  })
})

describe('a connection', () => {
  it('that is lost is made again, with a new session from where the partitions are', async () => {
    const a = only(await following('a'))
    leader.append(topicIdOf('a'), 1)
    await settled()
    leader.hangUp()
    leader.append(topicIdOf('a'), 2)
    await pass(100)
    expect(a.records).toEqual([1, 2])
    expect(network.connects).toHaveLength(2)
  })

  it('that cannot be made is tried less and less often, for as long as anything follows', async () => {
    network.kill('leader')
    await following('a')
    await pass(10_000)
    const tries = network.connects.length
    expect(tries).toBeGreaterThan(8)
    expect(tries).toBeLessThan(25)
    fetcher.remove(`${topicIdOf('a')}/0`)
    await pass(10_000)
    expect(network.connects.length).toBeLessThanOrEqual(tries + 1)
  })

  it('on which no answer comes is given up', async () => {
    const a = only(await following('a'))
    network.cut('leader', 'follower')
    leader.append(topicIdOf('a'), 1)
    clock.advance(WAIT_MS + TIMEOUT_MS)
    await settled()
    expect(fetcher.isConnected).toBe(false)
    network.heal('leader', 'follower')
    await pass(BACKOFF_MAX_MS)
    expect(a.records).toEqual([1])
  })

  it('ends with the fetcher, and nothing stays behind', async () => {
    const a = only(await following('a'))
    fetcher.close()
    await settled()
    leader.append(topicIdOf('a'), 1)
    await pass(2_000)
    expect([a.records, fetcher.isConnected, network.connects.length]).toEqual([[], false, 1])
  })
})
