import { buildMarker, type RecordInput } from '@millrace/protocol'
import { crc32c, createCompression } from '@millrace/runtime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { batchOf, bytesOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { replayLog } from './replay-log.ts'

let broker: BrokerFixture
let seen: string[]

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a')
  seen = []
})

afterEach(() => broker.close())

/** What is handed over, and what that makes. */
async function replay(isWanted: () => boolean = () => true) {
  const log = await broker.log('a')
  return replayLog(
    log,
    {
      onRecord: (key, value, { offset, transaction }) => {
        const where = transaction === null ? '' : ` in ${transaction.producerId}/${transaction.producerEpoch}`
        seen.push(`${offset}: ${key === null ? null : text(key)}=${value === null ? null : text(value)}${where}`)
      },
      onMarker: ({ producerId, producerEpoch }, result) => seen.push(`${result} ${producerId}/${producerEpoch}`),
      isWanted,
    },
    { clock: broker.clock, compression: createCompression(), crc32c },
  )
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const record = (key: string, value: string | null): Partial<RecordInput> => ({
  key: bytesOf(key),
  value: value === null ? null : bytesOf(value),
})

it('finds nothing in an empty log', async () => {
  expect(await replay()).toEqual({ endOffset: 0, records: 0, bytes: 0 })
})

it('hands over keys, values and tombstones, with their offsets', async () => {
  await broker.append('a', 0, [record('k', '1'), record('l', null)])
  await broker.append('a', 0, [record('k', '2')])
  expect(await replay()).toMatchObject({ endOffset: 3, records: 3 })
  expect(seen).toEqual(['0: k=1', '1: l=null', '2: k=2'])
})

it('tells what belongs to a transaction, and how that ended', async () => {
  await broker.append('a', 0, [record('k', '1')], { producerId: 9, producerEpoch: 2, baseSequence: 0, isTransactional: true })
  await broker.append('a', 0, [record('l', '1')])
  const log = await broker.log('a')
  const marker = { producerId: 9, producerEpoch: 2, coordinatorEpoch: 0, timestamp: 0, crc32c }
  log.append(buildMarker({ ...marker, type: 'abort' }), { leaderEpoch: 0, origin: 'internal' })
  await replay()
  expect(seen).toEqual(['0: k=1 in 9/2', '1: l=1', 'abort 9/2'])
})

it('reads what Kafka may have compressed', async () => {
  const log = await broker.log('a')
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    log.append(batchOf({ codec, records: [record(codec, 'v')] }), { leaderEpoch: 0, origin: 'internal' })
  }
  await replay()
  expect(seen).toEqual(['0: gzip=v', '1: snappy=v', '2: lz4=v', '3: zstd=v'])
})

it('begins where the log does, be it within a batch', async () => {
  await broker.append('a', 0, [record('k', '1'), record('l', '2'), record('m', '3')])
  const log = await broker.log('a')
  log.setHighWatermark(3)
  log.deleteRecordsBefore(2)
  await replay()
  expect(seen).toEqual(['2: m=3'])
})

it('reads a log of many pieces, and batches larger than a piece, whole and once', async () => {
  const large = 'x'.repeat(300_000)
  for (let index = 0; index < 5; index += 1) {
    await broker.append('a', 0, [record(`large ${index}`, large)])
    await broker.append(
      'a',
      0,
      Array.from({ length: 100 }, (_, each) => record(`${index}-${each}`, 'y'.repeat(1_000))),
    )
  }
  expect(await replay()).toMatchObject({ endOffset: 505, records: 505 })
  expect(seen.map((line) => Number(line.slice(0, line.indexOf(':'))))).toEqual(Array.from({ length: 505 }, (_, offset) => offset))
})

it('stops when it is not wanted any more', async () => {
  for (let index = 0; index < 10; index += 1) await broker.append('a', 0, [record('k', String(index))])
  expect((await replay(() => seen.length < 3)).records).toBe(3)
})

it('refuses what is damaged, and says where', async () => {
  await broker.append('a', 0, [record('k', '1')])
  await broker.append('a', 0, [record('k', '2')])
  const log = await broker.log('a')
  const file = broker.disk.open(`${log.directory}/00000000000000000000.log`)
  file.writeSync([new Uint8Array([0xff])], file.size() - 3)
  await expect(replay()).rejects.toThrow('the batch at offset 1 cannot be read: its checksum is wrong')
  expect(seen).toEqual(['0: k=1'])
})
