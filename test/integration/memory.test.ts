/**
 * The memory of a broker is bounded, whatever its clients do. Each test does its worst to a broker in a process of its own and
 * then asks the system for the most memory that the process ever had; the worst would be gigabytes.
 */
import { readFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { encodeRequestFrame, ERROR_CODES, metadataApi, produceApi } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { BrokerProcess } from './testing/broker-process.ts'
import { batchOf, createTopic, endOffset, fetchOnce, produce, produceRequest } from './testing/partition-calls.ts'
import { batchesOf } from './testing/record-set.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const MEBIBYTE = 1024 * 1024
/** A broker that has started takes some 90 MB, and a few batches are opened at a time, of up to 128 MB each. */
const PEAK_BYTES_MAX = 1_000 * MEBIBYTE
const TIMEOUT_MS = 120_000

/** The most that the process ever had in memory. */
function peakBytes(pid: number): number {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

const open = (broker: BrokerProcess, count: number): Promise<WireConnection[]> =>
  Promise.all(Array.from({ length: count }, () => WireConnection.open(broker)))
const close = (connections: readonly WireConnection[]): Promise<unknown> =>
  Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()))

describe.skipIf(process.platform !== 'linux')('memory', { timeout: TIMEOUT_MS }, () => {
  async function withBroker(act: (broker: BrokerProcess, connection: WireConnection) => Promise<void>): Promise<void> {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path, flags: ['--log-level', 'silent'] })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    await act(broker, connection)
    expect(await produce(connection, 'topic', ['still here'])).toMatchObject({ errorCode: ERROR_CODES.NONE })
    expect(peakBytes(broker.pid)).toBeLessThan(PEAK_BYTES_MAX)
  }

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('is not filled by batches that say little in %s and mean gigabytes', async (codec, compress) => {
    const bomb = compress(Buffer.alloc(300 * MEBIBYTE))
    const batch = batchOf(['value'], { codec, compress: () => bomb })
    expect(batch.length).toBeLessThan(MEBIBYTE)
    await withBroker(async (broker) => {
      const connections = await open(broker, 16)
      const answers = await Promise.all(connections.map((connection) => produce(connection, 'topic', batch)))
      for (const { errorCode } of answers) expect(errorCode).toBe(ERROR_CODES.MESSAGE_TOO_LARGE)
      await close(connections)
    })
  })

  it('is not filled by batches that are as large as they may be when they are opened', async () => {
    const value = Buffer.alloc(100 * MEBIBYTE)
    const batch = batchOf([value], { codec: 'zstd', compress: (_codec, bytes) => zstdCompressSync(bytes) })
    await withBroker(async (broker, connection) => {
      const connections = await open(broker, 16)
      const answers = await Promise.all(connections.map((each) => produce(each, 'topic', batch)))
      for (const { errorCode } of answers) expect(errorCode).toBe(ERROR_CODES.NONE)
      expect(await endOffset(connection, 'topic')).toBe(connections.length)
      await close(connections)
    })
  })

  it('is not filled by questions whose answers nobody reads', async () => {
    await withBroker(async (broker, connection) => {
      for (let index = 0; index < 50; index++) await createTopic(connection, `topic-${index}`, { partitions: 20 })
      const question = Buffer.concat(
        encodeRequestFrame(metadataApi, 12, 1, 'deaf', { topics: null, includeTopicAuthorizedOperations: false }),
      )
      const questions = Buffer.concat(Array.from({ length: 2_000 }, () => question))
      const deaf = await open(broker, 20)
      for (const each of deaf) {
        each.socket.pause()
        each.write(questions)
      }
      for (let round = 0; round < 200; round++) await produce(connection, 'topic', ['meanwhile'])
      await close(deaf)
    })
  })

  it('is not filled by records that nobody reads, whether they are fresh or old', async () => {
    await withBroker(async (broker, connection) => {
      const batch = batchOf([Buffer.alloc(MEBIBYTE - 1_000)])
      for (let index = 0; index < 64; index++) await produce(connection, 'topic', batch, { acks: 1 })
      const deaf = await open(broker, 50)
      for (const each of deaf) {
        each.socket.pause()
        for (let asked = 0; asked < 10; asked++) {
          fetchOnce(each, 'topic', asked * 6, { partitionMaxBytes: 50 * MEBIBYTE }).catch(() => {})
        }
      }
      for (let round = 0; round < 100; round++) await produce(connection, 'topic', ['meanwhile'])
      const [first] = deaf
      first?.socket.resume()
      const fresh = await WireConnection.open(broker)
      expect(batchesOf((await fetchOnce(fresh, 'topic', 0, { partitionMaxBytes: 50 * MEBIBYTE })).records)).toHaveLength(50)
      await close([fresh, ...deaf])
    })
  })

  it('is not filled by frames that never end', async () => {
    await withBroker(async (broker, connection) => {
      const half = new Uint8Array(40 * MEBIBYTE)
      new DataView(half.buffer).setInt32(0, 90 * MEBIBYTE)
      const senders = await open(broker, 30)
      for (const each of senders) each.write(half)
      for (let round = 0; round < 200; round++) await produce(connection, 'topic', ['meanwhile'])
      await close(senders)
    })
  })

  it('is not filled by records that come faster than they can be written', async () => {
    await withBroker(async (broker, connection) => {
      const senders = await open(broker, 20)
      const batch = batchOf([Buffer.alloc(MEBIBYTE - 1_000)])
      const requests = senders.map((each) =>
        Promise.all(Array.from({ length: 40 }, () => each.call(produceApi, 12, produceRequest('topic', 0, batch, -1)))),
      )
      const answers = (await Promise.all(requests)).flat()
      for (const { responses } of answers) expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR_CODES.NONE)
      expect(await endOffset(connection, 'topic')).toBe(answers.length)
      await close(senders)
    })
  })
})
