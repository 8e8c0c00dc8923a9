/** What carries the talk of simulated controllers keeps the contracts of the ports, and is as unsure as a network is. */
import type { ControllerService, Line, LineCaller } from '@millrace/controller'
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import type { Host } from '../world/host.ts'
import { World } from '../world/world.ts'
import { type ControlEnd, ControlNetwork } from './control-network.ts'
import type { MessageChaos } from './post.ts'

const NETWORK = { latencyMsMin: 0.1, latencyMsMax: 2, bytesPerMs: 10_000, chunkBytesMax: 50, windowBytes: 1_000 }
const CALM: MessageChaos = { lossChance: 0, repeatChance: 0, jitterMs: 0 }
const PORT = 9093

interface Scene {
  readonly world: World
  readonly control: ControlNetwork
  readonly hosts: readonly [Host, Host]
  readonly ends: readonly [ControlEnd, ControlEnd]
}

function scene(chaos = CALM): Scene {
  const world = new World({ seed: 3, network: NETWORK })
  const control = new ControlNetwork({ scheduler: world.scheduler, fabric: world.fabric, random: world.streams.stream('control'), chaos })
  const hosts = ['server', 'caller'].map((name, index) =>
    world.addHost({ name, address: `10.0.0.${index}`, clock: { offsetMs: 0, speed: 1 }, disk: { latencyMsMin: 0.1, latencyMsMax: 1 } }),
  ) as [Host, Host]
  const ends = hosts.map((host) => ({ ...host.boot(), address: host.address })) as [ControlEnd, ControlEnd]
  return { world, control, hosts, ends }
}

async function simulated({ world }: Scene, script: () => Promise<void>): Promise<void> {
  await world.run(script)
  expect(world.violation).toBeNull()
}

/** The part of a service that these tests ask. */
function service(answers: Partial<ControllerService>): ControllerService {
  return { metadataOffset: () => 7, ...answers } as ControllerService
}

const endpoint = { nodeId: 1, host: '10.0.0.0', port: PORT }
const heartbeat = { brokerId: 2, brokerEpoch: 1 } as Parameters<ControllerService['heartbeat']>[0]
const answer = { errorCode: ERROR_CODES.NONE } as Awaited<ReturnType<ControllerService['heartbeat']>>

/** Takes heartbeats, and notes whose they were, in the order in which they came. */
function noting(order: string[]): ControllerService {
  return service({
    heartbeat: async ({ brokerId }) => {
      order.push(String(brokerId))
      return answer
    },
  })
}

describe('a call', () => {
  it('brings a copy of the request and of the answer, and what the answer rests on', async () => {
    const where = scene()
    await simulated(where, async () => {
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      let asked: unknown = null
      server.serve(
        service({
          heartbeat: async (request) => {
            asked = request
            return answer
          },
        }),
      )
      const channel = where.control.connector(where.ends[1]).connect(endpoint)
      expect(await channel.heartbeat(heartbeat)).toEqual(answer)
      expect([asked, channel.metadataOffset()]).toEqual([heartbeat, 7])
      expect(asked).not.toBe(heartbeat)
    })
  })

  it('says that nothing happened when nobody listens or serves yet, and that nobody knows when the answer got lost', async () => {
    const where = scene()
    await simulated(where, async () => {
      const channel = where.control.connector(where.ends[1]).connect(endpoint)
      await expect(channel.heartbeat(heartbeat)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.unreachable })
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      await expect(channel.heartbeat(heartbeat)).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.unreachable })
      server.serve(service({ heartbeat: () => new Promise(() => undefined) }))
      const asked = channel.heartbeat(heartbeat)
      await where.world.sleep(50)
      where.hosts[0].crash('process')
      await expect(asked).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.timeout })
    })
  })

  it('is given up when the way is cut for longer than a dead connection takes to be noticed', async () => {
    const where = scene()
    await simulated(where, async () => {
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      server.serve(service({ heartbeat: () => new Promise(() => undefined) }))
      const channel = where.control.connector(where.ends[1]).connect(endpoint)
      const asked = channel.heartbeat(heartbeat)
      await where.world.sleep(50)
      where.world.fabric.link('10.0.0.0', '10.0.0.1').block()
      const startedMs = where.world.scheduler.nowMs
      await expect(asked).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.timeout })
      expect(where.world.scheduler.nowMs - startedMs).toBeLessThan(2_000)
    })
  })

  it('comes late where that is wanted, and what follows overtakes it', async () => {
    const where = scene()
    await simulated(where, async () => {
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      const order: string[] = []
      server.serve(noting(order))
      const channel = where.control.connector(where.ends[1]).connect(endpoint)
      const end = where.control.lateCalls.add('10.0.0.1', 'heartbeat', 500)
      const late = channel.heartbeat({ ...heartbeat, brokerId: 1 })
      await where.world.sleep(50)
      end()
      await channel.heartbeat({ ...heartbeat, brokerId: 2 })
      await late
      expect(order).toEqual(['2', '1'])
    })
  })

  it('comes again, late, where that is wanted, and is answered once', async () => {
    const where = scene()
    await simulated(where, async () => {
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      const order: string[] = []
      server.serve(noting(order))
      const channel = where.control.connector(where.ends[1]).connect(endpoint)
      const end = where.control.lateCalls.repeat('10.0.0.1', 'heartbeat', 500)
      await channel.heartbeat({ ...heartbeat, brokerId: 1 })
      end()
      await channel.heartbeat({ ...heartbeat, brokerId: 2 })
      await where.world.sleep(600)
      expect(order).toEqual(['1', '2', '1'])
    })
  })

  it('brings refusals as they are', async () => {
    const where = scene()
    await simulated(where, async () => {
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      const refusal = new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, 'too much to do')
      server.serve(service({ heartbeat: () => Promise.reject(refusal) }))
      const channel = where.control.connector(where.ends[1]).connect(endpoint)
      await expect(channel.heartbeat(heartbeat)).rejects.toMatchObject({ code: refusal.code, message: refusal.message })
    })
  })
})

