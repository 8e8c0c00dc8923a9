import fc from 'fast-check'
import { expect, it } from 'vitest'
import { METADATA_ERROR_CODES, MetadataError } from '../errors.ts'
import type { MetadataRecord } from './metadata-record.ts'
import { decodeRecord, encodeRecord, RECORD_TYPES } from './record-codec.ts'

const id = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const ids = fc.array(id, { maxLength: 4 })
const safe = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER })
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
/** 16 bytes in base64url: 21 characters of six bits, and one of the last two. */
const uuid = fc.tuple(fc.stringMatching(/^[A-Za-z0-9_-]{21}$/), fc.constantFrom('A', 'Q', 'g', 'w')).map(([head, tail]) => head + tail)

const recoveryState = fc.constantFrom('recovered' as const, 'recovering' as const)

const record: fc.Arbitrary<MetadataRecord> = fc.oneof(
  fc.record({ type: fc.constant('topic' as const), topicId: uuid, name: text }),
  fc.record({
    type: fc.constant('partition' as const),
    topicId: uuid,
    partition: id,
    replicas: ids,
    isr: ids,
    elr: ids,
    lastKnownElr: ids,
    addingReplicas: ids,
    removingReplicas: ids,
    leader: fc.integer({ min: -1, max: 9 }),
    leaderEpoch: id,
    partitionEpoch: id,
    recoveryState,
  }),
  fc.record(
    {
      type: fc.constant('partition-change' as const),
      topicId: uuid,
      partition: id,
      replicas: ids,
      isr: ids,
      elr: ids,
      lastKnownElr: ids,
      addingReplicas: ids,
      removingReplicas: ids,
      leader: fc.integer({ min: -1, max: 9 }),
      recoveryState,
    },
    { requiredKeys: ['type', 'topicId', 'partition'] },
  ),
  fc.record({ type: fc.constant('remove-topic' as const), topicId: uuid }),
  fc.record({
    type: fc.constant('register-broker' as const),
    brokerId: id,
    brokerEpoch: safe,
    incarnationId: uuid,
    listeners: fc.array(fc.record({ name: text, host: text, port: id, securityProtocol: fc.constantFrom(0, 1, 2, 3) }), {
      maxLength: 3,
    }),
    rack: fc.option(text),
    directoryIds: fc.array(uuid, { maxLength: 3 }),
    features: fc.array(fc.record({ name: text, minLevel: fc.nat(99), maxLevel: fc.nat(99) }), { maxLength: 3 }),
    isFenced: fc.boolean(),
    isInControlledShutdown: fc.boolean(),
  }),
  fc.record(
    {
      type: fc.constant('broker-registration-change' as const),
      brokerId: id,
      brokerEpoch: safe,
      isFenced: fc.boolean(),
      isInControlledShutdown: fc.boolean(),
    },
    { requiredKeys: ['type', 'brokerId', 'brokerEpoch'] },
  ),
  fc.record({
    type: fc.constant('config' as const),
    resourceType: fc.constantFrom('topic' as const, 'broker' as const, 'group' as const),
    resourceName: text,
    name: text,
    value: fc.option(text),
  }),
  fc.record({ type: fc.constant('producer-ids' as const), brokerId: id, brokerEpoch: safe, nextProducerId: safe }),
  fc.record({ type: fc.constant('feature-level' as const), name: text, level: fc.nat(99) }),
  fc.record({ type: fc.constant('no-op' as const) }),
  fc.record({ type: fc.constant('unregister-broker' as const), brokerId: id, brokerEpoch: safe }),
  fc.record({ type: fc.constant('register-controller' as const), nodeId: id, directoryId: uuid, host: text, port: fc.nat(65_535) }),
)

it('every record is the same after encoding and decoding', () => {
  fc.assert(
    fc.property(record, (original) => {
      expect(decodeRecord(encodeRecord(original))).toEqual(original)
    }),
    { numRuns: 500 },
  )
})

it('mutilated bytes are a record or an error of ours, never anything else', () => {
  const mutilation = fc.record({ record, at: fc.nat(), byte: fc.nat(255), keep: fc.nat(200) })
  fc.assert(
    fc.property(mutilation, ({ record: original, at, byte, keep }) => {
      const bytes = encodeRecord(original)
      bytes[at % bytes.length] = byte
      try {
        decodeRecord(bytes.subarray(0, keep))
      } catch (error) {
        expect(error).toBeInstanceOf(MetadataError)
      }
    }),
    { numRuns: 1000 },
  )
})

const { recordTooNew, recordUnreadable } = METADATA_ERROR_CODES

it.each([
  ['nothing', [], recordUnreadable, /0 bytes are too few/],
  ['a type of the future', [99, 0], recordTooNew, /newer version of Millrace: type 99 is unknown/],
  ['a version of the future', [1, 7], recordTooNew, /newer version of Millrace: version 7 of type 1 is unknown/],
  ['a record that ends early', [4, 0, 1, 2, 3], recordUnreadable, /type 4 is malformed/],
  ['a record with something after it', [10, 0, 0, 0], recordUnreadable, /type 10 is malformed/],
  ['configs of a kind of resource of the future', [7, 0, 16, 1, 1, 1, 0], recordTooNew, /resource type 16/],
])('refuses %s', (_what, bytes, code, message) => {
  const refusal = expect.objectContaining({ name: 'MetadataError', code, message: expect.stringMatching(message) })
  expect(() => decodeRecord(Uint8Array.from(bytes))).toThrow(refusal)
})

it('refuses to write an id that would come back as another text', () => {
  expect(() => encodeRecord({ type: 'remove-topic', topicId: 'AAAAAAAAAAAAAAAAAAAAAB' })).toThrow(/not a UUID/)
})

it('skips tagged fields that it does not know', () => {
  const noOp = [10, 0]
  const unknownTag = [1, 42, 3, 7, 7, 7]
  expect(decodeRecord(Uint8Array.from([...noOp, ...unknownTag]))).toEqual({ type: 'no-op' })
})

it('the numbers of the record types never change', () => {
  expect(RECORD_TYPES).toEqual({
    topic: 1,
    partition: 2,
    'partition-change': 3,
    'remove-topic': 4,
    'register-broker': 5,
    'broker-registration-change': 6,
    config: 7,
    'producer-ids': 8,
    'feature-level': 9,
    'no-op': 10,
    'unregister-broker': 11,
    'register-controller': 12,
  })
})
