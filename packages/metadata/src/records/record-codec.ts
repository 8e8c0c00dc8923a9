/**
 * Metadata records to bytes and back.
 *
 * | bytes | what                                   |
 * | ----- | -------------------------------------- |
 * | 1     | type, a number of `RECORD_TYPES`       |
 * | 1     | version of the record's schema         |
 * | rest  | the record after its schema, flexible  |
 *
 * A type or version that this build does not know is an error and never skipped: the image would be missing something.
 * Tagged fields that it does not know are skipped, for that is what they are for.
 *
 * To change a record: add a tagged field when old builds may ignore it; otherwise add a version, and write it only when the
 * features in force say that every node reads it. Numbers and versions are never used again for something else.
 */
import {
  array,
  bool,
  type Decoded,
  decodeMessage,
  defineMessage,
  type Encodable,
  encodeMessage,
  int16,
  int32,
  int64,
  int8,
  type MessageDefinition,
  string,
  uuid,
} from '@millrace/protocol'
import { METADATA_ERROR_CODES, MetadataError } from '../errors.ts'
import type { ConfigResourceType, MetadataRecord, PartitionChangeRecord, RecoveryState } from './metadata-record.ts'

const HEADER_BYTES = 2

const brokerIds = { tagged: '0+', nullable: '0+', default: null } as const

const topicSchema = defineMessage({
  name: 'TopicRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { topicId: uuid('0+'), name: string('0+') },
})

const partitionSchema = defineMessage({
  name: 'PartitionRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    topicId: uuid('0+'),
    partition: int32('0+'),
    replicas: array('0+', int32('0+')),
    isr: array('0+', int32('0+')),
    leader: int32('0+'),
    leaderEpoch: int32('0+'),
    partitionEpoch: int32('0+'),
    addingReplicas: array('0+', int32('0+'), { tag: 0, tagged: '0+' }),
    removingReplicas: array('0+', int32('0+'), { tag: 1, tagged: '0+' }),
    elr: array('0+', int32('0+'), { tag: 2, tagged: '0+' }),
    lastKnownElr: array('0+', int32('0+'), { tag: 3, tagged: '0+' }),
    recoveryState: int8('0+', { tag: 4, tagged: '0+' }),
  },
})

/** Leader -1 is "none", so "not changed" needs another number. */
const LEADER_UNCHANGED = -2

const partitionChangeSchema = defineMessage({
  name: 'PartitionChangeRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    topicId: uuid('0+'),
    partition: int32('0+'),
    isr: array('0+', int32('0+'), { tag: 0, ...brokerIds }),
    leader: int32('0+', { tag: 1, tagged: '0+', default: LEADER_UNCHANGED }),
    replicas: array('0+', int32('0+'), { tag: 2, ...brokerIds }),
    addingReplicas: array('0+', int32('0+'), { tag: 3, ...brokerIds }),
    removingReplicas: array('0+', int32('0+'), { tag: 4, ...brokerIds }),
    elr: array('0+', int32('0+'), { tag: 5, ...brokerIds }),
    lastKnownElr: array('0+', int32('0+'), { tag: 6, ...brokerIds }),
    /** One of `RECOVERY_STATES`, or -1 for not changed. */
    recoveryState: int8('0+', { tag: 7, tagged: '0+', default: -1 }),
  },
})

const removeTopicSchema = defineMessage({
  name: 'RemoveTopicRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { topicId: uuid('0+') },
})

const registerBrokerSchema = defineMessage({
  name: 'RegisterBrokerRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
    incarnationId: uuid('0+'),
    listeners: array('0+', { name: string('0+'), host: string('0+'), port: int32('0+'), securityProtocol: int16('0+') }),
    rack: string('0+', { nullable: '0+' }),
    directoryIds: array('0+', uuid('0+')),
    features: array('0+', { name: string('0+'), minLevel: int16('0+'), maxLevel: int16('0+') }),
    isFenced: bool('0+'),
    isInControlledShutdown: bool('0+'),
  },
})

const brokerRegistrationChangeSchema = defineMessage({
  name: 'BrokerRegistrationChangeRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+'),
    /** 0 not changed, 1 yes, -1 no. */
    fenced: int8('0+', { tag: 0, tagged: '0+' }),
    inControlledShutdown: int8('0+', { tag: 1, tagged: '0+' }),
  },
})

const unregisterBrokerSchema = defineMessage({
  name: 'UnregisterBrokerRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { brokerId: int32('0+'), brokerEpoch: int64('0+') },
})

