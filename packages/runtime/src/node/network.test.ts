/** The promises of the network port, on loopback, for each way that bytes can take through it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../memory/disk.ts'
import type { Disk, DiskFile } from '../ports/disk.ts'
import { type Connection, type Listener, NETWORK_ERROR_CODES, type Network, NetworkError } from '../ports/network.ts'
import { temporaryDirectory } from '../testing/directory.ts'
import { createNodeDisk } from './disk.ts'
import { createNodeNetwork, type NodeNetworkOptions } from './network.ts'
import { networkStatistics } from './network-statistics.ts'

const HOST = '127.0.0.1'
const isLinux = process.platform === 'linux'

const STUCK_LISTENER = `
  const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

/** A seeded stream of numbers, so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed | 1
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}

interface Closing {
  readonly closed: Promise<NetworkError | null>
}

/** Collects what arrives, up to the close. */
function collect(connection: Connection): Closing & { bytes(): Buffer; until(length: number): Promise<void> } {
  const chunks: Buffer[] = []
  let length = 0
  let waiting: { readonly length: number; resolve(): void } | undefined
  const { promise: closed, resolve } = Promise.withResolvers<NetworkError | null>()
  connection.setHandlers({
    onData: (chunk) => {
      chunks.push(Buffer.from(chunk))
      length += chunk.length
      if (waiting !== undefined && length >= waiting.length) waiting.resolve()
    },
    onClose: resolve,
  })
  connection.resume()
  return {
    closed,
    bytes: () => Buffer.concat(chunks),
    until: (target) =>
      new Promise((done) => {
        if (length >= target) done()
        else waiting = { length: target, resolve: done }
      }),
  }
}

class World {
  readonly directory = temporaryDirectory()
  readonly disk: Disk = createNodeDisk()
  readonly #listeners: Listener[] = []
  readonly #connections: Connection[] = []
  readonly #sockets: net.Socket[] = []

  file(name: string, content: Uint8Array): DiskFile {
    const file = this.disk.open(`${this.directory.path}/${name}`, { create: true })
    file.writeSync([content], 0)
    return file
  }

  async listen(network: Network, onConnection: (connection: Connection) => void): Promise<number> {
    const listener = await network.listen({ host: HOST, port: 0 }, (connection) => {
      this.#connections.push(connection)
      onConnection(connection)
    })
    this.#listeners.push(listener)
    return listener.address.port
  }

  async connect(network: Network, port: number): Promise<Connection> {
    const connection = await network.connect({ host: HOST, port })
    this.#connections.push(connection)
    return connection
  }

  /** A peer outside the port, to do what a port user cannot. */
  async socket(port: number): Promise<net.Socket> {
    const socket = net.connect({ host: HOST, port, noDelay: true })
    this.#sockets.push(socket)
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('connect', resolve))
    return socket
  }

  async pair(network: Network): Promise<{ readonly accepted: Connection; readonly connected: Connection }> {
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const port = await this.listen(network, resolve)
    const connected = await this.connect(network, port)
    return { accepted: await promise, connected }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    this.directory.remove()
  }
}

let world: World
beforeEach(() => {
  world = new World()
})
afterEach(() => world.close())

const WAYS: readonly [string, NodeNetworkOptions][] = [
  ['shared buffer and sendfile', {}],
  ['chunks and copies', { useSendFile: false, useSharedReadBuffer: false }],
]

