/** What our compaction writes, read by Apache Kafka's own tool for looking at segments and indexes. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DEFAULT_LOG_CONFIG, DEFAULT_LOG_DIRECTORY_SETTINGS, type LogConfig, openLogDirectory, startMaintenance } from '@millrace/log'
import { buildBatch, buildMarker, CODECS } from '@millrace/protocol'
import { crc32c, createCompression, createNodeDisk, nodeClock, nodeRandom, silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { kafkaHome } from './apache-kafka.ts'

const TOPIC_ID = 'mB0s3oWvTxGVWHNTVVlXSA'
const ROUNDS = 300
const KEYS = 80
const NOW = 1_700_000_000_000

const CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  cleanupPolicy: { delete: false, compact: true },
  minCleanableDirtyRatio: 0,
  segmentBytes: 8000,
  indexIntervalBytes: 200,
  fileDeleteDelayMs: 0,
}

interface Written {
  readonly key: string
  readonly offset: number
  readonly isTombstone: boolean
}

it('a compacted log is sound to Kafka, and holds the last value of each key', async (context) => {
  if (kafkaHome === null) return context.skip('set MILLRACE_PEERS_KAFKA to an unpacked Apache Kafka')
  const path = await mkdtemp(join(tmpdir(), 'millrace-compaction-'))
  try {
    const last = await writeAndCompact(path)
    const directory = join(path, 'orders-0')
    const files = (await readdir(directory)).filter((name) => /\.(log|index|timeindex|txnindex|snapshot)$/.test(name)).sort()
    for (const suffix of ['.index', '.timeindex', '.txnindex', '.snapshot']) expect(files.some((name) => name.endsWith(suffix))).toBe(true)
    const found = await dump(files.map((name) => join(directory, name)))
    expect(found).not.toMatch(/isvalid: false|mismatch|out of order|corrupt|error|exception|not found|fail/i)
    const records = [...found.matchAll(/\| offset: (\d+) .*? valueSize: (-?\d+) .*?headerKeys: \[of\] key: (\S+)/g)]
    expect(records.map(([, offset, valueSize, key]) => ({ key, offset: Number(offset), isTombstone: valueSize === '-1' }))).toEqual(last)
    expect(found).toMatch(/deleteHorizonMs: OptionalLong\[\d+\]/)
    expect(found).toMatch(/endTxnMarker: ABORT/)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
})

/** Returns what has to be left, in order. */
async function writeAndCompact(path: string): Promise<Written[]> {
  const compression = createCompression()
  const directory = await openLogDirectory({
    runtime: { clock: nodeClock, random: nodeRandom, disk: createNodeDisk(), logger: silentLogger, compression, crc32c },
    path,
    nodeId: 1,
    settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
  })
  const maintenance = startMaintenance(directory, { configFor: () => ({ topicId: TOPIC_ID, config: CONFIG }) })
  const log = await directory.open('orders', 0, TOPIC_ID, CONFIG)
  const last = new Map<string, Written>()
  const sequences = [0, 0, 0]
  for (let round = 0; round < ROUNDS; round += 1) {
    // Nobody's batches, those of an idempotent producer, and those of a transactional one, every other time aborted.
    const producer = round % 3
    const isAborted = producer === 2 && round % 2 === 0
    const from = log.logEndOffset
    const written = [0, 1, 2].map((index): Written => {
      return { key: `k${(round * 7 + index * 31) % KEYS}`, offset: from + index, isTombstone: (round + index) % 11 === 0 }
    })
    const baseSequence = sequences[producer] ?? 0
    const records = written.map(({ key, isTombstone, offset }) => ({
      timestamp: NOW + offset * 10,
      key: encode(key),
      value: isTombstone ? null : encode(`value ${offset}`),
      headers: [{ key: encode('of'), value: encode(key) }],
    }))
    const codec = CODECS[round % CODECS.length] ?? 'none'
    const identity = producer === 0 ? {} : { producerId: producer, producerEpoch: 0, baseSequence, isTransactional: producer === 2 }
    const batch = buildBatch({ records, codec, compress: (type, bytes) => compression.compress(type, bytes), crc32c, ...identity })
    expect(log.append(batch, { leaderEpoch: 3, origin: 'client' }).type).toBe('staged')
    sequences[producer] = baseSequence + records.length
    if (producer === 2) {
      const timestamp = NOW + log.logEndOffset * 10
      const type = isAborted ? 'abort' : 'commit'
      const marker = buildMarker({ type, producerId: producer, producerEpoch: 0, coordinatorEpoch: 0, timestamp, crc32c })
      log.append(marker, { leaderEpoch: 3, origin: 'internal' })
    }
    if (!isAborted) for (const one of written) last.set(one.key, one)
    if (round % 100 < 99) continue
    log.roll()
    log.setHighWatermark(log.logEndOffset)
    expect(await maintenance.cleanOnce()).toBe(true)
  }
  await maintenance.stop()
  await directory.close()
  return [...last.values()].sort((a, b) => a.offset - b.offset)
}

async function dump(files: readonly string[]): Promise<string> {
  const tool = ['-cp', join(kafkaHome ?? '', 'libs', '*'), 'org.apache.kafka.tools.DumpLogSegments', '--deep-iteration', '--print-data-log']
  const { stdout, stderr } = await promisify(execFile)('java', [...tool, '--files', files.join(',')], { maxBuffer: 2 ** 26 })
  return stdout + stderr
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
