/**
 * What members of a classic consumer group tell each other in the opaque bytes of JoinGroup and SyncGroup: what they subscribe
 * to, and what the leader assigned them (ConsumerProtocolSubscription and ConsumerProtocolAssignment, versions 0-3). An int16
 * version comes first. A later version begins with the fields of the ones before it, so that it is read as the newest known.
 */
import { Reader } from '../primitives/reader.ts'
import { codecFor } from '../schema/codec.ts'
import { type Decoded, defineMessage, type Encodable, type MessageDefinition } from '../schema/define-message.ts'
import { array, bytes, int32, string } from '../schema/field.ts'
import { encodeMessage } from '../schema/message-codec.ts'
import { ProtocolError } from '../protocol-error.ts'

/** The type of group (JoinGroup's `protocolType`) whose members speak this. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

const NEWEST_VERSION = 3

export const consumerProtocolSubscription = defineMessage({
  name: 'ConsumerProtocolSubscription',
  validVersions: '0-3',
  flexibleVersions: 'none',
  fields: {
    topics: array('0+', string('0+')),
    userData: bytes('0+', { default: null, nullable: '0+' }),
    ownedPartitions: array('1+', { topic: string('1+'), partitions: array('1+', int32('1+')) }, { ignorable: true }),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { default: null, nullable: '3+', ignorable: true }),
  },
})

export const consumerProtocolAssignment = defineMessage({
  name: 'ConsumerProtocolAssignment',
  validVersions: '0-3',
  flexibleVersions: 'none',
  fields: {
    assignedPartitions: array('0+', { topic: string('0+'), partitions: array('0+', int32('0+')) }),
    userData: bytes('0+', { default: null, nullable: '0+' }),
  },
})

/** Throws a `ProtocolError` for bytes that are no subscription. */
export function decodeSubscription(payload: Uint8Array): Decoded<typeof consumerProtocolSubscription> {
  return decode(consumerProtocolSubscription, payload)
}

/** Throws a `ProtocolError` for bytes that are no assignment. */
export function decodeAssignment(payload: Uint8Array): Decoded<typeof consumerProtocolAssignment> {
  return decode(consumerProtocolAssignment, payload)
}

export function encodeSubscription(
  subscription: Encodable<typeof consumerProtocolSubscription>,
  version: number = NEWEST_VERSION,
): Uint8Array {
  return encode(consumerProtocolSubscription, version, subscription)
}

export function encodeAssignment(assignment: Encodable<typeof consumerProtocolAssignment>, version: number = NEWEST_VERSION): Uint8Array {
  return encode(consumerProtocolAssignment, version, assignment)
}

function decode<M extends MessageDefinition>(message: M, payload: Uint8Array): Decoded<M> {
  const reader = new Reader(payload)
  const version = reader.int16()
  if (version < 0) throw new ProtocolError('ERR_PROTOCOL_UNSUPPORTED_VERSION', `${message.name} has no version ${version}`)
  // Whatever follows is of a later version.
  return codecFor(message, Math.min(version, NEWEST_VERSION)).read(reader) as Decoded<M>
}

function encode<M extends MessageDefinition>(message: M, version: number, value: Encodable<M>): Uint8Array {
  const body = encodeMessage(message, version, value)
  const payload = new Uint8Array(body.length + 2)
  payload[1] = version
  payload.set(body, 2)
  return payload
}
