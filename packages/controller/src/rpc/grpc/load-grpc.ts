/**
 * The only door to the gRPC libraries. They take about 80 ms and 25 MB to load, so a node without peers never does.
 */
export interface GrpcLibraries {
  readonly grpc: typeof import('@grpc/grpc-js')
  readonly protoLoader: typeof import('@grpc/proto-loader')
}

let libraries: Promise<GrpcLibraries> | null = null

export function loadGrpc(): Promise<GrpcLibraries> {
  libraries ??= Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]).then(([grpc, protoLoader]) => {
    // What goes wrong is reported by us, where our log goes.
    grpc.setLogVerbosity(grpc.logVerbosity.NONE)
    return { grpc, protoLoader }
  })
  return libraries
}
