/**
 * The port of a controller node: Raft's streams from the other controllers, and the calls of all nodes, on one listener.
 *
 * It listens before there is anything to serve, because a group of controllers has to talk before one of them can be active.
 * Calls that come earlier are told to come again.
 */
import type { Server } from '@grpc/grpc-js'
import type { Runtime } from '@millrace/runtime'
import type { NodeId } from 'raft-ts'
import type { RaftTransport } from '../../shell/raft/raft-transport.ts'
import { ControllerListenError } from '../controller-listen-error.ts'
import type { ControllerService } from '../controller-service.ts'
import { SERVER_OPTIONS, targetOf } from './channel-options.ts'
import { controllerCalls } from './controller-calls.ts'
import { type GrpcLibraries, loadGrpc } from './load-grpc.ts'
import { GrpcRaftTransport } from './raft/grpc-raft-transport.ts'
import type { RaftServerStream } from './raft/raft-receiver.ts'
import { raftServiceDefinition, raftStreamCodecs } from './raft/raft-stream.ts'
import { loadMessageCodecs } from './schemas.ts'
import { ServiceDoor } from './service-door.ts'

/** What calls under way get to end on their own when the server closes. */
const CLOSING_MS = 1_000

export interface ControllerServerOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'logger'>
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly clusterId: string
  /** `<node id>@<directory id>` of this controller. */
  readonly raftId: NodeId
}

export interface ControllerServer {
  /** The one that it listens on. */
  readonly port: number
  readonly raftTransport: RaftTransport
  /** From now on calls are answered by this. */
  serve(service: ControllerService): void
  /** Takes no more calls; resolves when those under way are answered, or were given up after a second. Idempotent. */
  close(): Promise<void>
}

/** Rejects with a `ControllerListenError` when the port cannot be had. */
export async function openControllerServer(options: ControllerServerOptions): Promise<ControllerServer> {
  const { runtime, clusterId, raftId } = options
  const libraries = await loadGrpc()
  const { grpc } = libraries
  const codecs = loadMessageCodecs(libraries)
  const raftCodecs = raftStreamCodecs(codecs)
  const calls = controllerCalls(codecs)
  const raftTransport = new GrpcRaftTransport({ grpc, codecs: raftCodecs, self: { clusterId, id: raftId }, ...runtime })
  const door = new ServiceDoor(grpc, calls, runtime.logger)
  const server = new grpc.Server(SERVER_OPTIONS)
  server.addService(raftServiceDefinition(raftCodecs), { converse: (stream: RaftServerStream) => raftTransport.accept(stream) })
  server.addService({ ...calls.unary, attend: calls.attend }, door.handlers())
  const port = await listen(server, options, grpc)
  let closing: Promise<void> | null = null
  return {
    port,
    raftTransport,
    serve: (service) => door.open(service),
    close: () => (closing ??= close(server, door, raftTransport, runtime)),
  }
}

function listen(server: Server, { host, port }: ControllerServerOptions, grpc: GrpcLibraries['grpc']): Promise<number> {
  const address = targetOf({ host, port })
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(listenError(address, error))
    })
  })
}

function listenError(address: string, cause: Error): ControllerListenError {
  const isTaken = cause.message.includes('EADDRINUSE')
  const problem = isTaken ? 'another process listens there; stop it or choose another controller port' : cause.message
  return new ControllerListenError(`the controller cannot listen on ${address}: ${problem}`, { cause })
}

async function close(
  server: Server,
  door: ServiceDoor,
  raftTransport: RaftTransport,
  { clock }: ControllerServerOptions['runtime'],
): Promise<void> {
  door.close()
  await raftTransport.close()
  await new Promise<void>((resolve) => {
    const timer = clock.setTimer(CLOSING_MS, () => {
      server.forceShutdown()
      resolve()
    })
    server.tryShutdown(() => {
      timer.cancel()
      resolve()
    })
  })
}
