import { ERROR_CODES, metadataApi } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { Cluster } from './cluster.ts'

function start(brokers = 1) {
  const fake = new FakeCluster(brokers)
  fake.createTopic('a', 2)
  fake.createTopic('b')
  return { fake, clock: fake.clock, cluster: new Cluster(fake.settings) }
}

describe('the picture of the cluster', () => {
  it('is asked for once and kept', async () => {
    const { fake, clock, cluster } = start()
    const view = await clock.run(cluster.topic('a'))
    expect(view.partitions.map(({ partition, leaderId }) => [partition, leaderId])).toEqual([
      [0, 1],
      [1, 1],
    ])
    expect(await clock.run(cluster.topic('a'))).toBe(view)
    expect(cluster.peek('a')).toBe(view)
    expect(fake.requestsOf(metadataApi)).toHaveLength(1)
    expect([cluster.clusterId, cluster.controllerId, cluster.brokers.length]).toEqual(['fake', 1, 1])
  })

  it('is asked for again when it is old, and when somebody found it wrong', async () => {
    const { fake, clock, cluster } = start()
    await clock.run(cluster.topic('a'))
    await clock.advance(5 * 60_000)
    expect(cluster.peek('a')).toBeUndefined()
    await clock.run(cluster.topic('a'))
    cluster.invalidate('a')
    await clock.run(cluster.topic('a'))
    expect(fake.requestsOf(metadataApi)).toHaveLength(3)
  })

  it('takes one request for what is asked at the same time', async () => {
    const { fake, clock, cluster } = start()
    await clock.run(Promise.all([cluster.topic('a'), cluster.topic('b'), cluster.topic('a')]))
    const asked = fake.requestsOf(metadataApi).map(({ body }) => body.topics?.map(({ name }) => name))
    expect(asked).toEqual([['a', 'b']])
  })

  it('lets one unknown topic spoil nothing for the others', async () => {
    const { clock, cluster } = start()
    const missing = cluster.topic('missing', { timeoutMs: 1_000 })
    const found = cluster.topic('a')
    const [first, second] = await clock.run(Promise.allSettled([missing, found]))
    expect(first).toMatchObject({
      reason: { kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION', message: expect.stringContaining('topic "missing" does not exist') },
    })
    expect(second.status).toBe('fulfilled')
  })

  it('does not go back to a leader of an earlier epoch', async () => {
    const { fake, clock, cluster } = start(2)
    fake.moveLeader('a', 0, 2)
    await clock.run(cluster.topic('a'))
    const stale = fake.partition('a', 0)
    stale.leaderEpoch = 0
    stale.leaderId = 1
    cluster.invalidate('a')
    const view = await clock.run(cluster.topic('a'))
    expect(view.partitions[0]).toMatchObject({ leaderId: 2, leaderEpoch: 1 })
  })

  it('starts over with a topic that was created anew', async () => {
    const { fake, clock, cluster } = start(2)
    fake.moveLeader('a', 0, 2)
    await clock.run(cluster.topic('a'))
    fake.createTopic('a', 1)
    cluster.invalidate('a')
    const view = await clock.run(cluster.topic('a'))
    expect(view.partitions).toHaveLength(1)
    expect(view.partitions[0]).toMatchObject({ leaderId: 1, leaderEpoch: 0 })
  })

  it('comes from whichever broker answers', async () => {
    const { fake, clock, cluster } = start(3)
    fake.stop(1)
    fake.stop(2)
    expect((await clock.run(cluster.topic('b'))).name).toBe('b')
    expect(fake.requestsOf(metadataApi).at(-1)?.nodeId).toBe(3)
  })

  it('is asked for until a broker is there', async () => {
    const { fake, clock, cluster } = start()
    fake.stop(1)
    const view = cluster.topic('a')
    await clock.advance(5_000)
    fake.start(1)
    expect((await clock.run(view)).name).toBe('a')
  })

  it('says which address does not answer when none does', async () => {
    const { fake, clock, cluster } = start()
    fake.stop(1)
    await expect(clock.run(cluster.topic('a'))).rejects.toMatchObject({ code: 'ERR_CLIENT_UNREACHABLE', address: 'b1:9092' })
    expect(clock.monotonic()).toBeLessThanOrEqual(30_000)
  })

  it('passes on what the broker refuses', async () => {
    const { fake, clock, cluster } = start()
    fake.interceptNext(metadataApi, {
      answer: {
        brokers: [],
        topics: [{ errorCode: ERROR_CODES.TOPIC_AUTHORIZATION_FAILED, name: 'a', topicId: 'A'.repeat(22), partitions: [] }],
        errorCode: 0,
      },
    })
    await expect(clock.run(cluster.topic('a'))).rejects.toMatchObject({ kafkaError: 'TOPIC_AUTHORIZATION_FAILED', topic: 'a' })
  })
})

describe('a connection to one broker', () => {
  it('is refused for a broker that nobody has heard of', async () => {
    const { clock, cluster } = start()
    await clock.run(cluster.refreshBrokers())
    await expect(cluster.connectionTo(9)).rejects.toMatchObject({
      code: 'ERR_CLIENT_UNREACHABLE',
      message: expect.stringContaining('broker 9'),
    })
    expect((await clock.run(cluster.connectionTo(1))).address).toBe('b1:9092')
  })
})
