import { describe, expect, it } from 'vitest'
import { createClient } from './client.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

describe('createClient', () => {
  it.each([
    ['nothing', ''],
    ['an empty list', []],
    ['something that is no address', 'http://localhost'],
  ])('refuses %s for brokers', (_, brokers) => {
    expect(() => createClient({ brokers })).toThrow(expect.objectContaining({ code: 'ERR_CLIENT_INVALID_ARGUMENT' }))
  })

  it('takes brokers as text with commas', async () => {
    const cluster = new FakeCluster(2)
    cluster.stop(1)
    const client = createClient({ brokers: 'b1:9092, b2:9092,', runtime: cluster.runtime })
    await cluster.clock.run(client.connect())
  })

  it('connects to nobody before there is something to do', async () => {
    const cluster = new FakeCluster()
    const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
    client.producer()
    client.consumer()
    client.admin()
    await cluster.clock.advance(10_000)
    expect(cluster.network.attempts.size).toBe(0)
    expect(cluster.clock.pendingTimers).toBe(0)
  })
})

it('connect tells at once when nobody is there', async () => {
  const cluster = new FakeCluster()
  cluster.stop(1)
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  await expect(cluster.clock.run(client.connect())).rejects.toMatchObject({ code: 'ERR_CLIENT_UNREACHABLE', address: 'b1:9092' })
  expect(cluster.clock.monotonic()).toBe(0)
})

it('a closed client makes nothing any more', async () => {
  const cluster = new FakeCluster()
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  await client.close()
  await client[Symbol.asyncDispose]()
  for (const make of [() => client.producer(), () => client.consumer(), () => client.admin()]) {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_CLIENT_CLOSED' }))
  }
  await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
})
