/**
 * Apache Kafka's own tool for looking at segments reads our files without a complaint and sees in them what we wrote; and a
 * directory that a killed Apache Kafka left is recovered by us with every record in it.
 */
import { cpSync, readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@millrace/client'
import { DEFAULT_LOG_CONFIG, DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory, type PartitionLog } from '@millrace/log'
import { batchLastOffset, batchSizeInBytes, buildBatch, buildMarker, CODECS } from '@millrace/protocol'
import { createCompression, createNodeDisk, crc32c, nodeClock, nodeRandom, silentLogger } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { kafkaTool } from './kafka-tool.ts'

const DUMP = 'org.apache.kafka.tools.DumpLogSegments'
const TOPIC_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
const NOW = 1_700_000_000_000
/** What the tool says when something is wrong, besides `isvalid: false`. */
const COMPLAINTS =
  /isvalid: false|mismatch|not found in the log|out of order|non-consecutive|not monotonic|sanity|corrupt|could not|exception|error/i

const compression = createCompression()

function openDirectory(path: string): Promise<LogDirectory> {
  const runtime = { clock: nodeClock, random: nodeRandom, disk: createNodeDisk(), logger: silentLogger, compression, crc32c }
  return openLogDirectory({ runtime, path, nodeId: 1, settings: DEFAULT_LOG_DIRECTORY_SETTINGS })
}

interface Written {
  batches: number
  records: number
  aborted: number
}

/** Batches of every codec, with and without producers, transactions of either end, three leader epochs, times out of order. */
function write(log: PartitionLog): Written {
  const written = { batches: 0, records: 0, aborted: 0 }
  const sequences = new Map<number, number>()
  const append = (bytes: Uint8Array, leaderEpoch: number, origin: 'client' | 'internal', records: number): void => {
    if (log.append(bytes, { leaderEpoch, origin }).type !== 'staged') throw new Error('not appended')
    written.batches += 1
    written.records += records
  }
  for (let round = 0; round < 120; round += 1) {
    const leaderEpoch = Math.floor(round / 50)
    const codec = CODECS[round % CODECS.length] ?? 'none'
    const producerId = 1000 + (round % 4)
    const isTransactional = producerId > 1001
    const baseSequence = sequences.get(producerId) ?? 0
    const records = Array.from({ length: 1 + (round % 5) }, (_, index) => ({
      timestamp: NOW + ((round * 37) % 100) * 10 + index,
      key: new TextEncoder().encode(`key-${round}`),
      value: new TextEncoder().encode(`value ${index} `.repeat(8)),
    }))
    const producer = producerId === 1000 ? {} : { producerId, producerEpoch: 0, baseSequence, isTransactional }
    const batch = buildBatch({ records, codec, compress: (type, bytes) => compression.compress(type, bytes), crc32c, ...producer })
    append(batch, leaderEpoch, 'client', records.length)
    sequences.set(producerId, baseSequence + records.length)
    if (!isTransactional || round > 110) continue
    const type = round % 3 === 0 ? 'abort' : 'commit'
    const marker = buildMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch: 1, timestamp: NOW + round, crc32c })
    append(marker, leaderEpoch, 'internal', 1)
    if (type === 'abort') written.aborted += 1
  }
  return written
}

async function dump(partitionPath: string): Promise<readonly string[]> {
  const names = readdirSync(partitionPath).filter((name) => /\.(log|index|timeindex|txnindex|snapshot)$/.test(name))
  const files = names.sort().map((name) => join(partitionPath, name))
  const { exitCode, lines } = await kafkaTool(DUMP, ['--deep-iteration', '--files', files.join()])
  expect(exitCode).toBe(0)
  return lines
}

/** It takes the first record of every segment but the first for one that does not follow offset -1, in Kafka's own files too. */
function complaints(lines: readonly string[]): string[] {
  return lines.filter((line, index) => COMPLAINTS.test(line) && !/-1 is followed by \d+$/.test(lines[index + 1] ?? ''))
}

function count(lines: readonly string[], pattern: RegExp): number {
  return lines.filter((line) => pattern.test(line)).length
}

