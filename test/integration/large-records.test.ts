/** Records far larger than any buffer, and batches of very many: they arrive whole, from memory and from files. */
import { randomBytes } from 'node:crypto'
import { createClient } from '@millrace/client'
import { ERROR_CODES } from '@millrace/protocol'
import { startBroker } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { batchOf, createTopic, fetchOnce, produce, readFrom } from './testing/partition-calls.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const MEBIBYTE = 1024 * 1024

describe.each(['memory', 'file'] as const)('storage in %s', (storage) => {
  it.each(['none', 'zstd', 'lz4', 'snappy', 'gzip'] as const)('keeps a record of 20 MB as it is (%s)', async (compression) => {
    using directory = temporaryDirectory()
    const config = { 'message.max.bytes': 60 * MEBIBYTE }
    await using broker = await startBroker({ port: 0, storage, dataDir: directory.path, config })
    await using client = createClient({ brokers: broker.address })
    const value = Buffer.concat([randomBytes(4 * MEBIBYTE), Buffer.alloc(12 * MEBIBYTE), randomBytes(4 * MEBIBYTE)])
    const producer = client.producer({ compression, maxRequestBytes: 60 * MEBIBYTE, maxBufferedBytes: 100 * MEBIBYTE })
    for (let index = 0; index < 3; index++) await producer.send({ topic: 'topic', value })
    const consumer = client.consumer()
    await consumer.assign([{ topic: 'topic', until: 'end' }])
    let count = 0
    for await (const record of consumer) {
      expect(Buffer.compare(Buffer.from(record.value ?? []), value)).toBe(0)
      count++
    }
    expect(count).toBe(3)
  })

  it('takes a batch of very many records, and a request with many batches', async () => {
    using directory = temporaryDirectory()
    await using broker = await startBroker({ port: 0, storage, dataDir: directory.path })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    const values = Array.from({ length: 50_000 }, (_, index) => `${index}`)
    expect(await produce(connection, 'topic', batchOf(values))).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
    expect((await readFrom(connection, 'topic', 0)).map(({ value }) => value)).toEqual(values)
    expect((await readFrom(connection, 'topic', 49_999)).map(({ value }) => value)).toEqual(['49999'])
    const { records } = await fetchOnce(connection, 'topic', 25_000, { partitionMaxBytes: 1 })
    expect(records?.length).toBeGreaterThan(300_000)
  })
})
