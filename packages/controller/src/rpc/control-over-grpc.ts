/**
 * How nodes talk about control: over gRPC. What does that is loaded here, by the nodes that have peers; the libraries it stands on are
 * loaded by `grpc/load-grpc.ts`.
 */
import type { ControllerConnector } from './controller-service.ts'
import type { ControllerServer, ControllerServerOptions } from './grpc/controller-server.ts'
import type { GrpcConnectorOptions } from './grpc/grpc-controller-channel.ts'

/** Rejects with a `ControllerListenError` when the port cannot be had. */
export async function openControllerServer(options: ControllerServerOptions): Promise<ControllerServer> {
  const server = await import('./grpc/controller-server.ts')
  return server.openControllerServer(options)
}

export async function openGrpcConnector(options: GrpcConnectorOptions): Promise<ControllerConnector> {
  const channel = await import('./grpc/grpc-controller-channel.ts')
  return channel.openGrpcConnector(options)
}
