import { describe, expect, it } from 'vitest'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { BrokerPool } from './broker-pool.ts'

const ADDRESS = { host: 'b1', port: 9092 }

function start() {
  const cluster = new FakeCluster()
  return { cluster, clock: cluster.clock, pool: new BrokerPool(cluster.settings) }
}

describe('a pool of connections', () => {
  it('opens one connection for many users', async () => {
    const { cluster, clock, pool } = start()
    const [first, second] = await clock.run(Promise.all([pool.connectionTo(ADDRESS), pool.connectionTo(ADDRESS)]))
    expect(second).toBe(first)
    expect(pool.open).toBe(first)
    expect(cluster.network.attempts.get('b1:9092')).toBe(1)
  })

  it('opens another one after a loss', async () => {
    const { cluster, clock, pool } = start()
    const first = await clock.run(pool.connectionTo(ADDRESS))
    cluster.stop(1)
    cluster.start(1)
    await clock.settle()
    expect(pool.open).toBeNull()
    const second = await clock.run(pool.connectionTo(ADDRESS))
    expect(second).not.toBe(first)
    expect(second.isOpen).toBe(true)
  })

  it('does not knock more often than the back-off allows', async () => {
    const { cluster, clock, pool } = start()
    cluster.stop(1)
    while (clock.monotonic() < 10_000) await clock.run(pool.connectionTo(ADDRESS).catch(() => {}))
    // 50, 100 and then 150 each, all a little less by chance.
    expect(cluster.network.attempts.get('b1:9092')).toBeLessThan(90)
  })

  it('closes what is open and what is being opened', async () => {
    const { clock, pool } = start()
    const open = await clock.run(pool.connectionTo(ADDRESS))
    const opening = pool.connectionTo({ host: 'b1', port: 9092 })
    pool.close()
    expect(open.isOpen).toBe(false)
    expect((await opening).isOpen).toBe(false)
    await expect(pool.connectionTo(ADDRESS)).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
  })

  it('does not wait for the back-off once it is closed', async () => {
    const { cluster, clock, pool } = start()
    cluster.stop(1)
    await clock.run(pool.connectionTo(ADDRESS).catch(() => {}))
    const waiting = pool.connectionTo(ADDRESS)
    pool.close()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
    expect(clock.pendingTimers).toBe(0)
  })
})
