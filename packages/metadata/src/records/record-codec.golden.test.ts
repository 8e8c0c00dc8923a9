/**
 * The bytes of every record, as they are on the disks of clusters that run: they may gain tagged fields and versions, and never
 * change. A row that has to be changed means that old metadata cannot be read any more.
 */
import { expect, it } from 'vitest'
import type { MetadataRecord } from './metadata-record.ts'
import { decodeRecord, encodeRecord, RECORD_TYPES } from './record-codec.ts'

const TOPIC_ID = 'AAECAwQFBgcICQoLDA0ODw'
const PARTITION = { topicId: TOPIC_ID, partition: 3, replicas: [1, 2], isr: [1, 2], leader: 1, leaderEpoch: 4, partitionEpoch: 9 }
const NO_CHANGES = { elr: [], lastKnownElr: [], addingReplicas: [], removingReplicas: [] }
const SCALARS = { brokerId: 1, brokerEpoch: 300, incarnationId: TOPIC_ID, rack: 'r', isFenced: true, isInControlledShutdown: false }
const LISTENER = { name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }

const GOLDEN: readonly (readonly [string, MetadataRecord])[] = [
  ['0100000102030405060708090a0b0c0d0e0f076f726465727300', { type: 'topic', topicId: TOPIC_ID, name: 'orders' }],
  [
    '0200000102030405060708090a0b0c0d0e0f0000000303000000010000000203000000010000000200000001000000040000000900',
    { type: 'partition', ...PARTITION, ...NO_CHANGES, recoveryState: 'recovered' },
  ],
  [
    '0200000102030405060708090a0b0c0d0e0f0000000303000000010000000203000000010000000200000001000000040000' +
      '00090500050200000005010502000000060205020000000303050200000004040101',
    {
      type: 'partition',
      ...PARTITION,
      elr: [3],
      lastKnownElr: [4],
      addingReplicas: [5],
      removingReplicas: [6],
      recoveryState: 'recovering',
    },
  ],
  ['0300000102030405060708090a0b0c0d0e0f0000000300', { type: 'partition-change', topicId: TOPIC_ID, partition: 3 }],
  [
    '0300000102030405060708090a0b0c0d0e0f0000000303000502000000020104ffffffff070101',
    { type: 'partition-change', topicId: TOPIC_ID, partition: 3, isr: [2], leader: -1, recoveryState: 'recovering' },
  ],
  [
    '0300000102030405060708090a0b0c0d0e0f00000003060209030000000200000001030101040101050101060101070100',
    { type: 'partition-change', topicId: TOPIC_ID, partition: 3, replicas: [2, 1], ...NO_CHANGES, recoveryState: 'recovered' },
  ],
  ['0400000102030405060708090a0b0c0d0e0f00', { type: 'remove-topic', topicId: TOPIC_ID }],
  [
    '050000000001000000000000012c000102030405060708090a0b0c0d0e0f020a504c41494e54455854026800002384000000' +
      '027202000102030405060708090a0b0c0d0e0f0202660001000200010000',
    {
      type: 'register-broker',
      ...SCALARS,
      listeners: [LISTENER],
      directoryIds: [TOPIC_ID],
      features: [{ name: 'f', minLevel: 1, maxLevel: 2 }],
    },
  ],
  ['060000000001000000000000012c00', { type: 'broker-registration-change', brokerId: 1, brokerEpoch: 300 }],
  [
    '060000000001000000000000012c020001ff010101',
    { type: 'broker-registration-change', brokerId: 1, brokerEpoch: 300, isFenced: false, isInControlledShutdown: true },
  ],
  ['0b0000000001000000000000012c00', { type: 'unregister-broker', brokerId: 1, brokerEpoch: 300 }],
  [
    '0c0000000001000102030405060708090a0b0c0d0e0f02680000238500',
    { type: 'register-controller', nodeId: 1, directoryId: TOPIC_ID, host: 'h', port: 9093 },
  ],
  [
    '070002076f72646572730d726574656e74696f6e2e6d73023500',
    { type: 'config', resourceType: 'topic', resourceName: 'orders', name: 'retention.ms', value: '5' },
  ],
  ['0700040102780000', { type: 'config', resourceType: 'broker', resourceName: '', name: 'x', value: null }],
  ['07002002670278023500', { type: 'config', resourceType: 'group', resourceName: 'g', name: 'x', value: '5' }],
  ['080000000001000000000000012c000000000000138800', { type: 'producer-ids', brokerId: 1, brokerEpoch: 300, nextProducerId: 5000 }],
  ['09000266000200', { type: 'feature-level', name: 'f', level: 2 }],
  ['0a0000', { type: 'no-op' }],
]

it.each(GOLDEN)('%s', (hex, record) => {
  expect(Buffer.from(encodeRecord(record)).toString('hex')).toBe(hex)
  expect(decodeRecord(Uint8Array.from(Buffer.from(hex, 'hex')))).toEqual(record)
})

it('there is a row for every type', () => {
  expect(new Set(GOLDEN.map(([, { type }]) => type))).toEqual(new Set(Object.keys(RECORD_TYPES)))
})
