/**
 * The records of `__consumer_offsets` that an Apache Kafka 4.3.1 wrote for a classic group, a consumer group and a transaction: read
 * as Kafka's own DumpLogSegments prints them (consumer-offsets.txt), written again byte for byte, and loaded by our coordinator.
 */
import { readFileSync } from 'node:fs'
import { decodeGroupRecord, encodeGroupRecord, GROUP_RECORD_FORMATS, GroupCoordinator, DEFAULT_GROUP_SETTINGS } from '@millrace/coordinator'
import {
  batchProducerEpoch,
  batchProducerId,
  batchSizeInBytes,
  decodeAssignment,
  decodeSubscription,
  isControl,
  isTransactional,
  readRecords,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'

const TIME = { nowMs: 1_795_204_700_000, monotonicMs: 0 }

const read = (partition: number): Uint8Array =>
  readFileSync(new URL(`./logdir/__consumer_offsets-${partition}/00000000000000000000.log`, import.meta.url))

interface PrintedRecord {
  readonly recordType: number
  readonly key: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>> | null
}

/** What Kafka printed: numbers of 64 bits that are no offsets or times are left out. */
const PRINTED: readonly PrintedRecord[] = readFileSync(new URL('./consumer-offsets.txt', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const match = /key: (\{.*\}) payload: (.*)$/.exec(line)
    if (match === null) return []
    const key = JSON.parse(match[1] as string)
    const payload = match[2] === '<DELETE>' ? null : JSON.parse(match[2] as string).data
    delete payload?.metadataHash
    return [{ recordType: Number(key.type), key: key.data, payload }]
  })

interface StoredRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly transaction: { readonly producerId: number; readonly producerEpoch: number } | null
}

const STORED: readonly StoredRecord[] = [0, 1].flatMap((partition) => {
  const bytes = read(partition)
  const records: StoredRecord[] = []
  for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at)) {
    if (isControl(bytes, at)) continue
    const producer = { producerId: batchProducerId(bytes, at), producerEpoch: batchProducerEpoch(bytes, at) }
    const transaction = isTransactional(bytes, at) ? producer : null
    const batch = readRecords(bytes, at, () => new Uint8Array(0))
    records.push(...batch.map(({ key, value }) => ({ key: key as Uint8Array, value, transaction })))
  }
  return records
})

it('are all there', () => {
  expect(STORED).toHaveLength(PRINTED.length)
  expect(STORED).toHaveLength(21)
})

describe.each(PRINTED.map((printed, index) => [index, printed] as const))('record %i', (index, printed) => {
  const { key, value } = STORED[index] as StoredRecord
  const record = decodeGroupRecord(key, value)
  const { recordType } = printed

  it('is read as Kafka prints it', () => {
    expect(GROUP_RECORD_FORMATS.find(({ type }) => type === record.type)?.recordType).toBe(recordType)
    expect(record.key).toEqual(printed.key)
    if (printed.payload === null) expect(record.value).toBeNull()
    else expect(readable(record.value)).toMatchObject(printed.payload)
  })

  it('is written as Kafka wrote it', () => {
    // The hash over topics has 64 bits in Kafka and fewer here; it says only whether they changed.
    if (recordType === 3 && printed.payload !== null) return expect(encodeGroupRecord(record).key).toEqual(new Uint8Array(key))
    expect(encodeGroupRecord(record)).toEqual({ key: new Uint8Array(key), value: value === null ? null : new Uint8Array(value) })
  })
})

/** What members told each other is bytes to a coordinator, and Kafka prints what is in them. */
function readable(value: unknown): unknown {
  const { members } = value as { readonly members?: readonly { readonly subscription: Uint8Array; readonly assignment: Uint8Array }[] }
  if (members === undefined) return value
  const readableMembers = members.map((member) => ({
    ...member,
    subscription: decodeSubscription(member.subscription),
    assignment: decodeAssignment(member.assignment),
  }))
  return { ...(value as object), members: readableMembers }
}

it('are loaded by a coordinator', () => {
  const topics = { byName: () => undefined, byId: () => undefined, all: () => [] }
  const coordinator = new GroupCoordinator({
    settings: () => DEFAULT_GROUP_SETTINGS,
    settingsOf: () => DEFAULT_GROUP_SETTINGS,
    topics: () => topics,
    newUuid: () => '',
  })
  for (const [offset, { key, value, transaction }] of STORED.entries()) {
    coordinator.replay(decodeGroupRecord(key, value), { offset, transaction })
  }
  coordinator.replayMarker(1, 3, 'commit')
  coordinator.loaded(TIME)
  expect(committed(coordinator, 'g-classic')).toEqual(['t-txn 7', 't-none 3'])
  expect(committed(coordinator, 'g-consumer')).toEqual(['t-txn 7', 't-none 3'])
  expect(committed(coordinator, 'gtx')).toEqual(['t-none 2'])
})

function committed(coordinator: GroupCoordinator, groupId: string): readonly string[] {
  const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: null }]
  const request = { api: 'OffsetFetch', body: { groupId: '', topics: null, groups, requireStable: true } } as const
  const client = { id: '', host: '', connectionId: 0 }
  const [effect] = coordinator.step({ type: 'request', token: 1, ...TIME, apiVersion: 9, client, request })
  if (effect?.type !== 'reply' || effect.response.api !== 'OffsetFetch') throw new Error('not answered')
  return (effect.response.body.groups?.[0]?.topics ?? []).map(({ name, partitions }) => `${name} ${partitions?.[0]?.committedOffset}`)
}
