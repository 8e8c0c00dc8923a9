/**
 * Frames: an int32 size, a header, a body.
 *
 * Request header 1 is api key, version, correlation id, client id; header 2 adds tagged fields, and is used from the API's
 * first flexible version on. The client id is never compact. The answer's header 0 is the correlation id; header 1 adds
 * tagged fields. ApiVersions is answered with header 0 always, or a client that does not know the broker could not read it.
 */
import { APIS } from './apis.ts'
import { Reader } from './primitives/reader.ts'
import { Writer } from './primitives/writer.ts'
import type { Chunk } from './primitives/writer.ts'
import { ProtocolError } from './protocol-error.ts'
import { codecFor } from './schema/codec.ts'
import type { ApiDefinition } from './schema/define-api.ts'
import type { Decoded, Encodable, MessageDefinition } from './schema/define-message.ts'

const API_VERSIONS_KEY = 18

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins. */
  readonly bodyOffset: number
}

const byKey = new Map(APIS.map((api) => [api.key, api]))

export function apiByKey(key: number): ApiDefinition | undefined {
  return byKey.get(key)
}

/** `frame` is without its size. Throws a `ProtocolError`, also for an API key that is not known. */
export function decodeRequestHeader(frame: Uint8Array): RequestHeader {
  const reader = new Reader(frame)
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  const api = byKey.get(apiKey)
  if (api === undefined) throw new ProtocolError('ERR_PROTOCOL_UNSUPPORTED_VERSION', `unknown API key ${apiKey}`)
  if (apiVersion >= api.flexibleFrom) skipTaggedFields(reader)
  return { apiKey, apiVersion, correlationId, clientId, bodyOffset: reader.position }
}

/**
 * The body of a request whose header was read. Throws a `ProtocolError`.
 *
 * Bytes after it are ignored, as Apache Kafka does: librdkafka (2.16 still) writes the null list of a Metadata request of version
 * 9 and later with three bytes too many.
 */
export function decodeRequest<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  { apiVersion, bodyOffset }: RequestHeader,
  frame: Uint8Array,
): Decoded<Req> {
  return codecFor(api.request, apiVersion).read(new Reader(frame.subarray(bodyOffset))) as Decoded<Req>
}

/** A request as chunks, size first in the first of them. */
export function encodeRequestFrame<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: Encodable<Req>,
): Uint8Array[] {
  const writer = new Writer()
  writer.leaveRoomForSize()
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  if (clientId === null) writer.int16(-1)
  else writer.string(clientId)
  if (version >= api.flexibleFrom) writer.unsignedVarint(0)
  codecFor(api.request, version).write(writer, body as Record<string, unknown>)
  return writer.sizedChunks() as Uint8Array[]
}

/** An answer as chunks, size first in the first of them. */
export function encodeResponseFrame(api: ApiDefinition, version: number, correlationId: number, body: object): Chunk[] {
  const writer = new Writer()
  writer.leaveRoomForSize()
  writer.int32(correlationId)
  if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) writer.unsignedVarint(0)
  codecFor(api.response, version).write(writer, body as Record<string, unknown>)
  return writer.sizedChunks()
}

/** `frame` is without its size. Throws a `ProtocolError`. */
export function decodeResponse<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  version: number,
  frame: Uint8Array,
): { readonly correlationId: number; readonly body: Decoded<Res> } {
  const reader = new Reader(frame)
  const correlationId = reader.int32()
  if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) skipTaggedFields(reader)
  const body = codecFor(api.response, version).read(reader)
  if (reader.remaining > 0)
    throw new ProtocolError('ERR_PROTOCOL_MALFORMED', `${reader.remaining} bytes after ${api.name} version ${version}`)
  return { correlationId, body: body as Decoded<Res> }
}

function skipTaggedFields(reader: Reader): void {
  for (let count = reader.unsignedVarint(); count > 0; count -= 1) {
    reader.unsignedVarint()
    reader.skip(reader.unsignedVarint())
  }
}
