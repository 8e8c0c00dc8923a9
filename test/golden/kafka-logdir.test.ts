/** A log directory that a real Apache Kafka 4.3.1 left after a clean stop, opened by ours: everything in it is found, and goes on. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_LOG_CONFIG, DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory, type PartitionLog } from '@millrace/log'
import { batchSizeInBytes, buildBatch, readRecords } from '@millrace/protocol'
import { createCompression, createNodeDisk, crc32c, nodeClock, nodeRandom, silentLogger } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const GOLDEN = new URL('./logdir', import.meta.url).pathname
const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const STOPS = ['with the mark of a clean stop', 'as if it had been killed'] as const

let path: string
let directory: LogDirectory

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'millrace-golden-'))
  cpSync(GOLDEN, path, { recursive: true })
  renameSync(join(path, 'dot-kafka_cleanshutdown'), join(path, '.kafka_cleanshutdown'))
})

afterEach(async () => {
  await directory.close()
  rmSync(path, { recursive: true })
})

async function open(nodeId = 1): Promise<LogDirectory> {
  const compression = createCompression()
  directory = await openLogDirectory({
    runtime: { clock: nodeClock, random: nodeRandom, disk: createNodeDisk(), logger: silentLogger, compression, crc32c },
    path,
    nodeId,
    settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
  })
  return directory
}

function openLog(topic: string, partition = 0): Promise<PartitionLog> {
  const metadata = readFileSafely(join(path, `${topic}-${partition}`, 'partition.metadata'))
  return directory.open(topic, partition, /topic_id: (.{22})/.exec(metadata)?.[1] ?? NO_ID, DEFAULT_LOG_CONFIG)
}

function readFileSafely(file: string): string {
  return readdirSync(join(file, '..')).includes('partition.metadata') ? readFileSync(file, 'utf8') : ''
}

function bytesOf(log: PartitionLog): Uint8Array {
  const result = log.read({ offset: log.logStartOffset, maxBytes: 1_000_000, endOffset: log.logEndOffset, atLeastOneBatch: true })
  if (result.type !== 'region') throw new Error(`a ${result.type} result`)
  const bytes = new Uint8Array(result.sizeBytes)
  result.file.readSync(bytes, result.position)
  result.release()
  return bytes
}

it('is recognised, and refused to another node', async () => {
  await open()
  expect(directory).toMatchObject({ clusterId: 'OvFNGBE_S1WVqQq5fMpv3A', directoryId: 'u_v2hiWRu_Gzy337r_aTRQ', wasCleanShutdown: true })
  expect(directory.found()).toHaveLength(10)
  await directory.close()
  await expect(open(2)).rejects.toMatchObject({ code: 'ERR_LOG_FOREIGN_DIRECTORY' })
})

it('has checkpoints that are read', async () => {
  const { checkpoints } = await open()
  for (const [name, offset] of [
    ['t-txn-0', 7],
    ['t-gzip-0', 3],
    ['__consumer_offsets-0', 20],
    ['__transaction_state-1', 11],
    ['t-cmp-0', 0],
  ] as const) {
    expect([checkpoints.recoveryPoints.get(name), checkpoints.highWatermarks.get(name)]).toEqual([offset, offset])
    expect(checkpoints.logStartOffsets.get(name)).toBeNull()
  }
})

describe.each(STOPS)('%s', (stop) => {
  beforeEach(async () => {
    if (stop !== STOPS[0]) rmSync(join(path, '.kafka_cleanshutdown'))
    await open()
  })

  it.each([
    ['t-none', 0, 3],
    ['t-gzip', 0, 3],
    ['t-snappy', 0, 3],
    ['t-lz4', 0, 3],
    ['t-zstd', 0, 3],
    ['t-idem', 0, 3],
    ['t-txn', 0, 7],
    ['__consumer_offsets', 0, 20],
    ['__consumer_offsets', 1, 2],
    ['__transaction_state', 1, 11],
  ])('%s-%i holds %i records, byte for byte', async (topic, partition, endOffset) => {
    const log = await openLog(topic, partition)
    expect([log.logStartOffset, log.logEndOffset, log.latestLeaderEpoch]).toEqual([0, endOffset, 0])
    const golden = readFileSync(join(GOLDEN, `${topic}-${partition}`, '00000000000000000000.log'))
    expect(Buffer.compare(bytesOf(log), golden)).toBe(0)
    const compression = createCompression()
    let records = 0
    for (let at = 0; at < golden.length; at += batchSizeInBytes(golden, at)) {
      records += readRecords(golden, at, (codec, bytes) => compression.decompress(codec, bytes, 1_000_000)).length
    }
    expect(records).toBe(endOffset)
  })

  it('finds records by their time', async () => {
    const log = await openLog('t-zstd')
    expect(await log.offsetForTimestamp(1_700_000_000_001)).toEqual({ offset: 1, timestampMs: 1_700_000_000_001, leaderEpoch: 0 })
    expect(await log.maxTimestampOffset()).toEqual({ offset: 2, timestampMs: 1_700_000_000_002, leaderEpoch: 0 })
    const transactions = await openLog('t-txn')
    expect(await transactions.offsetForTimestamp(1_795_204_685_325)).toMatchObject({ offset: 6 })
    expect(await transactions.maxTimestampOffset()).toMatchObject({ offset: 6, timestampMs: 1_795_204_685_605 })
  })

  it('knows its transactions and producers', async () => {
    const log = await openLog('t-txn')
    log.setHighWatermark(7)
    expect(log.abortedTransactions(0, 7)).toEqual([{ producerId: 1, firstOffset: 3, lastOffset: 4, lastStableOffset: 5 }])
    expect(log.lastStableOffset(7)).toBe(7)
    expect([...log.producerState.entries()]).toEqual([
      { producerId: 1, producerEpoch: 3, coordinatorEpoch: 0, lastTimestamp: 1_795_204_685_605, currentTxnFirstOffset: -1, batches: [] },
    ])
  })

  it('goes on where Kafka ended, and remembers what was sent', async () => {
    const log = await openLog('t-idem')
    const [sent] = [...log.producerState.entries()]
    expect(sent).toMatchObject({ producerEpoch: 0, batches: [{ lastSequence: 2, lastOffset: 2 }] })
    const next = (baseSequence: number): Uint8Array =>
      buildBatch({
        records: [{ timestamp: 1_800_000_000_000, key: null, value: null }],
        producerId: sent?.producerId ?? -1,
        producerEpoch: 0,
        baseSequence,
        crc32c,
      })
    const asLeader = { leaderEpoch: 1, origin: 'client' } as const
    expect(log.append(next(3), asLeader)).toMatchObject({ type: 'staged', baseOffset: 3 })
    expect(log.append(next(3), asLeader)).toMatchObject({ type: 'duplicate', baseOffset: 3 })
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 3 })
    await directory.close()
    await open()
    const again = await openLog('t-idem')
    expect([again.logEndOffset, again.latestLeaderEpoch]).toEqual([4, 1])
  })
})
