/**
 * kcat sends a real text through a broker and reads it back byte for byte, in every codec, also when the broker dies after it
 * or in the middle. MILLRACE_CONFORMANCE_MB says how much text: the default is small, 512 is a good number for a real trial.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from '../integration/testing/broker-process.ts'
import { createTopic, endOffset } from '../integration/testing/partition-calls.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { WireConnection } from '../integration/testing/wire-connection.ts'
import { hasKcat, Kcat, kcat, kcatReads } from './kcat.ts'
import { type Corpus, corpusBytes, writeCorpus } from './text-corpus.ts'

const IDEMPOTENT = ['-X', 'enable.idempotence=true', '-X', 'reconnect.backoff.max.ms=100']
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
/** One for every megabyte, and some for the processes. */
const TIMEOUT_MS = 120_000 + (corpusBytes / 1024 / 1024) * 1_000

describe.skipIf(!hasKcat)('a text that kcat sends', { timeout: TIMEOUT_MS }, () => {
  let directory: TemporaryDirectory
  let corpus: Corpus
  let broker: BrokerProcess

  beforeAll(async () => {
    directory = temporaryDirectory()
    corpus = writeCorpus(join(directory.path, 'corpus.txt'), corpusBytes)
    broker = await BrokerProcess.start({ dataDir: join(directory.path, 'data') })
  }, TIMEOUT_MS)

  afterAll(async () => {
    await broker[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  const producing = (topic: string, ...options: readonly string[]): string[] => {
    return ['-P', '-b', broker.address, '-t', topic, '-p', '0', '-l', ...options, corpus.path]
  }

  async function comesBack(topic: string): Promise<void> {
    const { sha256, bytes } = await kcatReads(broker.address, topic)
    expect({ bytes, sha256 }).toEqual({ bytes: corpus.bytes, sha256: corpus.sha256 })
    await using connection = await WireConnection.open(broker)
    expect(await endOffset(connection, topic)).toBe(corpus.lines)
  }

  it.each(CODECS)('comes back byte for byte, also after kill -9 (%s)', async (codec) => {
    await kcat(producing(`text-${codec}`, '-z', codec))
    await comesBack(`text-${codec}`)
    await broker.stop('SIGKILL')
    await broker.start()
    await comesBack(`text-${codec}`)
  })

  it.each([
    ['SIGTERM', 'none'],
    ['SIGTERM', 'lz4'],
    ['SIGKILL', 'none'],
    ['SIGKILL', 'zstd'],
  ] as const)('comes back once when an idempotent producer lives through %s (%s)', async (signal, codec) => {
    const topic = `through-${signal}-${codec}`
    // Without -E, kcat gives up when it has no broker for a moment.
    const sending = new Kcat(producing(topic, '-E', '-z', codec, ...IDEMPOTENT))
    for (const part of [0.1, 0.5]) {
      await Promise.race([reaches(topic, corpus.lines * part), sending.ended()])
      expect(sending.child.exitCode).toBeNull()
      await broker.stop(signal)
      await broker.start()
    }
    const { exitCode, stderr } = await sending.ended()
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) as string })
    await comesBack(topic)
  })

  it('comes line by line and once to a reader that stays while the broker dies and comes back', async () => {
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'tailed')
    const tail = ['-C', '-E', '-u', '-q', '-b', broker.address, '-t', 'tailed', '-p', '0', '-o', 'beginning', '-c', `${corpus.lines}`]
    const reading = new Kcat([...tail, '-X', 'reconnect.backoff.max.ms=100'])
    const sending = new Kcat(producing('tailed', '-E', '-z', 'snappy', ...IDEMPOTENT))
    for (const part of [0.1, 0.4, 0.7]) {
      await Promise.race([reaches('tailed', corpus.lines * part), sending.ended()])
      await broker.stop('SIGKILL')
      await broker.start()
    }
    expect((await sending.ended()).exitCode).toBe(0)
    const { sha256, bytes } = await reading.ended()
    expect({ bytes, sha256 }).toEqual({ bytes: corpus.bytes, sha256: corpus.sha256 })
  })

  /** Resolves when the partition holds that many records. */
  async function reaches(topic: string, records: number): Promise<void> {
    await using connection = await WireConnection.open(broker)
    for (let end = 0; end < records; ) {
      end = await endOffset(connection, topic).catch(() => 0)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
})
