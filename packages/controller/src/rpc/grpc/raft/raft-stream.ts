/** The call that carries Raft's messages, as both of its ends build it from the schemas. */
import type { ServiceDefinition } from '@grpc/grpc-js'
import type { Message } from 'raft-ts'
import type { MessageCodec, MessageCodecs } from '../message-codec.ts'
import type { RaftGreeting } from './greeting.ts'

export type RaftPacket = ({ readonly type: 'greeting' } & RaftGreeting) | { readonly type: 'delivery'; readonly message: Message }

export interface RaftStreamCodecs {
  readonly packet: MessageCodec<RaftPacket>
  readonly greeting: MessageCodec<RaftGreeting>
}

export const RAFT_STREAM_PATH = '/millrace.v1.Raft/Converse'

export function raftStreamCodecs(codecs: MessageCodecs): RaftStreamCodecs {
  return { packet: codecs.codec('RaftPacket'), greeting: codecs.codec('RaftGreeting') }
}

export function raftServiceDefinition({ packet, greeting }: RaftStreamCodecs): ServiceDefinition {
  const converse = {
    path: RAFT_STREAM_PATH,
    requestStream: true,
    responseStream: true,
    requestSerialize: packet.encode,
    requestDeserialize: packet.decode,
    responseSerialize: greeting.encode,
    responseDeserialize: greeting.decode,
  } as const
  return { converse }
}
