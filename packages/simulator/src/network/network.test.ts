/** The simulated network keeps the contract of the port, and breaks what faults ask it to break. */
import { describe, expect, it } from 'vitest'
import type { Connection, NetworkError, Runtime } from '@millrace/runtime'
import type { Host } from '../world/host.ts'
import { World } from '../world/world.ts'

const SETTINGS = { latencyMsMin: 0.1, latencyMsMax: 2, bytesPerMs: 10_000, chunkBytesMax: 100, windowBytes: 1_000 }
const CLOCK = { offsetMs: 0, speed: 1 }
const DISK = { latencyMsMin: 0.1, latencyMsMax: 1 }

interface Machine {
  readonly host: Host
  readonly runtime: Runtime
}

function machines(seed: number): { readonly world: World; readonly server: Machine; readonly client: Machine } {
  const world = new World({ seed, network: SETTINGS })
  const [server, client] = ['server', 'client'].map((name, index) => {
    const host = world.addHost({ name, address: `10.0.0.${index}`, clock: CLOCK, disk: DISK })
    return { host, runtime: host.boot().runtime }
  }) as [Machine, Machine]
  return { world, server, client }
}

/** Runs the script in simulated time; fails the test when anything is violated. */
async function simulated(world: World, script: () => Promise<void>): Promise<void> {
  await world.run(script)
  expect(world.violation).toBeNull()
}

interface Received {
  readonly bytes: number[]
  closed: NetworkError | null | undefined
}

function receive(connection: Connection): Received {
  const received: Received = { bytes: [], closed: undefined }
  connection.setHandlers({
    onData: (chunk) => received.bytes.push(...chunk),
    onClose: (error) => {
      received.closed = error
    },
  })
  connection.resume()
  return received
}

async function connected(server: Machine, client: Machine): Promise<{ readonly near: Connection; readonly far: Connection }> {
  const { promise, resolve } = Promise.withResolvers<Connection>()
  await server.runtime.network.listen({ host: '0.0.0.0', port: 9092 }, resolve)
  const near = await client.runtime.network.connect({ host: server.host.address, port: 9092 })
  return { near, far: await promise }
}

const SENT = Array.from({ length: 5_000 }, (_, index) => index % 251)

describe('a connection', () => {
  it('carries every byte once and in order, in pieces of any size, and ends in order', async () => {
    const { world, server, client } = machines(1)
    await simulated(world, async () => {
      const { near, far } = await connected(server, client)
      const received = receive(far)
      receive(near)
      let sentCalls = 0
      near.write([Uint8Array.from(SENT.slice(0, 3_000)), Uint8Array.from(SENT.slice(3_000))], () => (sentCalls += 1))
      near.end()
      await world.sleep(2_000)
      expect(received.bytes).toEqual(SENT)
      expect([received.closed, sentCalls, near.bufferedBytes]).toEqual([null, 1, 0])
    })
  })

  it('hands out views that are worthless when the handler has returned', async () => {
    const { world, server, client } = machines(2)
    await simulated(world, async () => {
      const { near, far } = await connected(server, client)
      let kept: Uint8Array | null = null
      far.setHandlers({ onData: (chunk) => (kept ??= chunk), onClose: () => undefined })
      far.resume()
      near.write([new Uint8Array(10).fill(7)])
      await world.sleep(100)
      expect(kept).not.toBeNull()
      expect([...(kept as unknown as Uint8Array)]).not.toContain(7)
    })
  })

  it('pushes back on a sender whose bytes nobody reads', async () => {
    const { world, server, client } = machines(3)
    await simulated(world, async () => {
      const { near, far } = await connected(server, client)
      let isSent = false
      near.setHandlers({ onData: () => undefined, onClose: () => undefined })
      near.write([Uint8Array.from(SENT)], () => (isSent = true))
      await world.sleep(1_000)
      expect([isSent, near.bufferedBytes]).toEqual([false, SENT.length - SETTINGS.windowBytes])
      const received = receive(far)
      await world.sleep(1_000)
      expect([isSent, received.bytes.length]).toEqual([true, SENT.length])
    })
  })

  it('sends ranges of files between bytes', async () => {
    const { world, server, client } = machines(4)
    await simulated(world, async () => {
      const { near, far } = await connected(server, client)
      const received = receive(far)
      const file = client.runtime.disk.open('/file', { create: true })
      file.writeSync([Uint8Array.from([1, 2, 3, 4, 5])], 0)
      near.write([Uint8Array.from([0])])
      near.writeFile(file, 1, 3)
      near.write([Uint8Array.from([9])])
      await world.sleep(100)
      expect(received.bytes).toEqual([0, 2, 3, 4, 9])
    })
  })

  it('is reset with a part of what was under way', async () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 20; seed += 1) {
      const { world, server, client } = machines(seed)
      await simulated(world, async () => {
        const { near, far } = await connected(server, client)
        const [received, sender] = [receive(far), receive(near)]
        near.write([Uint8Array.from(SENT.slice(0, 900))])
        await world.sleep(0.05)
        world.fabric.reset(server.host.address, client.host.address)
        await world.sleep(500)
        expect(received.bytes).toEqual(SENT.slice(0, received.bytes.length))
        expect([received.closed?.code, sender.closed?.code]).toEqual(['ERR_NETWORK_FAILED', 'ERR_NETWORK_FAILED'])
        lengths.add(received.bytes.length)
      })
    }
    expect(lengths.size).toBeGreaterThan(2)
  })
})

