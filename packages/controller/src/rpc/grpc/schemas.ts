/** Reads the schemas in `proto/` and makes of them what the services and the codecs are built from. */
import type { GrpcLibraries } from './load-grpc.ts'
import { MessageCodecs } from './message-codec.ts'

const FILES = ['millrace/v1/raft.proto', 'millrace/v1/controller.proto']
/** From the sources and from what is built alike. */
const DIRECTORY = `${import.meta.dirname}/../../../../../proto`

let codecs: MessageCodecs | null = null

export function loadMessageCodecs({ protoLoader }: Pick<GrpcLibraries, 'protoLoader'>): MessageCodecs {
  codecs ??= new MessageCodecs(
    protoLoader.loadSync(FILES, { includeDirs: [DIRECTORY], longs: Number, enums: String, defaults: true, oneofs: true }),
  )
  return codecs
}