describe('a line', () => {
  it.each(['process', 'power'] as const)('tells the controller that the broker is gone, %s', async (how) => {
    const where = scene()
    await simulated(where, async () => {
      const server = await where.control.openServer(where.ends[0], { port: PORT, raftId: '1@a' })
      const ended: string[] = []
      const attend = ({ brokerId }: LineCaller): Line => ({
        ...({} as Line),
        hangUp: (reason) => ended.push(`${brokerId} ${reason}`),
      })
      server.serve(service({ attend }))
      where.control
        .connector(where.ends[1])
        .connect(endpoint)
        .attend({ brokerId: 2, brokerEpoch: 1, onClosed: () => undefined } as LineCaller)
      await where.world.sleep(50)
      where.hosts[1].crash(how)
      await where.world.sleep(3_000)
      expect(ended).toEqual(['2 lost'])
    })
  })
})

describe("Raft's messages", () => {
  type Message = Parameters<Awaited<ReturnType<ControlNetwork['openServer']>>['raftTransport']['send']>[0]
  const message = (term: number, to = '1@a'): Message =>
    ({ type: 'vote-response', from: '2@b', to, term, granted: true }) as unknown as Message

  async function received(
    chaos: MessageChaos,
    terms: readonly number[],
    to?: string,
  ): Promise<{ readonly got: number[]; readonly lost: string[] }> {
    const where = scene(chaos)
    const got: number[] = []
    const lost: string[] = []
    await simulated(where, async () => {
      const [server, caller] = where.ends
      const receiver = await where.control.openServer(server, { port: PORT, raftId: '1@a' })
      receiver.raftTransport.start(
        ({ term }) => got.push(term),
        () => undefined,
      )
      const sender = await where.control.openServer(caller, { port: PORT, raftId: '2@b' })
      sender.raftTransport.start(
        () => undefined,
        (peer) => lost.push(peer),
      )
      sender.raftTransport.setPeers(new Map([[to ?? '1@a', endpoint]]))
      for (const term of terms) {
        sender.raftTransport.send(message(term, to))
        await where.world.sleep(1)
      }
      await where.world.sleep(2_000)
    })
    return { got, lost }
  }

  const terms = Array.from({ length: 100 }, (_, term) => term)
  const sorted = (numbers: readonly number[]): readonly number[] => numbers.toSorted((a, b) => a - b)

  it('arrive once each when nothing is wrong', async () => {
    const { got, lost } = await received(CALM, terms)
    expect([sorted(got), lost]).toEqual([terms, []])
  })

  it('get lost, come twice and overtake one another as they are told to', async () => {
    const { got } = await received({ lossChance: 0.2, repeatChance: 0.2, jitterMs: 20 }, terms)
    expect(new Set(got).size).toBeLessThan(terms.length)
    expect(new Set(got).size).toBeLessThan(got.length)
    expect(got).not.toEqual(sorted(got))
  })

  it('reach no other member than the one they are for, whose sender hears that it is not there', async () => {
    const { got, lost } = await received(CALM, [1], '1@another')
    expect([got, lost]).toEqual([[], ['1@another']])
  })
})
