/** Many clients, slow clients and clients that talk nonsense: each costs itself, and nobody else. */
import { apiVersionsApi, encodeRequestFrame, ERROR_CODES, metadataApi, metadataRequest, encodeMessage } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, createTopic, fetchOnce, produce, valuesFrom } from './testing/partition-calls.ts'
import { batchesOf } from './testing/record-set.ts'
import { WireConnection } from './testing/wire-connection.ts'

const MEBIBYTE = 1024 * 1024
const MANY = 400

let broker: RunningBroker
let connection: WireConnection

beforeEach(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent' })
  connection = await WireConnection.open(broker)
  await createTopic(connection, 'topic')
  await createTopic(connection, 'pulse')
})

afterEach(async () => {
  await connection[Symbol.asyncDispose]()
  await broker.close()
})

const openMany = (count: number): Promise<WireConnection[]> => Promise.all(Array.from({ length: count }, () => WireConnection.open(broker)))
const closeAll = (connections: readonly WireConnection[]): Promise<unknown> =>
  Promise.all(connections.map((each) => each[Symbol.asyncDispose]()))
const sized = (size: number, rest: Uint8Array = new Uint8Array()): Uint8Array => {
  const bytes = Buffer.alloc(4 + rest.length)
  bytes.writeInt32BE(size)
  bytes.set(rest, 4)
  return bytes
}

async function isServed(): Promise<void> {
  expect(await produce(connection, 'pulse', ['still here'])).toMatchObject({ errorCode: ERROR_CODES.NONE })
}

describe('many connections', () => {
  it('are all served at the same time', async () => {
    const connections = await openMany(MANY)
    const answers = await Promise.all(
      connections.map((each, index) => produce(each, 'topic', [`of ${index}`], { acks: index % 2 === 0 ? 1 : -1 })),
    )
    expect(answers.map(({ errorCode }) => errorCode)).toEqual(answers.map(() => ERROR_CODES.NONE))
    expect(new Set(answers.map(({ baseOffset }) => baseOffset)).size).toBe(MANY)
    const values = await Promise.all(connections.map((each) => valuesFrom(each, 'topic')))
    for (const read of values) expect(new Set(read)).toEqual(new Set(connections.map((_, index) => `of ${index}`)))
    await closeAll(connections)
  })

  it('come and go without a trace', async () => {
    for (let round = 0; round < 10; round++) {
      const connections = await openMany(50)
      await Promise.all(connections.map((each) => fetchOnce(each, 'topic', 0)))
      for (const each of connections.slice(0, 25)) each.socket.resetAndDestroy()
      await closeAll(connections)
    }
    await isServed()
  })

  it('are no more than allowed', async () => {
    await using small = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent', config: { 'max.connections': 3 } })
    const allowed = await Promise.all([1, 2, 3].map(() => WireConnection.open(small)))
    for (const each of allowed) await each.call(apiVersionsApi, 0, {})
    const refused = await WireConnection.open(small)
    await refused.closed
    for (const each of allowed) await each.call(apiVersionsApi, 0, {})
    await allowed[0]?.[Symbol.asyncDispose]()
    // The place is free when the broker has noticed, which it tells by serving somebody.
    for (;;) {
      await using next = await WireConnection.open(small)
      const answer = await next.call(apiVersionsApi, 0, {}).catch(() => null)
      if (answer !== null) break
    }
    await closeAll(allowed)
  })
})

describe('a client that does not read', () => {
  it('is waited for, at the price of a few answers in memory, and gets all of them when it reads', async () => {
    const BATCHES = 16
    const ASKED = 100
    const batch = batchOf([Buffer.alloc(MEBIBYTE - 1_000)])
    for (let index = 0; index < BATCHES; index++) await produce(connection, 'topic', batch)
    await using slow = await WireConnection.open(broker)
    slow.socket.pause()
    const before = process.memoryUsage().arrayBuffers
    const answers = Array.from({ length: ASKED }, () =>
      fetchOnce(slow, 'topic', 0, { partitionMaxBytes: BATCHES * MEBIBYTE, maxBytes: BATCHES * MEBIBYTE }),
    )
    for (const answer of answers) answer.catch(() => {})
    let highest = 0
    for (let round = 0; round < 100; round++) {
      await isServed()
      highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)
    }
    // All answers together are 1.6 GB.
    expect(highest).toBeLessThan(4 * BATCHES * MEBIBYTE)
    slow.socket.resume()
    for (const answer of answers.slice(0, 10)) expect(batchesOf((await answer).records)).toHaveLength(BATCHES)
  })

  it('does not keep others from reading, and may leave', async () => {
    const batch = batchOf([Buffer.alloc(MEBIBYTE - 1_000)])
    for (let index = 0; index < 8; index++) await produce(connection, 'topic', batch)
    const slow = await openMany(10)
    for (const each of slow) {
      each.socket.pause()
      for (let asked = 0; asked < 20; asked++) fetchOnce(each, 'topic', 0, { partitionMaxBytes: 8 * MEBIBYTE }).catch(() => {})
    }
    expect(batchesOf((await fetchOnce(connection, 'topic', 0, { partitionMaxBytes: 8 * MEBIBYTE })).records)).toHaveLength(8)
    await closeAll(slow)
    await isServed()
  })
})