describe.each(WAYS)('with %s', (_, options) => {
  const network = createNodeNetwork(options)

  it('knows both addresses, and starts paused', async () => {
    const { accepted, connected } = await world.pair(network)
    expect(accepted.local).toEqual(connected.remote)
    expect(accepted.remote).toEqual(connected.local)
    const received: number[] = []
    accepted.setHandlers({ onData: (chunk) => received.push(...chunk), onClose: () => {} })
    const { promise: sent, resolve } = Promise.withResolvers<void>()
    connected.write([Uint8Array.of(1, 2, 3)], resolve)
    await sent
    await new Promise((done) => setImmediate(done))
    expect(received).toEqual([])
    const arrival = collect(accepted)
    await arrival.until(3)
    expect([...arrival.bytes()]).toEqual([1, 2, 3])
  })

  it('hands over chunks whose slices are copies', async () => {
    const { accepted, connected } = await world.pair(network)
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    accepted.setHandlers({ onData: resolve, onClose: () => {} })
    accepted.resume()
    connected.write([Uint8Array.of(1, 2, 3)])
    const chunk = await promise
    const copy = chunk.slice()
    chunk.fill(9)
    expect([...copy]).toEqual([1, 2, 3])
  })

  it('reads to where the handler wants it, if anywhere, and delivers the same bytes', async () => {
    const { accepted, connected } = await world.pair(network)
    const sent = randomBytes(3_000_000, 17)
    const place = new Uint8Array(50_000)
    const arrived: Buffer[] = []
    const { promise: closed, resolve } = Promise.withResolvers<unknown>()
    let asked = 0
    let inPlace = 0
    accepted.setHandlers({
      onData: (chunk) => {
        if (chunk.buffer === place.buffer) inPlace += chunk.length
        arrived.push(Buffer.from(chunk))
      },
      // Every other time, and not always from its beginning.
      readInto: () => ((asked += 1) % 2 === 0 ? null : place.subarray((asked * 7) % 40_000)),
      onClose: resolve,
    })
    accepted.resume()
    for (let at = 0; at < sent.length; at += 60_000) connected.write([sent.subarray(at, at + 60_000)])
    connected.end()
    await closed
    expect(isSame(Buffer.concat(arrived), sent)).toBe(true)
    expect(inPlace > 0).toBe((options.useSharedReadBuffer ?? true) && process.platform !== 'win32')
  })

  it('shows IPv4 peers of a dual-stack listener by their IPv4 address', async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const listener = await network.listen({ host: '::', port: 0 }, resolve)
    const connected = await network.connect({ host: HOST, port: listener.address.port })
    const accepted = await promise
    expect(accepted.remote.host).toBe(HOST)
    expect(accepted.local).toEqual({ host: HOST, port: listener.address.port })
    connected.destroy()
    accepted.destroy()
    await listener.close()
  })

  it('connects by name', async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const port = await world.listen(network, resolve)
    const connected = await network.connect({ host: 'localhost', port, timeoutMs: 5000 })
    const accepted = await promise
    const arrival = collect(connected)
    accepted.write([Uint8Array.of(7)])
    await arrival.until(1)
    connected.destroy()
  })

  it.each([1, 2, 3])('delivers a mixture of bytes and ranges to a slow reader, byte for byte (seed %i)', async (seed) => {
    const random = randomOf(seed)
    const content = randomBytes(6_000_000, seed)
    const file = world.file('segment', content)
    const memory = createMemoryDisk()
    const inMemory = memory.open('/segment', { create: true })
    inMemory.writeSync([content], 0)

    const { accepted, connected } = await world.pair(network)
    const expected: Uint8Array[] = []
    let reported = 0
    const order: number[] = []
    const count = 60
    for (let index = 0; index < count; index++) {
      const onSent = (): void => {
        reported++
        order.push(index)
      }
      const kind = random(5)
      if (kind <= 1) {
        const chunks = Array.from({ length: random(4) }, () => randomBytes(random(3) === 0 ? 0 : random(40_000), index + 1))
        expected.push(...chunks)
        accepted.write(chunks, onSent)
      } else {
        const length = kind === 2 ? random(70_000) : random(3_000_000)
        const position = random(content.length - length)
        expected.push(content.subarray(position, position + length))
        accepted.writeFile(kind === 4 ? inMemory : file, position, length, onSent)
      }
    }
    const total = expected.reduce((sum, chunk) => sum + chunk.length, 0)
    expect(accepted.bufferedBytes).toBe(total)

    const chunks: Buffer[] = []
    let received = 0
    const { promise: complete, resolve } = Promise.withResolvers<void>()
    connected.setHandlers({
      onData: (chunk) => {
        chunks.push(Buffer.from(chunk))
        received += chunk.length
        if (received >= total) resolve()
        if (random(3) > 0) return
        connected.pause()
        setImmediate(() => setImmediate(() => connected.resume()))
      },
      onClose: () => resolve(),
    })
    connected.resume()
    await complete
    expect(isSame(Buffer.concat(chunks), Buffer.concat(expected))).toBe(true)
    await new Promise((done) => setImmediate(done))
    expect(reported).toBe(count)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(accepted.bufferedBytes).toBe(0)
    file.close()
  })

  it('delivers in both directions at once', async () => {
    const content = randomBytes(3_000_000, 5)
    const file = world.file('segment', content)
    const { accepted, connected } = await world.pair(network)
    const atAccepted = collect(accepted)
    const atConnected = collect(connected)
    for (let part = 0; part < 10; part++) {
      accepted.writeFile(file, part * 300_000, 300_000)
      connected.write([
        content.subarray(part * 300_000, part * 300_000 + 1000),
        content.subarray(part * 300_000 + 1000, (part + 1) * 300_000),
      ])
    }
    await Promise.all([atAccepted.until(content.length), atConnected.until(content.length)])
    expect(isSame(atAccepted.bytes(), content)).toBe(true)
    expect(isSame(atConnected.bytes(), content)).toBe(true)
    file.close()
  })

  it('keeps 200 connections apart', async () => {
    const port = await world.listen(network, (connection) => {
      connection.setHandlers({ onData: (chunk) => connection.write([Uint8Array.from(chunk)]), onClose: () => {} })
      connection.resume()
    })
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const content = randomBytes(5000 + index * 37, index + 1)
        const connection = await world.connect(network, port)
        const arrival = collect(connection)
        for (let at = 0; at < content.length; at += 1777) connection.write([content.subarray(at, at + 1777)])
        await arrival.until(content.length)
        expect(isSame(arrival.bytes(), content)).toBe(true)
      }),
    )
  })

  it('stops and goes on from inside the handler', async () => {
    const content = randomBytes(4_000_000, 9)
    const { accepted, connected } = await world.pair(network)
    const chunks: Buffer[] = []
    let received = 0
    let isPaused = false
    let lateChunks = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    accepted.setHandlers({
      onData: (chunk) => {
        if (isPaused) lateChunks++
        chunks.push(Buffer.from(chunk))
        received += chunk.length
        if (received === content.length) resolve()
        accepted.pause()
        accepted.resume()
        accepted.pause()
        isPaused = true
        setImmediate(() => {
          isPaused = false
          accepted.resume()
        })
      },
      onClose: () => resolve(),
    })
    accepted.resume()
    connected.write([content])
    await promise
    expect(isSame(Buffer.concat(chunks), content)).toBe(true)
    expect(lateChunks).toBeLessThan(chunks.length / 4 + 2)
  })

  it('holds a sender back while paused', async () => {
    const { accepted, connected } = await world.pair(network)
    const chunk = randomBytes(1_000_000, 3)
    for (let index = 0; index < 64; index++) connected.write([chunk])
    await new Promise((done) => setTimeout(done, 50))
    expect(connected.bufferedBytes).toBeGreaterThan(0)
    const { promise: drained, resolve } = Promise.withResolvers<void>()
    connected.setHandlers({ onData: () => {}, onDrain: resolve, onClose: () => {} })
    const arrival = collect(accepted)
    await drained
    expect(connected.bufferedBytes).toBe(0)
    await arrival.until(64_000_000)
  })

  it('reports a range that the file does not have, and closes', async () => {
    for (const length of [10_000, 200_000]) {
      const file = world.file(`short-${length}`, randomBytes(5000, 1))
      const { accepted, connected } = await world.pair(network)
      const closing = collect(accepted)
      collect(connected)
      let sent = 0
      accepted.writeFile(file, 0, length, () => sent++)
      const error = await closing.closed
      expect(error?.code).toBe(NETWORK_ERROR_CODES.failed)
      expect(error?.message).toContain(file.path)
      expect(sent).toBe(1)
      file.close()
    }
  })

  it('reports every write once when it is destroyed in the middle of a range', async () => {
    const file = world.file('segment', randomBytes(8_000_000, 2))
    const { accepted, connected } = await world.pair(network)
    const closing = collect(accepted)
    const reports = new Map<number, number>()
    for (let index = 0; index < 20; index++) {
      const onSent = (): void => {
        reports.set(index, (reports.get(index) ?? 0) + 1)
      }
      if (index % 3 === 2) accepted.write([randomBytes(1000, index + 1)], onSent)
      else accepted.writeFile(file, index, index % 3 === 1 ? 8_000 : 7_000_000, onSent)
    }
    let received = 0
    const { promise: underWay, resolve } = Promise.withResolvers<void>()
    connected.setHandlers({
      onData: (chunk) => {
        received += chunk.length
        if (received > 1_000_000) resolve()
      },
      onClose: () => {},
    })
    connected.resume()
    await underWay
    accepted.destroy()
    accepted.write([Uint8Array.of(1)], () => reports.set(20, 1))
    accepted.writeFile(file, 0, 1, () => reports.set(21, 1))
    expect(await closing.closed).toBeNull()
    await new Promise((done) => setImmediate(() => setImmediate(done)))
    expect(reports.size).toBe(22)
    expect([...reports.values()].every((count) => count === 1)).toBe(true)
    expect(accepted.bufferedBytes).toBe(0)
    file.close()
  })

  it('reports every write once when the peer resets in the middle of a range', async () => {
    const file = world.file('segment', randomBytes(8_000_000, 2))
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const port = await world.listen(network, resolve)
    const socket = await world.socket(port)
    const accepted = await promise
    const closing = collect(accepted)
    const reports = Array.from({ length: 12 }, () => 0)
    for (const index of reports.keys()) {
      const onSent = (): void => {
        reports[index] = (reports[index] ?? 0) + 1
      }
      if (index % 3 === 2) accepted.write([randomBytes(1000, index + 1)], onSent)
      else accepted.writeFile(file, index, index % 3 === 1 ? 8_000 : 7_000_000, onSent)
    }
    let received = 0
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received > 10_000_000) socket.resetAndDestroy()
    })
    expect(await closing.closed).toMatchObject({ name: 'NetworkError', code: NETWORK_ERROR_CODES.failed })
    expect(reports.every((count) => count === 1)).toBe(true)
    expect(accepted.bufferedBytes).toBe(0)
    await new Promise((done) => setImmediate(() => setImmediate(done)))
    expect(reports.every((count) => count === 1)).toBe(true)
    file.close()
  })

  it('never sends to whoever is given the number of a closed socket', async () => {
    const file = world.file('segment', randomBytes(4_000_000, 2))
    const port = await world.listen(network, (connection) => {
      connection.setHandlers({ onData: () => {}, onClose: () => {} })
      connection.writeFile(file, 0, 4_000_000)
      setImmediate(() => connection.destroy())
    })
    const bystanders: Uint8Array[] = []
    for (let round = 0; round < 30; round++) {
      const socket = await world.socket(port)
      await new Promise((done) => socket.once('close', done).resume())
      // Opened right after the close, so it is likely to get the number.
      const bystander = world.disk.open(`${world.directory.path}/bystander-${round}`, { create: true })
      await new Promise((done) => setImmediate(done))
      bystander.close()
      bystanders.push(readFileSync(`${world.directory.path}/bystander-${round}`))
    }
    expect(bystanders.every((content) => content.length === 0)).toBe(true)
    file.close()
  })

  it('sends all it has before an orderly end', async () => {
    const content = randomBytes(3_000_000, 8)
    const file = world.file('segment', content)
    const { accepted, connected } = await world.pair(network)
    const arrival = collect(connected)
    const closing = collect(accepted)
    accepted.write([content.subarray(0, 10)])
    accepted.writeFile(file, 10, content.length - 20)
    accepted.write([content.subarray(content.length - 10)])
    accepted.end()
    let lateReports = 0
    accepted.write([Uint8Array.of(1)], () => lateReports++)
    expect(await arrival.closed).toBeNull()
    expect(await closing.closed).toBeNull()
    expect(isSame(arrival.bytes(), content)).toBe(true)
    expect(lateReports).toBe(1)
    file.close()
  })

  it('tells both sides once when one closes', async () => {
    const { accepted, connected } = await world.pair(network)
    const closing = [collect(accepted).closed, collect(connected).closed]
    connected.destroy()
    connected.destroy()
    expect(await Promise.all(closing)).toEqual([null, null])
  })

  it('tells about a close that came before the handlers', async () => {
    const { accepted } = await world.pair(network)
    accepted.destroy()
    await new Promise((done) => setImmediate(() => setImmediate(done)))
    expect(await collect(accepted).closed).toBeNull()
  })

  it('tells of a reset as a failure', async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const port = await world.listen(network, resolve)
    const socket = await world.socket(port)
    const closing = collect(await promise)
    socket.resetAndDestroy()
    expect(await closing.closed).toMatchObject({ name: 'NetworkError', code: NETWORK_ERROR_CODES.failed })
  })

  it.each(['onData', 'onSent', 'onDrain'] as const)('ends only its own connection when %s throws', async (where) => {
    const mistake = new Error('a mistake')
    const connections: Connection[] = []
    const { promise: bothAccepted, resolve: accepted } = Promise.withResolvers<void>()
    const port = await world.listen(network, (connection) => {
      connections.push(connection)
      if (connections.length === 2) accepted()
    })
    const clients = [await world.connect(network, port), await world.connect(network, port)]
    await bothAccepted
    const [faulty, healthy] = connections
    if (faulty === undefined || healthy === undefined) throw new Error('two connections were accepted')
    const { promise: closed, resolve } = Promise.withResolvers<NetworkError | null>()
    const fail = (isHere: boolean) => () => {
      if (isHere) throw mistake
    }
    faulty.setHandlers({ onData: fail(where === 'onData'), onDrain: fail(where === 'onDrain'), onClose: resolve })
    faulty.resume()
    faulty.write([Uint8Array.of(1)], fail(where === 'onSent'))
    const arrival = collect(healthy)
    for (const client of clients) client.write([Uint8Array.of(1)])
    const error = await closed
    expect(error?.code).toBe(NETWORK_ERROR_CODES.failed)
    expect(error?.cause).toBe(mistake)
    await arrival.until(1)
  })
})