const registerControllerSchema = defineMessage({
  name: 'RegisterControllerRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { nodeId: int32('0+'), directoryId: uuid('0+'), host: string('0+'), port: int32('0+') },
})

const configSchema = defineMessage({
  name: 'ConfigRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    /** The protocol's numbers: 2 topic, 4 broker, 32 group. */
    resourceType: int8('0+'),
    resourceName: string('0+'),
    name: string('0+'),
    value: string('0+', { nullable: '0+' }),
  },
})

const producerIdsSchema = defineMessage({
  name: 'ProducerIdsRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { brokerId: int32('0+'), brokerEpoch: int64('0+'), nextProducerId: int64('0+') },
})

const featureLevelSchema = defineMessage({
  name: 'FeatureLevelRecord',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { name: string('0+'), level: int16('0+') },
})

const noOpSchema = defineMessage({ name: 'NoOpRecord', validVersions: '0', flexibleVersions: '0+', fields: {} })

interface RecordCodec {
  readonly type: number
  readonly version: number
  readonly encode: (record: MetadataRecord) => Uint8Array
  readonly decode: (bytes: Uint8Array) => MetadataRecord
}

type RecordOf<Type extends MetadataRecord['type']> = Extract<MetadataRecord, { readonly type: Type }>

const CODECS: { readonly [Type in MetadataRecord['type']]: RecordCodec } = {
  topic: codec<'topic', typeof topicSchema>(
    1,
    topicSchema,
    (record) => record,
    (fields) => ({ type: 'topic', ...fields }),
  ),
  partition: codec<'partition', typeof partitionSchema>(
    2,
    partitionSchema,
    (record) => ({ ...record, recoveryState: RECOVERY_STATES.indexOf(record.recoveryState) }),
    (fields) => ({ type: 'partition', ...fields, recoveryState: recoveryStateOf(fields.recoveryState) }),
  ),
  'partition-change': codec<'partition-change', typeof partitionChangeSchema>(
    3,
    partitionChangeSchema,
    ({ recoveryState, ...record }) =>
      recoveryState === undefined ? record : { ...record, recoveryState: RECOVERY_STATES.indexOf(recoveryState) },
    partitionChangeOf,
  ),
  'remove-topic': codec<'remove-topic', typeof removeTopicSchema>(
    4,
    removeTopicSchema,
    (record) => record,
    (fields) => ({ type: 'remove-topic', ...fields }),
  ),
  'register-broker': codec<'register-broker', typeof registerBrokerSchema>(
    5,
    registerBrokerSchema,
    (record) => record,
    (fields) => ({ type: 'register-broker', ...fields }),
  ),
  'broker-registration-change': codec<'broker-registration-change', typeof brokerRegistrationChangeSchema>(
    6,
    brokerRegistrationChangeSchema,
    (record) => ({
      brokerId: record.brokerId,
      brokerEpoch: record.brokerEpoch,
      fenced: changeNumber(record.isFenced),
      inControlledShutdown: changeNumber(record.isInControlledShutdown),
    }),
    (fields) => ({
      type: 'broker-registration-change',
      brokerId: fields.brokerId,
      brokerEpoch: fields.brokerEpoch,
      ...(fields.fenced === 0 ? {} : { isFenced: fields.fenced > 0 }),
      ...(fields.inControlledShutdown === 0 ? {} : { isInControlledShutdown: fields.inControlledShutdown > 0 }),
    }),
  ),
  config: codec<'config', typeof configSchema>(
    7,
    configSchema,
    (record) => ({ ...record, resourceType: RESOURCE_TYPE_NUMBERS[record.resourceType] }),
    (fields) => ({ ...fields, type: 'config', resourceType: resourceTypeOf(fields.resourceType) }),
  ),
  'producer-ids': codec<'producer-ids', typeof producerIdsSchema>(
    8,
    producerIdsSchema,
    (record) => record,
    (fields) => ({ type: 'producer-ids', ...fields }),
  ),
  'feature-level': codec<'feature-level', typeof featureLevelSchema>(
    9,
    featureLevelSchema,
    (record) => record,
    (fields) => ({ type: 'feature-level', ...fields }),
  ),
  'no-op': codec<'no-op', typeof noOpSchema>(
    10,
    noOpSchema,
    () => ({}),
    () => ({ type: 'no-op' }),
  ),
  'unregister-broker': codec<'unregister-broker', typeof unregisterBrokerSchema>(
    11,
    unregisterBrokerSchema,
    (record) => record,
    (fields) => ({ type: 'unregister-broker', ...fields }),
  ),
  'register-controller': codec<'register-controller', typeof registerControllerSchema>(
    12,
    registerControllerSchema,
    (record) => record,
    (fields) => ({ type: 'register-controller', ...fields }),
  ),
}

