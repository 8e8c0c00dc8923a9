/**
 * A controller of another node, over gRPC. Each call has a deadline; the connection is made when it is first needed, and made
 * again when it broke.
 */
import type { Client, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js'
import type { ControllerPort } from '@millrace/metadata'
import type { Clock } from '@millrace/runtime'
import { unreachable } from '../controller-errors.ts'
import type { ControllerChannel, ControllerConnector, Line, LineCaller } from '../controller-service.ts'
import type {
  ControllerEndpoint,
  MetadataFetchRequest,
  MetadataFetchResponse,
  MetadataSnapshotChunk,
  MetadataSnapshotRequest,
} from '../metadata-fetch.ts'
import { CallFailures } from './call-failures.ts'
import { CLIENT_OPTIONS, targetOf } from './channel-options.ts'
import { type ControllerCalls, controllerCalls, METADATA_OFFSET_HEADER, type UnaryCallName } from './controller-calls.ts'
import { type GrpcLibraries, loadGrpc } from './load-grpc.ts'
import { loadMessageCodecs } from './schemas.ts'

export interface ChannelTimeouts {
  /** To have a connection. */
  readonly connectMs: number
  /** From there to the answer; longer by what the request itself asks the controller to wait. */
  readonly callMs: number
}

/** A command may wait a second for all brokers to have applied what it changed, and an election for that many brokers. */
const TIMEOUTS: ChannelTimeouts = { connectMs: 1_000, callMs: 5_000 }

export interface GrpcConnectorOptions {
  readonly clock: Pick<Clock, 'now'>
  readonly timeouts?: ChannelTimeouts
}

export async function openGrpcConnector({ clock, timeouts = TIMEOUTS }: GrpcConnectorOptions): Promise<ControllerConnector> {
  const libraries = await loadGrpc()
  const calls = controllerCalls(loadMessageCodecs(libraries))
  return { connect: (endpoint) => new GrpcControllerChannel({ grpc: libraries.grpc, calls, endpoint, timeouts, clock }) }
}

interface GrpcControllerChannelOptions {
  readonly grpc: GrpcLibraries['grpc']
  readonly calls: ControllerCalls
  readonly endpoint: ControllerEndpoint
  readonly timeouts: ChannelTimeouts
  readonly clock: Pick<Clock, 'now'>
}

class GrpcControllerChannel implements ControllerChannel {
  readonly #options: GrpcControllerChannelOptions
  readonly #client: Client
  readonly #failures: CallFailures
  /** For people. */
  readonly #peer: string
  /** Those under way. */
  readonly #calls = new Set<ClientUnaryCall>()
  #metadataOffset = -1
  #isClosed = false

  constructor(options: GrpcControllerChannelOptions) {
    const { grpc, calls, endpoint } = options
    this.#options = options
    this.#client = new grpc.Client(targetOf(endpoint), grpc.credentials.createInsecure(), CLIENT_OPTIONS)
    this.#failures = new CallFailures(grpc, calls.failure)
    this.#peer = `controller ${endpoint.nodeId} at ${targetOf(endpoint)}`
  }

  createTopics: ControllerPort['createTopics'] = (command) => this.#call('createTopics', command)
  deleteTopics: ControllerPort['deleteTopics'] = (command) => this.#call('deleteTopics', command)
  createPartitions: ControllerPort['createPartitions'] = (command) => this.#call('createPartitions', command)
  alterConfigs: ControllerPort['alterConfigs'] = (command) => this.#call('alterConfigs', command)
  incrementalAlterConfigs: ControllerPort['incrementalAlterConfigs'] = (command) => this.#call('incrementalAlterConfigs', command)
  updateFeatures: ControllerPort['updateFeatures'] = (command) => this.#call('updateFeatures', command)
  registerBroker: ControllerPort['registerBroker'] = (command) => this.#call('registerBroker', command)
  heartbeat: ControllerPort['heartbeat'] = (command) => this.#call('heartbeat', command)
  unregisterBroker: ControllerPort['unregisterBroker'] = (command) => this.#call('unregisterBroker', command)
  allocateProducerIds: ControllerPort['allocateProducerIds'] = (command) => this.#call('allocateProducerIds', command)
  alterPartitions: ControllerPort['alterPartitions'] = (command) => this.#call('alterPartitions', command)
  electLeaders: ControllerPort['electLeaders'] = (command) => this.#call('electLeaders', command, command.timeoutMs)
  alterPartitionReassignments: ControllerPort['alterPartitionReassignments'] = (command) =>
    this.#call('alterPartitionReassignments', command)
  registerController: ControllerPort['registerController'] = (command) => this.#call('registerController', command)
  describeQuorum: ControllerPort['describeQuorum'] = () => this.#call('describeQuorum', {})
  addVoter: ControllerPort['addVoter'] = (command) => this.#call('addVoter', command)
  removeVoter: ControllerPort['removeVoter'] = (command) => this.#call('removeVoter', command)

  fetchMetadata(request: MetadataFetchRequest): Promise<MetadataFetchResponse> {
    return this.#call('fetchMetadata', request, request.maxWaitMs)
  }

  fetchMetadataSnapshot(request: MetadataSnapshotRequest): Promise<MetadataSnapshotChunk> {
    return this.#call('fetchMetadataSnapshot', request)
  }

  metadataOffset(): number {
    return this.#metadataOffset
  }

  attend({ brokerId, brokerEpoch, onClosed }: LineCaller): Line {
    const { calls } = this.#options
    const { path, requestSerialize, responseDeserialize } = calls.attend
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    const broker = { brokerId, brokerEpoch }
    let isOpen = true
    const closed = (): void => {
      if (!isOpen) return
      isOpen = false
      onClosed()
    }
    stream.on('data', () => {})
    stream.on('error', closed)
    stream.on('end', closed)
    stream.write({ ...broker, metadataOffset: -1, isLeaving: false })
    return {
      applied: (metadataOffset) => {
        if (isOpen) stream.write({ ...broker, metadataOffset, isLeaving: false })
      },
      hangUp: (reason) => {
        if (!isOpen) return
        isOpen = false
        if (reason === 'done') stream.end({ ...broker, metadataOffset: -1, isLeaving: true })
        else stream.cancel()
      },
    }
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const call of this.#calls) call.cancel()
    this.#client.close()
    return Promise.resolve()
  }

  /** A connection first: while there is none, nothing is sent, and it is certain that nothing happened. */
  async #call<Response>(name: UnaryCallName, request: unknown, waitMs = 0): Promise<Response> {
    await this.#connected()
    const { grpc, calls, timeouts } = this.#options
    const { path, requestSerialize, responseDeserialize } = calls.unary[name]
    const options = { deadline: this.#deadlineIn(timeouts.callMs + waitMs) }
    return new Promise((resolve, reject) => {
      const answered = (error: ServiceError | null, response?: unknown): void => {
        this.#calls.delete(call)
        if (error === null) resolve(response as Response)
        else reject(this.#failures.toError(error, this.#peer))
      }
      const header = new grpc.Metadata()
      const call = this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, header, options, answered)
      this.#calls.add(call)
      call.on('metadata', (answerHeader: Metadata) => this.#onHeader(answerHeader))
    })
  }

  #connected(): Promise<void> {
    const { connectivityState } = this.#options.grpc
    const deadline = this.#deadlineIn(this.#options.timeouts.connectMs)
    return new Promise((resolve, reject) => {
      const look = (error?: Error): void => {
        const channel = this.#client.getChannel()
        const state = this.#isClosed ? connectivityState.SHUTDOWN : channel.getConnectivityState(true)
        if (state === connectivityState.READY) resolve()
        else if (error !== undefined || state === connectivityState.TRANSIENT_FAILURE) reject(unreachable(`${this.#peer} is not reached`))
        else if (state === connectivityState.SHUTDOWN) reject(unreachable(`the connection to ${this.#peer} is closed`))
        else channel.watchConnectivityState(state, deadline, look)
      }
      look()
    })
  }

  #deadlineIn(ms: number): number {
    return this.#options.clock.now() + ms
  }

  #onHeader(header: Metadata): void {
    const offset = Number(header.get(METADATA_OFFSET_HEADER)[0] ?? Number.NaN)
    if (Number.isSafeInteger(offset)) this.#metadataOffset = Math.max(this.#metadataOffset, offset)
  }
}