describe('sending ranges', () => {
  it.runIf(isLinux)('uses sendfile for large ranges of real files, and copies the others', async () => {
    const content = randomBytes(2_000_000, 4)
    const file = world.file('segment', content)
    const network = createNodeNetwork()
    const { accepted, connected } = await world.pair(network)
    const arrival = collect(connected)
    const before = networkStatistics()
    accepted.writeFile(file, 0, content.length)
    await arrival.until(content.length)
    const large = networkStatistics()
    expect(large.sendFileBytes - before.sendFileBytes).toBeGreaterThan(content.length / 2)
    accepted.writeFile(file, 0, 5000)
    await arrival.until(content.length + 5000)
    const small = networkStatistics()
    expect(small.sendFileBytes).toBe(large.sendFileBytes)
    expect(small.copiedFileBytes - large.copiedFileBytes).toBe(5000)
    file.close()
  })

  it('survives thousands of partial sends', async () => {
    const content = randomBytes(4_000_000, 6)
    const file = world.file('segment', content)
    const network = createNodeNetwork()
    const rounds = 16
    const port = await world.listen(network, (connection) => {
      connection.setHandlers({ onData: () => {}, onClose: () => {} })
      for (let round = 0; round < rounds; round++) connection.writeFile(file, round, content.length - 100)
    })
    const socket = await world.socket(port)
    let mismatch: number | null = null
    let received = 0
    const perRound = content.length - 100
    let reads = 0
    await new Promise<void>((done) => {
      // Small reads with a pause in between keep the sender's socket full nearly all the time.
      socket.on('readable', () => {
        const step = (): void => {
          const chunk = socket.read(Math.min(16_384, socket.readableLength)) as Buffer | null
          if (chunk === null) return
          reads++
          for (let at = 0; at < chunk.length; ) {
            const round = Math.floor(received / perRound)
            const offset = received % perRound
            const length = Math.min(chunk.length - at, perRound - offset)
            const start = round + offset
            if (!isSame(chunk.subarray(at, at + length), content.subarray(start, start + length))) mismatch ??= received
            at += length
            received += length
          }
          if (received === perRound * rounds) done()
          else setImmediate(step)
        }
        step()
      })
    })
    expect(mismatch).toBeNull()
    expect(reads).toBeGreaterThan(1000)
    file.close()
  })

  it('ends the connection when the file is cut during the send', async () => {
    const file = world.file('segment', randomBytes(30_000_000, 6))
    const network = createNodeNetwork()
    const { accepted, connected } = await world.pair(network)
    const closing = collect(accepted)
    accepted.writeFile(file, 0, 30_000_000)
    await new Promise((done) => setTimeout(done, 20))
    file.truncate(1000)
    collect(connected)
    expect((await closing.closed)?.code).toBe(NETWORK_ERROR_CODES.failed)
    file.close()
  })

  it('ends the connection when the file is closed during the send', async () => {
    const file = world.file('segment', randomBytes(30_000_000, 6))
    const network = createNodeNetwork()
    const { accepted, connected } = await world.pair(network)
    const closing = collect(accepted)
    accepted.writeFile(file, 0, 30_000_000)
    await new Promise((done) => setTimeout(done, 20))
    file.close()
    collect(connected)
    expect(await closing.closed).toBeInstanceOf(NetworkError)
  })
})