describe.skipIf(kafkaHome === null)('our files', () => {
  it.each(['after a clean stop', 'after a kill and a start'] as const)('are sound to Kafka %s', async (when) => {
    using temporary = temporaryDirectory()
    const [stopped, killed] = [join(temporary.path, 'stopped'), join(temporary.path, 'killed')]
    const config = { ...DEFAULT_LOG_CONFIG, segmentBytes: 6000, indexIntervalBytes: 500 }
    const directory = await openDirectory(stopped)
    const log = await directory.open('orders', 0, TOPIC_ID, config)
    const written = write(log)
    expect(log.segments.count).toBeGreaterThan(3)
    cpSync(stopped, killed, { recursive: true })
    await directory.close()
    if (when === 'after a kill and a start') {
      const partition = join(killed, 'orders-0')
      const indexes = readdirSync(partition).filter((name) => /\.(index|timeindex)$/.test(name))
      for (const [index, name] of indexes.entries()) truncateSync(join(partition, name), index)
      const again = await openDirectory(killed)
      await again.open('orders', 0, TOPIC_ID, config)
      await again.close()
    }
    const partitionPath = join(when === 'after a clean stop' ? stopped : killed, 'orders-0')
    const lines = await dump(partitionPath)
    expect(complaints(lines)).toEqual([])
    expect(count(lines, /^baseOffset: .* isvalid: true$/)).toBe(written.batches)
    expect(count(lines, /^\| offset: /)).toBe(written.records)
    expect(count(lines, /^version: 0 producerId: \d+ firstOffset: \d+ lastOffset: \d+ lastStableOffset: \d+$/)).toBe(written.aborted)
    expect(count(lines, /^producerId: \d+ producerEpoch: 0 /)).toBeGreaterThanOrEqual(3)
    expect(count(lines, /^producerId: \d+ .*currentTxnFirstOffset: OptionalLong\[\d+\]/)).toBeGreaterThan(0)
    expect(count(lines, /^offset: \d+ position: \d+$/)).toBeGreaterThan(20)
    expect(count(lines, /^timestamp: \d+ offset: \d+$/)).toBeGreaterThan(5)
    expect(count(lines, /^Dumping /)).toBe(readdirSync(partitionPath).filter((name) => /^\d{20}\./.test(name)).length)
  })
})

describe.skipIf(kafkaHome === null)('a directory of Kafka that was killed', () => {
  it('is recovered by us, with its preallocated indexes and every record', async () => {
    using temporary = temporaryDirectory()
    const records = 6000
    {
      await using kafka = await startApacheKafka({ 'log.dirs': temporary.path, 'log.index.interval.bytes': '200' })
      await using client = createClient({ brokers: kafka.address })
      const configs = { 'segment.bytes': 1_048_576, 'index.interval.bytes': 200 }
      await client.admin().createTopics([{ name: 'orders', partitions: 1, replicationFactor: 1, configs }])
      await using producer = client.producer()
      const value = 'x'.repeat(500)
      await Promise.all(
        Array.from({ length: records }, (_, index) =>
          producer.send({ topic: 'orders', partition: 0, key: `key ${index}`, value, timestamp: NOW + index }),
        ),
      )
    }
    const partitionPath = join(temporary.path, 'orders-0')
    expect(readdirSync(partitionPath).filter((name) => name.endsWith('.log')).length).toBeGreaterThan(2)
    const disk = createNodeDisk()
    const metadata = new TextDecoder().decode(disk.readFile(join(partitionPath, 'partition.metadata')))
    const directory = await openDirectory(temporary.path)
    expect(directory.wasCleanShutdown).toBe(false)
    const topicId = /topic_id: (.{22})/.exec(metadata)?.[1] ?? ''
    const log = await directory.open('orders', 0, topicId, { ...DEFAULT_LOG_CONFIG, segmentBytes: 1_048_576, indexIntervalBytes: 200 })
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, records])
    expect(nextOffsets(log)).toBe(records)
    for (const index of [0, 1, 777, 3210, records - 1]) expect(await log.offsetForTimestamp(NOW + index)).toMatchObject({ offset: index })
    const [sender, ...others] = [...log.producerState.entries()]
    expect(sender?.batches.at(-1)).toMatchObject({ lastSequence: records - 1, lastOffset: records - 1 })
    expect(others).toEqual([])
    await directory.close()
    const lines = await dump(partitionPath)
    expect(complaints(lines)).toEqual([])
    expect(count(lines, /^\| offset: /)).toBe(records)
  })
})

/** Reads the whole log, from batch to batch; returns the offset after the last. */
function nextOffsets(log: PartitionLog): number {
  let next = log.logStartOffset
  while (next < log.logEndOffset) {
    const result = log.read({ offset: next, maxBytes: 100_000, endOffset: log.logEndOffset, atLeastOneBatch: true })
    if (result.type !== 'region') throw new Error(`a ${result.type} result`)
    const bytes = new Uint8Array(result.sizeBytes)
    result.file.readSync(bytes, result.position)
    result.release()
    for (let at = 0; at + 61 <= bytes.length && at + batchSizeInBytes(bytes, at) <= bytes.length; at += batchSizeInBytes(bytes, at)) {
      next = batchLastOffset(bytes, at) + 1
    }
  }
  return next
}
