/** Raft's messages over loopback: what arrives, what is refused, and what happens when peers come and go. */
import { setImmediate } from 'node:timers/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { seededRandom, nodeClock } from '@millrace/runtime'
import type { Message } from 'raft-ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RecordingLogger } from '../../../shell/testing/recording-logger.ts'
import { type ControllerServer, openControllerServer } from '../controller-server.ts'

const HOST = '127.0.0.1'
const A = '1@a'
const B = '2@b'

interface Node {
  readonly id: string
  readonly server: ControllerServer
  readonly received: Message[]
  readonly unreachable: string[]
  readonly logger: RecordingLogger
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function node(id: string, { clusterId = 'c', port = 0 } = {}): Promise<Node> {
  const logger = new RecordingLogger()
  const runtime = { clock: nodeClock, random: seededRandom(1), logger }
  const server = await openControllerServer({ runtime, host: HOST, port, clusterId, raftId: id })
  closers.push(() => server.close())
  const received: Message[] = []
  const unreachable: string[] = []
  server.raftTransport.start(
    (message) => received.push(message),
    (peer) => unreachable.push(peer),
  )
  return { id, server, received, unreachable, logger }
}

function meet(node: Node, ...others: readonly { readonly id: string; readonly port: number }[]): void {
  node.server.raftTransport.setPeers(new Map(others.map(({ id, port }) => [id, { host: HOST, port }])))
}

const at = ({ id, server }: Node): { id: string; port: number } => ({ id, port: server.port })

function heartbeat(from: string, to: string, round: number, groupId = 'c'): Message {
  return { groupId, from, to, term: 1, type: 'heartbeat-request', round, commitIndex: 0, recovery: null }
}

function append(from: string, to: string, bytes: number): Message {
  const entries = [{ type: 'data' as const, term: 1, index: 1, data: new Uint8Array(bytes) }]
  return { groupId: 'c', from, to, term: 1, type: 'append-request', previous: { term: 0, index: 0 }, entries, commitIndex: 0 }
}

function piece(from: string, to: string, offset: number, bytes: number): Message {
  const snapshot = { term: 1, index: 9, membership: { voters: [A, B], learners: [] } }
  return { groupId: 'c', from, to, term: 1, type: 'snapshot-request', snapshot, offset, data: new Uint8Array(bytes), isLast: false }
}

describe('between two controllers', () => {
  it('messages arrive in the order sent, in both directions', async () => {
    const [a, b] = [await node(A), await node(B)]
    meet(a, at(b))
    meet(b, at(a))
    const sent = [1, 2, 3].map((round) => heartbeat(A, B, round))
    for (const message of sent) a.server.raftTransport.send(message)
    b.server.raftTransport.send(heartbeat(B, A, 7))
    await vi.waitFor(() => expect(b.received).toEqual(sent))
    await vi.waitFor(() => expect(a.received).toEqual([heartbeat(B, A, 7)]))
    expect([...a.unreachable, ...b.unreachable]).toEqual([])
  })

  it('heartbeats do not wait behind pieces of a snapshot', async () => {
    const [a, b] = [await node(A), await node(B)]
    meet(a, at(b))
    a.server.raftTransport.send(heartbeat(A, B, 1))
    a.server.raftTransport.send(piece(A, B, 0, 10))
    await vi.waitFor(() => expect(b.received).toHaveLength(2))
    const MIB = 1024 * 1024
    for (let index = 0; index < 12; index += 1) a.server.raftTransport.send(piece(A, B, index * MIB, MIB))
    a.server.raftTransport.send(heartbeat(A, B, 2))
    await vi.waitFor(() => expect(b.received).toHaveLength(15), 5_000)
    const place = b.received.findIndex((message) => message.type === 'heartbeat-request' && message.round === 2)
    expect(place).toBeLessThan(10)
  })

  it('a peer that comes back is found again, and what was sent meanwhile is reported and not sent later', async () => {
    const [a, b] = [await node(A), await node(B)]
    meet(a, at(b))
    a.server.raftTransport.send(heartbeat(A, B, 1))
    await vi.waitFor(() => expect(b.received).toHaveLength(1))
    await b.server.close()
    await vi.waitFor(() => expect(a.unreachable).toContain(B))
    a.server.raftTransport.send(heartbeat(A, B, 2))
    const again = await node(B, { port: b.server.port })
    let round = 10
    await vi.waitFor(
      () => {
        a.server.raftTransport.send(heartbeat(A, B, (round += 1)))
        expect(again.received).not.toEqual([])
      },
      { timeout: 5_000, interval: 50 },
    )
    expect(again.received).not.toContainEqual(heartbeat(A, B, 2))
  })

  it('a peer that moved is reached where it is now', async () => {
    const [a, b, moved] = [await node(A), await node(B), await node(B)]
    meet(a, at(b))
    a.server.raftTransport.send(heartbeat(A, B, 1))
    await vi.waitFor(() => expect(b.received).toHaveLength(1))
    meet(a, at(moved))
    a.server.raftTransport.send(heartbeat(A, B, 2))
    await vi.waitFor(() => expect(moved.received).toEqual([heartbeat(A, B, 2)]))
    expect(b.received).toHaveLength(1)
  })

  it('who is no peer is unreachable', async () => {
    const a = await node(A)
    a.server.raftTransport.send(heartbeat(A, '9@z', 1))
    expect(a.unreachable).toEqual([])
    await vi.waitFor(() => expect(a.unreachable).toEqual(['9@z']))
  })
})

describe('at the handshake', () => {
  it.each<[string, { readonly id: string; readonly clusterId?: string }, string, string]>([
    ['another cluster', { id: B, clusterId: 'd' }, B, 'belongs to cluster c'],
    ['another directory of the node', { id: '2@new' }, B, 'asks for 2@b'],
    ['another node', { id: '3@c' }, B, 'asks for 2@b'],
  ])('%s is refused, and both sides say so once', async (_name, { id, clusterId = 'c' }, meant, problem) => {
    const [a, b] = [await node(A), await node(id, { clusterId })]
    meet(a, { id: meant, port: b.server.port })
    let refusals = 0
    await vi.waitFor(
      () => {
        a.server.raftTransport.send(heartbeat(A, meant, 1))
        refusals = a.unreachable.length
        expect(refusals).toBeGreaterThan(2)
      },
      { timeout: 5_000, interval: 30 },
    )
    expect(b.received).toEqual([])
    expect(a.logger.events.filter(({ event }) => event === 'a controller is not reached')).toHaveLength(1)
    const refused = b.logger.events.filter(({ event }) => event === 'a controller was refused')
    expect(refused).toEqual([expect.objectContaining({ fields: expect.objectContaining({ problem: expect.stringContaining(problem) }) })])
  })

  it('an old life of a peer is refused', async () => {
    const [a, old] = [await node(A), await node('2@old')]
    meet(a, { id: '2@new', port: old.server.port })
    meet(old, at(a))
    await vi.waitFor(() => {
      old.server.raftTransport.send(heartbeat('2@old', A, 1))
      expect(a.logger.events.map(({ fields }) => fields['problem'])).toContain('2@old was replaced by 2@new')
    })
    expect(a.received).toEqual([])
  })

  it('a message of another group does not get through a stream that was greeted well', async () => {
    const [a, b] = [await node(A), await node(B)]
    meet(a, at(b))
    a.server.raftTransport.send(heartbeat(A, B, 1, 'another'))
    await vi.waitFor(() => expect(a.unreachable).toContain(B))
    expect(b.received).toEqual([])
  })
})

describe('a peer that does not take what is sent', () => {
  it('one that never answers is unreachable within a second or so, and holds nobody up', async () => {
    const hole = await blackHole()
    const a = await node(A)
    meet(a, { id: B, port: hole.port })
    const began = performance.now()
    a.server.raftTransport.send(heartbeat(A, B, 1))
    await vi.waitFor(() => expect(a.unreachable).toEqual([B]), 3_000)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  it('one that is cut off after it was connected is noticed within some seconds', async () => {
    const b = await node(B)
    const proxy = await cuttableProxy(b.server.port)
    const a = await node(A)
    meet(a, { id: B, port: proxy.port })
    a.server.raftTransport.send(heartbeat(A, B, 1))
    await vi.waitFor(() => expect(b.received).toHaveLength(1))
    proxy.cut()
    const began = performance.now()
    await vi.waitFor(() => expect(a.unreachable).toEqual([B]), 5_000)
    expect(performance.now() - began).toBeLessThan(4_000)
  })

  it('what does not fit into its queue is thrown away and reported', async () => {
    const b = await node(B)
    const proxy = await cuttableProxy(b.server.port)
    const a = await node(A)
    meet(a, { id: B, port: proxy.port })
    a.server.raftTransport.send(heartbeat(A, B, 1))
    await vi.waitFor(() => expect(b.received).toHaveLength(1))
    proxy.cut()
    for (let index = 0; index < 100; index += 1) a.server.raftTransport.send(append(A, B, 1024 * 1024))
    // In the same turn of the loop: nobody had the time to notice that the connection is dead.
    await setImmediate()
    expect(a.unreachable).toContain(B)
  })
})

/** Takes connections and says nothing. */
async function blackHole(): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})))
  return { port: await listening(server, sockets) }
}

/** Hands bytes on until it is cut; from then on it takes them and keeps them. */
async function cuttableProxy(target: number): Promise<{ readonly port: number; cut(): void }> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    const far = connect(target, HOST)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('data', (bytes) => {
        if (!isCut) to.write(bytes)
      })
      from.on('close', () => {
        if (!isCut) to.destroy()
      })
    }
  })
  return { port: await listening(server, sockets), cut: () => (isCut = true) }
}

async function listening(server: Server, sockets: ReadonlySet<Socket>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  })
  return (server.address() as { port: number }).port
}