/** Numbers on disk, by record type. */
export const RECORD_TYPES: Readonly<Record<MetadataRecord['type'], number>> = Object.fromEntries(
  Object.entries(CODECS).map(([name, { type }]) => [name, type]),
) as Record<MetadataRecord['type'], number>

const CODEC_BY_TYPE = new Map(Object.values(CODECS).map((each) => [each.type, each]))

export function encodeRecord(record: MetadataRecord): Uint8Array {
  const { type, version, encode } = CODECS[record.type]
  const body = encode(record)
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  bytes[0] = type
  bytes[1] = version
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/**
 * Throws a `MetadataError` for bytes that are not exactly one record of a known type and version. Whoever calls knows from a
 * checksum that the bytes are as they were written, so a type or version above ours is a newer build's and not damage.
 */
export function decodeRecord(bytes: Uint8Array): MetadataRecord {
  const [type, version] = bytes
  if (type === undefined || version === undefined) throw unreadable(`${bytes.length} bytes are too few`)
  const known = CODEC_BY_TYPE.get(type)
  if (known === undefined) throw tooNew(`type ${type} is unknown`)
  if (version > known.version) throw tooNew(`version ${version} of type ${type} is unknown`)
  try {
    return known.decode(bytes.subarray(HEADER_BYTES))
  } catch (error) {
    if (error instanceof MetadataError) throw error
    throw unreadable(`type ${type} is malformed: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function codec<Type extends MetadataRecord['type'], Schema extends MessageDefinition>(
  type: number,
  schema: Schema,
  toFields: (record: RecordOf<Type>) => Encodable<Schema>,
  fromFields: (fields: Decoded<Schema>) => RecordOf<Type>,
): RecordCodec {
  const version = 0
  return {
    type,
    version,
    encode: (record) => encodeMessage(schema, version, toFields(record as RecordOf<Type>)),
    decode: (bytes) => fromFields(decodeMessage(schema, version, bytes)),
  }
}

function partitionChangeOf(fields: Decoded<typeof partitionChangeSchema>): PartitionChangeRecord {
  const { topicId, partition, isr, leader, replicas, addingReplicas, removingReplicas, elr, lastKnownElr, recoveryState } = fields
  return {
    type: 'partition-change',
    topicId,
    partition,
    ...(isr === null ? {} : { isr }),
    ...(leader === LEADER_UNCHANGED ? {} : { leader }),
    ...(replicas === null ? {} : { replicas }),
    ...(addingReplicas === null ? {} : { addingReplicas }),
    ...(removingReplicas === null ? {} : { removingReplicas }),
    ...(elr === null ? {} : { elr }),
    ...(lastKnownElr === null ? {} : { lastKnownElr }),
    ...(recoveryState === -1 ? {} : { recoveryState: recoveryStateOf(recoveryState) }),
  }
}

/** By their number. */
const RECOVERY_STATES: readonly RecoveryState[] = ['recovered', 'recovering']

function recoveryStateOf(number: number): RecoveryState {
  const state = RECOVERY_STATES[number]
  if (state === undefined) throw tooNew(`recovery state ${number} is unknown`)
  return state
}

function changeNumber(change: boolean | undefined): number {
  return change === undefined ? 0 : change ? 1 : -1
}

const RESOURCE_TYPE_NUMBERS: Readonly<Record<ConfigResourceType, number>> = { topic: 2, broker: 4, group: 32 }

function resourceTypeOf(number: number): ConfigResourceType {
  for (const type of ['topic', 'broker', 'group'] as const) if (number === RESOURCE_TYPE_NUMBERS[type]) return type
  throw tooNew(`config resource type ${number} is unknown`)
}

function tooNew(problem: string): MetadataError {
  return new MetadataError(METADATA_ERROR_CODES.recordTooNew, `metadata record of a newer version of Millrace: ${problem}`)
}

function unreadable(problem: string, cause?: unknown): MetadataError {
  return new MetadataError(METADATA_ERROR_CODES.recordUnreadable, `unreadable metadata record: ${problem}`, { cause })
}
