/** What a producer may rely on: its order, its acknowledgements, one batch for one batch, and a plain word when it is wrong. */
import { ERROR_CODES, type ErrorCode, initProducerIdApi, produceApi } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  batchOf,
  createTopic,
  endOffset,
  fetchOnce,
  produce,
  produceRequest,
  produceUnanswered,
  valuesFrom,
} from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

const PIPELINED = 500
const { NONE } = ERROR_CODES

let broker: RunningBroker
let connection: WireConnection

beforeEach(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent' })
  connection = await WireConnection.open(broker)
  await createTopic(connection, 'topic', { partitions: 2 })
})

afterEach(async () => {
  await connection[Symbol.asyncDispose]()
  await broker.close()
})

describe('requests sent without waiting', () => {
  it('are appended and answered in their order', async () => {
    const answers = await Promise.all(Array.from({ length: PIPELINED }, (_, index) => produce(connection, 'topic', [`value ${index}`])))
    expect(answers.map(({ errorCode }) => errorCode)).toEqual(answers.map(() => NONE))
    expect(answers.map(({ baseOffset }) => baseOffset)).toEqual(answers.map((_, index) => index))
    expect(await valuesFrom(connection, 'topic')).toEqual(answers.map((_, index) => `value ${index}`))
  })

  it('are so with all acknowledgements mixed, and fetches between them', async () => {
    const steps: Promise<unknown>[] = []
    for (let index = 0; index < PIPELINED; index++) {
      if (index % 3 === 0) produceUnanswered(connection, 'topic', [`value ${index}`])
      else steps.push(produce(connection, 'topic', [`value ${index}`], { acks: index % 3 === 1 ? 1 : -1 }))
      if (index % 10 === 0) steps.push(fetchOnce(connection, 'topic', 0))
    }
    await Promise.all(steps)
    expect(await valuesFrom(connection, 'topic')).toEqual(Array.from({ length: PIPELINED }, (_, index) => `value ${index}`))
  })

  it('keep their order when they arrive in pieces of any size', async () => {
    const requests = Array.from({ length: 50 }, (_, index) => batchOf([`value ${index}`, 'x'.repeat(index * 100)]))
    const waiting: Promise<unknown>[] = []
    const bytes: Uint8Array[] = []
    const { write } = connection
    connection.write = (chunk) => void bytes.push(chunk)
    for (const request of requests) waiting.push(produce(connection, 'topic', request))
    connection.write = write
    const all = Buffer.concat(bytes)
    for (let position = 0, size = 1; position < all.length; position += size, size = (size * 7 + 1) % 1_009) {
      connection.write(all.subarray(position, position + size))
      if (size % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(waiting)
    const values = await valuesFrom(connection, 'topic')
    expect(values.filter((value) => value.startsWith('value'))).toEqual(requests.map((_, index) => `value ${index}`))
  })
})

describe('acknowledgements', () => {
  it.each([1, -1])('with acks=%i come for records that can be read', async (acks) => {
    expect(await produce(connection, 'topic', ['a', 'b'], { acks })).toMatchObject({ errorCode: NONE, baseOffset: 0, logStartOffset: 0 })
    expect(await produce(connection, 'topic', ['c'], { acks })).toMatchObject({ errorCode: NONE, baseOffset: 2 })
    // With `acks=1` they can be read a little later: once they are flushed.
    if (acks === 1) await expect.poll(() => endOffset(connection, 'topic'), { timeout: 30_000 }).toBe(3)
    expect(await endOffset(connection, 'topic')).toBe(3)
    expect(await valuesFrom(connection, 'topic')).toEqual(['a', 'b', 'c'])
  })

  it('with acks=0 never come', async () => {
    produceUnanswered(connection, 'topic', ['a'])
    produceUnanswered(connection, 'topic', ['b'])
    // The next answer on the connection is that to the next request, or this would fail.
    expect(await produce(connection, 'topic', ['c'])).toMatchObject({ errorCode: NONE, baseOffset: 2 })
  })

  it('with acks=0 are replaced by the end of the connection when something is wrong', async () => {
    produceUnanswered(connection, 'unknown', ['a'])
    await connection.closed
  })

  it('with anything else are refused', async () => {
    expect(await produce(connection, 'topic', ['a'], { acks: 2 })).toMatchObject({ errorCode: ERROR_CODES.INVALID_REQUIRED_ACKS })
    expect(await endOffset(connection, 'topic')).toBe(0)
  })
})

describe('an idempotent producer', () => {
  const idempotent = (producerId: number, baseSequence: number, producerEpoch = 0) =>
    batchOf([`sequence ${baseSequence}`], { producerId, producerEpoch, baseSequence })

  async function newProducerId(): Promise<number> {
    const answer = await connection.call(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 60_000 })
    expect(answer).toMatchObject({ errorCode: NONE, producerEpoch: 0 })
    return answer.producerId
  }

  it('has an id of its own', async () => {
    const ids: number[] = []
    for (let index = 0; index < 100; index++) ids.push(await newProducerId())
    expect(new Set(ids).size).toBe(100)
  })

  it('gets the first answer again for what it repeats, as far back as five batches', async () => {
    const producerId = await newProducerId()
    for (let sequence = 0; sequence < 7; sequence++) {
      expect(await produce(connection, 'topic', idempotent(producerId, sequence))).toMatchObject({ errorCode: NONE, baseOffset: sequence })
    }
    for (let sequence = 2; sequence < 7; sequence++) {
      expect(await produce(connection, 'topic', idempotent(producerId, sequence))).toMatchObject({ errorCode: NONE, baseOffset: sequence })
    }
    expect(await endOffset(connection, 'topic')).toBe(7)
  })

  it('may send the same batch twice without waiting', async () => {
    const producerId = await newProducerId()
    const answers = await Promise.all([0, 0, 1, 1].map((sequence) => produce(connection, 'topic', idempotent(producerId, sequence))))
    expect(answers.map(({ errorCode, baseOffset }) => ({ errorCode, baseOffset }))).toEqual(
      [0, 0, 1, 1].map((baseOffset) => ({ errorCode: NONE, baseOffset })),
    )
    expect(await valuesFrom(connection, 'topic')).toEqual(['sequence 0', 'sequence 1'])
  })

  it.each([
    ['leaves a gap', [0, 2], [0, 0], ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['comes with an old epoch', [0, 1], [1, 0], ERROR_CODES.INVALID_PRODUCER_EPOCH],
    ['begins a new epoch in the middle', [0, 1], [0, 1], ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER],
  ] as const)('is refused when it %s', async (_name, sequences, epochs, errorCode) => {
    const producerId = await newProducerId()
    expect(await produce(connection, 'topic', idempotent(producerId, sequences[0], epochs[0]))).toMatchObject({ errorCode: NONE })
    expect(await produce(connection, 'topic', idempotent(producerId, sequences[1], epochs[1]))).toMatchObject({ errorCode })
    expect(await endOffset(connection, 'topic')).toBe(1)
  })

  it('has a sequence for each partition', async () => {
    const producerId = await newProducerId()
    for (const partition of [0, 1, 0, 1]) {
      const sequence = await endOffset(connection, 'topic', partition)
      expect(await produce(connection, 'topic', idempotent(producerId, sequence), { partition })).toMatchObject({ errorCode: NONE })
    }
    expect([await endOffset(connection, 'topic', 0), await endOffset(connection, 'topic', 1)]).toEqual([2, 2])
  })
})

describe('a batch that is not right', () => {
  const changed = (change: (batch: Buffer) => Uint8Array | undefined): Uint8Array => {
    const batch = Buffer.from(batchOf(['value', 'another value']))
    return change(batch) ?? batch
  }
  const CASES: readonly (readonly [string, Uint8Array, ErrorCode])[] = [
    ['has a wrong crc', changed((batch) => void (batch[batch.length - 1] = 0xff)), ERROR_CODES.CORRUPT_MESSAGE],
    ['is cut short', changed((batch) => batch.subarray(0, -1)), ERROR_CODES.INVALID_RECORD],
    ['is shorter than a header', changed((batch) => batch.subarray(0, 30)), ERROR_CODES.INVALID_RECORD],
    ['is of an older format', changed((batch) => void batch.writeInt8(1, 16)), ERROR_CODES.INVALID_RECORD],
    ['has a second one behind it', Buffer.concat([batchOf(['a']), batchOf(['b'])]), ERROR_CODES.INVALID_RECORD],
    ['is a control batch', batchOf(['a'], { isControl: true }), ERROR_CODES.INVALID_RECORD],
    ['is larger than the topic takes', batchOf(['x'.repeat(2_000_000)]), ERROR_CODES.MESSAGE_TOO_LARGE],
    [
      'belongs to a transaction, and its request names none',
      batchOf(['a'], { isTransactional: true, producerId: 1, producerEpoch: 0, baseSequence: 0 }),
      ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ],
    ['is empty', new Uint8Array(), ERROR_CODES.INVALID_RECORD],
  ]

  it.each(CASES)('is refused when it %s, and nothing else is', async (_name, batch, errorCode) => {
    const answer = await connection.call(produceApi, 12, {
      ...produceRequest('topic', 0, batch, -1),
      topicData: [
        {
          name: 'topic',
          partitionData: [
            { index: 0, records: batch },
            { index: 1, records: batchOf(['good']) },
          ],
        },
      ],
    })
    const [bad, good] = answer.responses[0]?.partitionResponses ?? []
    expect(bad).toMatchObject({ errorCode, baseOffset: -1 })
    expect(bad?.errorMessage).toMatch(/\w+ \w+/)
    expect(good).toMatchObject({ errorCode: NONE, baseOffset: 0 })
    expect([await endOffset(connection, 'topic', 0), await endOffset(connection, 'topic', 1)]).toEqual([0, 1])
  })
})