describe('links', () => {
  it('that are blocked hold what is under way, and it arrives when they open', async () => {
    const { world, server, client } = machines(5)
    await simulated(world, async () => {
      const { near, far } = await connected(server, client)
      const received = receive(far)
      const unblock = world.fabric.link(client.host.address, server.host.address).block()
      near.write([Uint8Array.from([1, 2, 3])])
      await world.sleep(5_000)
      expect(received.bytes).toEqual([])
      unblock()
      await world.sleep(1_000)
      expect(received.bytes).toEqual([1, 2, 3])
    })
  })

  it('let nobody connect while they are blocked one way', async () => {
    const { world, server, client } = machines(6)
    await simulated(world, async () => {
      await server.runtime.network.listen({ host: '0.0.0.0', port: 9092 }, (connection) => receive(connection))
      world.fabric.link(server.host.address, client.host.address).block()
      const options = { host: server.host.address, port: 9092, timeoutMs: 500 }
      await expect(client.runtime.network.connect(options)).rejects.toMatchObject({ code: 'ERR_NETWORK_TIMED_OUT' })
    })
  })
})

describe('a process that ends', () => {
  it('is noticed by its peers, and refuses who comes after', async () => {
    const { world, server, client } = machines(7)
    await simulated(world, async () => {
      const { near } = await connected(server, client)
      const received = receive(near)
      server.host.crash('process')
      await world.sleep(100)
      expect(received.closed).not.toBeUndefined()
      const again = client.runtime.network.connect({ host: server.host.address, port: 9092 })
      await expect(again).rejects.toMatchObject({ code: 'ERR_NETWORK_REFUSED' })
    })
  })

  it('without power says nothing until it is back and somebody speaks to it', async () => {
    const { world, server, client } = machines(8)
    await simulated(world, async () => {
      const { near } = await connected(server, client)
      const received = receive(near)
      server.host.crash('power')
      near.write([Uint8Array.from([1])])
      await world.sleep(20_000)
      expect(received.closed).toBeUndefined()
      const { runtime } = server.host.boot()
      const incarnation: Received[] = []
      await runtime.network.listen({ host: '0.0.0.0', port: 9092 }, (connection) => incarnation.push(receive(connection)))
      await world.sleep(1_000)
      expect([received.closed?.code, incarnation.length]).toEqual(['ERR_NETWORK_FAILED', 0])
    })
  })
})
