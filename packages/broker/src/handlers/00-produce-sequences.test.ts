import { ERROR_CODES, produceApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, incompressibleText, sequencedBatch } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { NAMED_VERSION, produce, produceRequest, resultOf } from '../testing/produce-calls.ts'
import { settled } from '../testing/settled.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a')
  await broker.log('a')
})

afterEach(() => broker.close())

/** Requests that arrive in one turn, each with one batch for the same partition. */
function sendTogether(batches: readonly Uint8Array[], acks = -1) {
  return broker.sendTogether(
    produceApi,
    NAMED_VERSION,
    batches.map((batch) => produceRequest([batch], { acks })),
  )
}

async function produceTogether(batches: readonly Uint8Array[]) {
  return Promise.all(sendTogether(batches).map(async (exchange) => resultOf(await exchange.answer())))
}

const placed = (baseOffset: number) => ({ errorCode: ERROR_CODES.NONE, baseOffset })
const refused = (errorCode: number) => ({ errorCode, baseOffset: -1, logAppendTimeMs: -1 })

describe('a batch that comes again', () => {
  it('is given the place it has, and nothing is written', async () => {
    expect(await produce(broker, sequencedBatch(0, { records: ['a', 'b'] }))).toMatchObject(placed(0))
    expect(await produce(broker, sequencedBatch(2))).toMatchObject(placed(2))
    expect(await produce(broker, sequencedBatch(0, { records: ['a', 'b'] }))).toMatchObject(placed(0))
    expect(await produce(broker, sequencedBatch(2), { acks: 1 })).toMatchObject(placed(2))
    expect((await broker.log('a')).logEndOffset).toBe(3)
  })

  it('is given it within one turn too', async () => {
    expect(await produceTogether([sequencedBatch(0), sequencedBatch(0), sequencedBatch(1), sequencedBatch(0)])).toMatchObject([
      placed(0),
      placed(0),
      placed(1),
      placed(0),
    ])
    expect((await broker.log('a')).logEndOffset).toBe(2)
  })

  it('is acknowledged no earlier than the first one is durable', async () => {
    const release = broker.disk.holdSyncs()
    const [first, again] = sendTogether([sequencedBatch(0), sequencedBatch(0)])
    await settled()
    expect([first?.state, again?.state]).toEqual(['open', 'open'])
    const later = sendTogether([sequencedBatch(0)])[0]
    await settled()
    expect(later?.state).toBe('open')
    release()
    for (const exchange of [first, again, later]) expect(resultOf((await exchange?.answer()) ?? never())).toMatchObject(placed(0))
  })

  it('is no duplicate when the first one could not be written', async () => {
    broker.disk.failNext({ operation: 'write', code: 'ERR_DISK_FULL' })
    const [first, again] = await produceTogether([sequencedBatch(0), sequencedBatch(0)])
    expect(first).toMatchObject(refused(ERROR_CODES.KAFKA_STORAGE_ERROR))
    expect(again).toMatchObject(placed(0))
    expect((await broker.log('a')).logEndOffset).toBe(1)
  })

  it('is known for the last five batches of its producer, and out of order after that', async () => {
    for (let sequence = 0; sequence < 6; sequence += 1) await produce(broker, sequencedBatch(sequence))
    expect(await produce(broker, sequencedBatch(1))).toMatchObject(placed(1))
    expect(await produce(broker, sequencedBatch(0))).toMatchObject(refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER))
  })

  it('is known after a restart', async () => {
    await produce(broker, sequencedBatch(0))
    await produce(broker, sequencedBatch(1))
    await broker.restart()
    expect(await produce(broker, sequencedBatch(1))).toMatchObject(placed(1))
    expect(await produce(broker, sequencedBatch(3))).toMatchObject(refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER))
  })

  it('is another one where only the sequence is the same', async () => {
    await produce(broker, sequencedBatch(0))
    expect(await produce(broker, sequencedBatch(0, { producerId: 6 }))).toMatchObject(placed(1))
    expect(await produce(broker, batchOf())).toMatchObject(placed(2))
    expect(await produce(broker, batchOf())).toMatchObject(placed(3))
  })
})

describe('the order of a producer', () => {
  it.each([
    ['skips a sequence', sequencedBatch(2)],
    ['goes back', sequencedBatch(0, { records: ['a', 'b', 'c'] })],
  ])('is kept against a batch that %s', async (_how, batch) => {
    await produce(broker, sequencedBatch(0))
    expect(await produce(broker, batch)).toMatchObject(refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER))
    expect(await produce(broker, sequencedBatch(1))).toMatchObject(placed(1))
  })

  it('is kept within one turn: what follows a refused batch is refused too', async () => {
    expect(await produceTogether([sequencedBatch(0), sequencedBatch(2), sequencedBatch(3), sequencedBatch(1)])).toMatchObject([
      placed(0),
      refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER),
      refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER),
      placed(1),
    ])
  })

  it('is refused with the start of the log, in case what came before is gone', async () => {
    await produce(broker, sequencedBatch(0))
    expect(await produce(broker, sequencedBatch(5))).toMatchObject({
      errorCode: ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER,
      logStartOffset: 0,
    })
  })

  it('starts anywhere for a producer that is not known here', async () => {
    expect(await produce(broker, sequencedBatch(1000))).toMatchObject(placed(0))
    expect(await produce(broker, sequencedBatch(1001))).toMatchObject(placed(1))
  })

  it('goes on at 0 after the largest sequence', async () => {
    expect(await produce(broker, sequencedBatch(2 ** 31 - 2, { records: ['a', 'b', 'c'] }))).toMatchObject(placed(0))
    expect(await produce(broker, sequencedBatch(1))).toMatchObject(placed(3))
  })

  it('starts anew with a new epoch, at 0, and the old epoch is over', async () => {
    await produce(broker, sequencedBatch(0))
    const outOfOrder = refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(await produce(broker, sequencedBatch(1, { producerEpoch: 1 }))).toMatchObject(outOfOrder)
    expect(await produce(broker, sequencedBatch(0, { producerEpoch: 1 }))).toMatchObject(placed(1))
    expect(await produce(broker, sequencedBatch(1))).toMatchObject(refused(ERROR_CODES.INVALID_PRODUCER_EPOCH))
    // Not even what was taken is known any more.
    expect(await produce(broker, sequencedBatch(0))).toMatchObject(refused(ERROR_CODES.INVALID_PRODUCER_EPOCH))
  })

  it('is kept between a batch that is checked aside and those that follow it', async () => {
    const [first, second] = sendTogether([largeBatch(0), sequencedBatch(1)])
    // The connection does not start the second request before the first has its place; here both were started.
    expect(first?.isOrderReleased).toBe(false)
    expect(resultOf((await first?.answer()) ?? never()).errorCode).toBe(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(resultOf((await second?.answer()) ?? never())).toMatchObject(placed(0))
  })
})

/** Compressed and still too large to be looked at within the turn. */
function largeBatch(baseSequence: number): Uint8Array {
  return sequencedBatch(baseSequence, { codec: 'gzip', records: [incompressibleText(80_000)] })
}

function never(): never {
  throw new Error('there was no such request')
}