describe('a request that does not arrive', () => {
  it('takes no memory for what it merely says', async () => {
    const before = process.memoryUsage().arrayBuffers
    const connections = await openMany(200)
    for (const each of connections) each.write(sized(90 * MEBIBYTE, new Uint8Array(100)))
    for (let round = 0; round < 20; round++) await isServed()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MEBIBYTE)
    await closeAll(connections)
    await isServed()
  })

  it('keeps nobody else waiting', async () => {
    const request = Buffer.concat(encodeRequestFrame(apiVersionsApi, 0, 77, 'slow', {}))
    const slow = await openMany(20)
    for (let position = 0; position < request.length; position++) {
      for (const each of slow) each.write(request.subarray(position, position + 1))
      await isServed()
    }
    for (const each of slow) expect((await each.nextFrame())[3]).toBe(77)
    await closeAll(slow)
  })

  it('leaves nothing of itself behind when its client goes', async () => {
    const request = Buffer.concat(encodeRequestFrame(metadataApi, 12, 1, 'gone', { topics: null, includeTopicAuthorizedOperations: false }))
    for (let length = 0; length < request.length; length++) {
      await using gone = await WireConnection.open(broker)
      gone.write(request.subarray(0, length))
    }
    await isServed()
    expect(await valuesFrom(connection, 'pulse')).toEqual(['still here'])
  })
})

describe('nonsense', () => {
  const header = (apiKey: number, apiVersion: number): Uint8Array => {
    const bytes = Buffer.alloc(10)
    bytes.writeInt16BE(apiKey, 0)
    bytes.writeInt16BE(apiVersion, 2)
    bytes.writeInt32BE(1, 4)
    bytes.writeInt16BE(-1, 8)
    return bytes
  }
  const body = encodeMessage(metadataRequest, 12, { topics: null, includeTopicAuthorizedOperations: false })

  it.each([
    ['a frame larger than socket.request.max.bytes', sized(100 * MEBIBYTE + 1)],
    ['a frame of the largest size', sized(0x7fff_ffff)],
    ['a negative size', sized(-1)],
    ['a frame without anything', sized(0)],
    ['a frame without a header', sized(3, new Uint8Array(3))],
    ['an API that there is not', sized(10, header(999, 0))],
    ['a version that there is not', sized(10, header(3, 99))],
    ['a request that ends too early', sized(12, Buffer.concat([header(3, 12), new Uint8Array([0, 9])]))],
    ['a list longer than its frame', sized(15, Buffer.concat([header(3, 1), new Uint8Array([0x7f, 0xff, 0xff, 0xff, 0])]))],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['TLS', Buffer.from('16030100c8010000c40303000000000000000000', 'hex')],
  ])('ends the connection that sent it, and no other: %s', async (_name, bytes) => {
    await using nonsense = await WireConnection.open(broker)
    nonsense.write(bytes)
    await nonsense.closed
    await isServed()
  })

  it('after a request is ignored, as by Apache Kafka', async () => {
    await using wordy = await WireConnection.open(broker)
    wordy.write(sized(body.length + 20, Buffer.concat([header(3, 12), new Uint8Array(1), body, new Uint8Array(9)])))
    expect((await wordy.nextFrame()).length).toBeGreaterThan(0)
  })

  it('about versions is answered, when it is about those of ApiVersions', async () => {
    await using newer = await WireConnection.open(broker)
    newer.write(sized(10, header(18, 99)))
    const frame = Buffer.from(await newer.nextFrame())
    expect(frame.readInt16BE(4)).toBe(ERROR_CODES.UNSUPPORTED_VERSION)
    expect((await newer.call(apiVersionsApi, 0, {})).errorCode).toBe(ERROR_CODES.NONE)
  })
})
