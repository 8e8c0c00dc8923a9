/**
 * A controller of another node, over the simulated network: one connection, made when it is needed and made again when it broke; a
 * deadline for each call; and what nobody can know is said to be unknown.
 */
import {
  type ControllerChannel,
  type ControllerEndpoint,
  type ControllerService,
  type Line,
  type LineCaller,
  NotActiveError,
  unanswered,
  unreachable,
} from '@millrace/controller'
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import type { Connection } from '@millrace/runtime'
import type { Fabric } from '../network/fabric.ts'
import type { Answer, Call, Failure } from './calls.ts'
import type { ControlEnd } from './control-network.ts'
import { keepAlive } from './keep-alive.ts'
import type { Parcels } from './parcels.ts'

/** As those of the real channel. */
const CONNECT_MS = 1_000
const CALL_MS = 5_000

export interface SimulatedChannelOptions {
  readonly end: ControlEnd
  readonly endpoint: ControllerEndpoint
  readonly parcels: Parcels
  readonly fabric: Fabric
}

type CallAnswer = Extract<Answer, { type: 'answer' }>

interface Pending {
  settle(outcome: CallAnswer | ControllerError): void
}

/** What is asked once and answered once. */
const CALLS = {
  createTopics: true,
  deleteTopics: true,
  createPartitions: true,
  alterConfigs: true,
  incrementalAlterConfigs: true,
  updateFeatures: true,
  registerBroker: true,
  heartbeat: true,
  unregisterBroker: true,
  allocateProducerIds: true,
  alterPartitions: true,
  electLeaders: true,
  alterPartitionReassignments: true,
  registerController: true,
  describeQuorum: true,
  addVoter: true,
  removeVoter: true,
  fetchMetadata: true,
  fetchMetadataSnapshot: true,
} as const satisfies Record<Exclude<keyof ControllerService, 'attend' | 'metadataOffset'>, true>

export function simulatedChannel(options: SimulatedChannelOptions): ControllerChannel {
  const calls = new Calls(options)
  const methods = Object.keys(CALLS).map((name) => [name, (request: unknown) => calls.call(name, request)])
  return {
    ...(Object.fromEntries(methods) as Pick<ControllerService, keyof typeof CALLS>),
    attend: (caller) => calls.attend(caller),
    metadataOffset: () => calls.metadataOffset,
    close: async () => calls.close(),
  }
}

class Calls {
  readonly #options: SimulatedChannelOptions
  readonly #pending = new Map<number, Pending>()
  readonly #lines = new Map<number, LineCaller>()
  #connection: Promise<Connection> | null = null
  #nextId = 1
  #isClosed = false
  metadataOffset = -1

  constructor(options: SimulatedChannelOptions) {
    this.#options = options
  }

  async call(name: string, request: unknown): Promise<unknown> {
    const connection = await this.#connected()
    const { clock } = this.#options.end.runtime
    const id = this.#id()
    const answer = await new Promise<CallAnswer | ControllerError>((resolve) => {
      const timer = clock.setTimer(CALL_MS + waitOf(request), () => this.#settle(id, unanswered(`${this.#peer} did not answer in time`)))
      this.#pending.set(id, {
        settle: (outcome) => {
          timer.cancel()
          resolve(outcome)
        },
      })
      const call: Call = { type: 'call', id, name, request: request ?? {} }
      this.#options.parcels.send(connection, call)
    })
    if (answer instanceof ControllerError) throw answer
    if (answer.failure !== null) throw toError(answer.failure)
    this.metadataOffset = Math.max(this.metadataOffset, answer.metadataOffset)
    return answer.response
  }

  attend(caller: LineCaller): Line {
    const id = this.#id()
    const { brokerId, brokerEpoch } = caller
    const { parcels } = this.#options
    this.#lines.set(id, caller)
    const opened = this.#connected()
    opened.then(
      (connection) => this.#lines.has(id) && parcels.send(connection, { type: 'attend', id, brokerId, brokerEpoch } satisfies Call),
      () => this.#lineClosed(id),
    )
    const say = (call: Call): void => {
      opened.then(
        (connection) => parcels.send(connection, call),
        () => undefined,
      )
    }
    return {
      applied: (metadataOffset) => {
        if (this.#lines.has(id)) say({ type: 'applied', id, metadataOffset })
      },
      hangUp: (reason) => {
        if (this.#lines.delete(id)) say({ type: 'hang-up', id, reason })
      },
    }
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.then(
      (connection) => connection.destroy(),
      () => undefined,
    )
  }

  #id(): number {
    const id = this.#nextId
    this.#nextId += 1
    return id
  }

  get #peer(): string {
    const { nodeId, host, port } = this.#options.endpoint
    return `controller ${nodeId} at ${host}:${port}`
  }

  async #connected(): Promise<Connection> {
    if (this.#isClosed) throw unreachable(`the connection to ${this.#peer} is closed`)
    this.#connection ??= this.#connect()
    try {
      return await this.#connection
    } catch (error) {
      throw unreachable(`${this.#peer} is not reached`, error)
    }
  }

  async #connect(): Promise<Connection> {
    const { end, endpoint, parcels } = this.#options
    const { clock, network } = end.runtime
    try {
      const connection = await network.connect({ host: endpoint.host, port: endpoint.port, timeoutMs: CONNECT_MS })
      const { fabric } = this.#options
      const stop = keepAlive(clock, connection, () => fabric.answersPings(end.address, endpoint.host))
      connection.setHandlers({
        onData: parcels.reader((message) => this.#onMessage(message as Answer)),
        onClose: () => {
          stop()
          this.#onClosed()
        },
      })
      connection.resume()
      return connection
    } catch (error) {
      this.#connection = null
      throw error
    }
  }

  #onMessage(message: Answer): void {
    if (message.type === 'answer') this.#settle(message.id, message)
    else this.#lineClosed(message.id)
  }

  #settle(id: number, outcome: CallAnswer | ControllerError): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.settle(outcome)
  }

  #onClosed(): void {
    this.#connection = null
    for (const id of Array.from(this.#pending.keys())) this.#settle(id, unanswered(`the connection to ${this.#peer} was lost`))
    for (const id of Array.from(this.#lines.keys())) this.#lineClosed(id)
  }

  #lineClosed(id: number): void {
    const caller = this.#lines.get(id)
    this.#lines.delete(id)
    caller?.onClosed()
  }
}

/** What the request itself asks the controller to wait. */
function waitOf(request: unknown): number {
  const { maxWaitMs = 0, timeoutMs = 0 } = (request ?? {}) as { readonly maxWaitMs?: number; readonly timeoutMs?: number }
  return maxWaitMs + timeoutMs
}

function toError({ code, errorCode, message, leader }: Failure): ControllerError {
  if (code === CONTROLLER_ERROR_CODES.notLeader) return new NotActiveError(leader)
  if (code === CONTROLLER_ERROR_CODES.closed) return unreachable(message)
  return new ControllerError(code, errorCode, message)
}