describe('addresses', () => {
  const network = createNodeNetwork()

  it('refuses a port in use by name', async () => {
    const port = await world.listen(network, () => {})
    await expect(network.listen({ host: HOST, port }, () => {})).rejects.toMatchObject({
      name: 'NetworkError',
      code: NETWORK_ERROR_CODES.addressInUse,
    })
  })

  it.each([
    ['an address of somebody else', '203.0.113.7', 0, NETWORK_ERROR_CODES.addressNotAvailable],
    ['a name that does not exist', 'no-such-host.invalid', 0, NETWORK_ERROR_CODES.addressNotAvailable],
    ['a port that cannot be', HOST, 70_000, NETWORK_ERROR_CODES.failed],
  ])('refuses to listen on %s', async (_, host, port, code) => {
    await expect(network.listen({ host, port }, () => {})).rejects.toMatchObject({ name: 'NetworkError', code })
  })

  it('frees the port when the listener closes, and leaves connections alone', async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const listener = await network.listen({ host: HOST, port: 0 }, resolve)
    const connected = await network.connect(listener.address)
    const accepted = await promise
    await listener.close()
    await listener.close()
    await expect(network.connect(listener.address)).rejects.toMatchObject({ code: NETWORK_ERROR_CODES.refused })
    const again = await network.listen(listener.address, () => {})
    const arrival = collect(connected)
    accepted.write([Uint8Array.of(1)])
    await arrival.until(1)
    await again.close()
    accepted.destroy()
  })

  it.runIf(isLinux)('gives up connecting after the timeout', async () => {
    // A listener that is stuck: the system completes as many connections as its backlog holds, and drops the rest.
    const stuck = spawn(process.execPath, ['-e', STUCK_LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [line] = (await once(stuck.stdout, 'data')) as [Buffer]
      const address = { host: HOST, port: Number(line.toString()), timeoutMs: 100 }
      let error: unknown
      for (let attempt = 0; attempt < 10 && error === undefined; attempt++) {
        error = await network.connect(address).then(
          () => undefined,
          (reason: unknown) => reason,
        )
      }
      expect(error).toMatchObject({ name: 'NetworkError', code: NETWORK_ERROR_CODES.timedOut })
    } finally {
      stuck.kill('SIGKILL')
    }
  })

  it('goes on when the owner fails to take a connection', async () => {
    let count = 0
    const port = await world.listen(network, () => {
      count++
      if (count === 1) throw new Error('not now')
    })
    const first = await world.connect(network, port)
    expect(await collect(first).closed).toBeNull()
    const { promise, resolve } = Promise.withResolvers<void>()
    const second = await world.connect(network, port)
    second.write([Uint8Array.of(1)], resolve)
    await promise
    expect(count).toBe(2)
  })
})
