/** The machines of a run, with clocks and disks as its knobs want them, and the clients that run on some. */
import { type Client, type ClientOptions, createClient } from '@millrace/client'
import type { Address } from '@millrace/runtime'
import type { RandomStream } from '../core/random-streams.ts'
import type { Host } from '../world/host.ts'
import { BROKER_PORT } from '../world/running-node.ts'
import type { World } from '../world/world.ts'
import { addressOf, nodeNames } from './names.ts'
import type { Plan } from './plan.ts'

/** Short, for time is short here. */
const TIMES = { connectTimeoutMs: 2_000, requestTimeoutMs: 4_000, retryTimeoutMs: 10_000, metadataMaxAgeMs: 5_000 }

export class Machines {
  readonly brokers: readonly Address[]
  readonly #world: World
  readonly #plan: Plan

  constructor(world: World, plan: Plan) {
    this.#world = world
    this.#plan = plan
    this.brokers = nodeNames(plan).map((_name, index) => ({ host: addressOf(index + 1), port: BROKER_PORT }))
  }

  add(name: string, address: string, random: RandomStream): Host {
    const { clockOffsetMsMax, clockDriftMax, diskLatencyMsMax } = this.#plan.knobs
    return this.#world.addHost({
      name,
      address,
      clock: {
        offsetMs: Math.round(random.within(-clockOffsetMsMax, clockOffsetMsMax)),
        speed: 1 + random.within(-clockDriftMax, clockDriftMax),
      },
      disk: { latencyMsMin: 0.1, latencyMsMax: Math.max(0.2, diskLatencyMsMax) },
    })
  }

  /** One more, with chance of its own. */
  addNamed(name: string, address: string): Host {
    return this.add(name, address, this.#world.streams.stream(name))
  }

  /** A process on that machine, which is a client and nothing else. */
  client(host: Host, times: Partial<ClientOptions> = {}): Client {
    const brokers = this.brokers.map(({ host: address, port }) => `${address}:${port}`)
    return createClient({ brokers, runtime: host.boot().runtime, clientId: host.name, ...TIMES, ...times })
  }
}
