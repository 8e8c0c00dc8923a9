/**
 * How controllers and those who ask them reach one another in a simulation: what gRPC is for real nodes. One instance for a run;
 * each process gets its ends of it from here.
 */
import type { ControllerConnector, ControllerServer } from '@millrace/controller'
import type { Runtime } from '@millrace/runtime'
import type { Life } from '../core/life.ts'
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'
import type { Fabric } from '../network/fabric.ts'
import { LateCalls } from './late-calls.ts'
import { Parcels } from './parcels.ts'
import { type MessageChaos, Post } from './post.ts'
import { simulatedChannel } from './simulated-channel.ts'
import { openSimulatedServer } from './simulated-server.ts'

export interface ControlNetworkOptions {
  readonly scheduler: Scheduler
  readonly fabric: Fabric
  readonly random: RandomStream
  readonly chaos: MessageChaos
}

/** The process whose end it is. */
export interface ControlEnd {
  readonly life: Life
  readonly address: string
  readonly runtime: Runtime
}

export interface ServerIdentity {
  readonly port: number
  readonly raftId: string
}

export class ControlNetwork {
  readonly lateCalls = new LateCalls()
  readonly #parcels = new Parcels()
  readonly #fabric: Fabric
  readonly #post: Post

  constructor({ scheduler, fabric, random, chaos }: ControlNetworkOptions) {
    this.#fabric = fabric
    this.#post = new Post(scheduler, fabric, random, chaos)
  }

  connector(end: ControlEnd): ControllerConnector {
    return { connect: (endpoint) => simulatedChannel({ end, endpoint, parcels: this.#parcels, fabric: this.#fabric }) }
  }

  openServer(end: ControlEnd, identity: ServerIdentity): Promise<ControllerServer> {
    const { runtime, address, life } = end
    const raftTransport = this.#post.box({ life, address, port: identity.port, raftId: identity.raftId, clock: runtime.clock })
    return openSimulatedServer({
      end,
      port: identity.port,
      parcels: this.#parcels,
      raftTransport,
      fabric: this.#fabric,
      lateCalls: this.lateCalls,
    })
  }
}
