/** Whole messages to bytes and back. */
import { Reader } from '../primitives/reader.ts'
import { joinChunks, Writer } from '../primitives/writer.ts'
import type { Chunk } from '../primitives/writer.ts'
import { ProtocolError } from '../protocol-error.ts'
import { codecFor } from './codec.ts'
import type { Decoded, Encodable, MessageDefinition } from './define-message.ts'

/** Throws a `ProtocolError` for bytes that are not exactly this message. */
export function decodeMessage<M extends MessageDefinition>(message: M, version: number, bytes: Uint8Array): Decoded<M> {
  const reader = new Reader(bytes)
  const value = codecFor(message, version).read(reader)
  if (reader.remaining > 0) {
    throw new ProtocolError('ERR_PROTOCOL_MALFORMED', `${reader.remaining} bytes after ${message.name} version ${version}`)
  }
  return value as Decoded<M>
}

export function encodeMessage<M extends MessageDefinition>(message: M, version: number, value: Encodable<M>): Uint8Array {
  return joinChunks(encodeToChunks(message, version, value))
}

/** As `encodeMessage`, without copying large bytes, and with external records in their place. */
export function encodeToChunks<M extends MessageDefinition>(message: M, version: number, value: Encodable<M>): Chunk[] {
  const writer = new Writer()
  codecFor(message, version).write(writer, value as Record<string, unknown>)
  return writer.chunks()
}
