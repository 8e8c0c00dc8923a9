import { buildMarker, ERROR_CODES, produceApi } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, type BatchOptions, incompressibleText, sequencedBatch, START_MS } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { produce, produceAll, produceRequest, resultOf, type Sent, sendProduce } from '../testing/produce-calls.ts'
import { settled } from '../testing/settled.ts'

const ID = 'payments'
/** From 12 on a batch adds its partition to the transaction. */
const VERIFIED = 11
const ADDED = 12

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a', [[1], [1]])
})

afterEach(() => broker.close())

const transactional = (baseSequence: number, options: BatchOptions = {}): Uint8Array =>
  sequencedBatch(baseSequence, { isTransactional: true, ...options })

const send = (batch: Uint8Array, sent: Sent = {}) => produce(broker, batch, { transactionalId: ID, ...sent })

/** Ends the transaction of the producer with that epoch, as its coordinator does. */
async function end(producerEpoch = 0): Promise<void> {
  const log = await broker.log('a')
  const marker = buildMarker({ type: 'abort', producerId: 5, producerEpoch, coordinatorEpoch: 0, timestamp: START_MS, crc32c })
  log.append(marker, { leaderEpoch: 0, origin: 'internal' })
}

const placed = (baseOffset: number) => ({ errorCode: ERROR_CODES.NONE, baseOffset })
const refused = (errorCode: number) => ({ errorCode, baseOffset: -1 })

describe.each([VERIFIED, ADDED])('a batch of a transaction, version %i', (version) => {
  it('is appended when its coordinator says so, and those that follow it without another question', async () => {
    expect(await send(transactional(0), { version })).toMatchObject(placed(0))
    expect(await send(transactional(1), { version })).toMatchObject(placed(1))
    expect(broker.verifier.asked).toEqual([
      { transactionalId: ID, producerId: 5, producerEpoch: 0, topic: 'a', partition: 0, verifyOnly: version === VERIFIED },
    ])
  })

  it('is asked about again in the next transaction, and in every partition', async () => {
    await send(transactional(0), { version })
    await end()
    await send(transactional(1), { version })
    await produceAll(broker, [transactional(2), transactional(0)], { version, transactionalId: ID })
    expect(broker.verifier.asked.map(({ partition }) => partition)).toEqual([0, 0, 1])
  })

  it('is refused when its coordinator does, and nothing is written', async () => {
    broker.verifier.answer = ERROR_CODES.INVALID_PRODUCER_ID_MAPPING
    const result = await send(transactional(0), { version })
    expect(result).toMatchObject(refused(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING))
    expect(result.errorMessage).toContain('INVALID_PRODUCER_ID_MAPPING')
    expect((await broker.log('a')).logEndOffset).toBe(0)
    broker.verifier.answer = ERROR_CODES.NONE
    expect(await send(transactional(0), { version })).toMatchObject(placed(0))
  })

  it('is refused when its transaction has ended before the answer came, which is why the coordinator is asked again', async () => {
    const release = broker.verifier.hold()
    await broker.log('a')
    const exchange = sendProduce(broker, transactional(0), { version, transactionalId: ID })
    await settled()
    await end()
    release()
    broker.verifier.answer = ERROR_CODES.TRANSACTION_ABORTABLE
    expect(resultOf(await exchange.answer())).toMatchObject(refused(ERROR_CODES.TRANSACTION_ABORTABLE))
    expect(broker.verifier.asked.length).toBe(2)
    expect((await broker.log('a')).producerState.firstOpenTransactionOffset()).toBeNull()
  })

  it('is appended when what ended before the answer came was the transaction before it', async () => {
    const release = broker.verifier.hold()
    await broker.log('a')
    const exchange = sendProduce(broker, transactional(0), { version, transactionalId: ID })
    await settled()
    await end()
    release()
    expect(resultOf(await exchange.answer())).toMatchObject(placed(1))
    expect(broker.verifier.asked.length).toBe(2)
  })

  it('waits a little while the transaction before it is being ended, and no longer than its producer would', async () => {
    broker.verifier.answer = ERROR_CODES.CONCURRENT_TRANSACTIONS
    await broker.log('a')
    const first = sendProduce(broker, transactional(0), { version, transactionalId: ID })
    for (let tries = 0; tries < 3; tries += 1) {
      await settled()
      broker.clock.advance(20)
    }
    broker.verifier.answer = ERROR_CODES.NONE
    await settled()
    expect(resultOf(await first.answer())).toMatchObject(placed(0))
    await end()
    broker.verifier.answer = ERROR_CODES.CONCURRENT_TRANSACTIONS
    const second = sendProduce(broker, transactional(1), { version, transactionalId: ID })
    for (let tries = 0; tries < 8; tries += 1) {
      await settled()
      broker.clock.advance(20)
    }
    const errorCode = version === ADDED ? ERROR_CODES.CONCURRENT_TRANSACTIONS : ERROR_CODES.NOT_ENOUGH_REPLICAS
    expect(resultOf(await second.answer())).toMatchObject(refused(errorCode))
  })

  it('is refused as of a fenced producer when a marker began another epoch meanwhile', async () => {
    const release = broker.verifier.hold()
    await broker.log('a')
    const exchange = sendProduce(broker, transactional(0), { version, transactionalId: ID })
    await settled()
    await end(1)
    release()
    expect(resultOf(await exchange.answer())).toMatchObject(refused(ERROR_CODES.INVALID_PRODUCER_EPOCH))
  })

  it('that waits keeps the next request of its connection from being started', async () => {
    const release = broker.verifier.hold()
    await broker.log('a')
    const exchange = sendProduce(broker, transactional(0), { version, transactionalId: ID })
    await settled()
    expect([exchange.state, exchange.isOrderReleased]).toEqual(['open', false])
    release()
    await settled()
    expect(exchange.isOrderReleased).toBe(true)
    expect(resultOf(await exchange.answer())).toMatchObject(placed(0))
  })

  it('is what it was, though the buffer that it came in is used for something else while it waits', async () => {
    const release = broker.verifier.hold()
    await broker.log('a')
    const batch = transactional(0, { records: ['kept'] })
    const exchange = sendProduce(broker, batch, { version, transactionalId: ID })
    release()
    await exchange.answer()
    expect((await broker.storedBatches('a'))[0]?.subarray(21)).toEqual(batch.subarray(21))
  })

  it('may be compressed so much that it is looked at aside', async () => {
    const large = transactional(0, { codec: 'gzip', records: [incompressibleText(80_000)] })
    expect(await send(large, { version })).toMatchObject(placed(0))
    expect(broker.verifier.asked.length).toBe(1)
  })

  it('is known again after its transaction, without a question', async () => {
    await send(transactional(0), { version })
    await end()
    expect(await send(transactional(0), { version })).toMatchObject(placed(0))
    expect(broker.verifier.asked.length).toBe(1)
  })

  it('goes with a transactional id, or is nobody’s', async () => {
    const sent = { version, topic: 'a' }
    expect(await produce(broker, transactional(0), sent)).toMatchObject(refused(ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED))
    expect(broker.verifier.asked).toEqual([])
  })
})

describe('one producer in and out of transactions', () => {
  it('may send plain batches in a request with a transactional id', async () => {
    expect(await send(batchOf())).toMatchObject(placed(0))
    expect(await send(sequencedBatch(0))).toMatchObject(placed(1))
    expect(broker.verifier.asked).toEqual([])
  })

  it('must not send a plain batch while its transaction is under way', async () => {
    await send(transactional(0))
    expect(await produce(broker, sequencedBatch(1))).toMatchObject(refused(ERROR_CODES.INVALID_TXN_STATE))
  })

  it('begins at 0 in a partition that does not know it, if its transactions have an epoch each', async () => {
    expect(await send(transactional(3), { version: ADDED })).toMatchObject(refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER))
    expect(await send(transactional(3), { version: VERIFIED })).toMatchObject(placed(0))
  })

  it('has batches of one request that begin the transaction together confirmed together', async () => {
    await broker.log('a')
    const requests = [0, 1, 2].map((sequence) => produceRequest([transactional(sequence)], { transactionalId: ID }))
    const exchanges = broker.sendTogether(produceApi, ADDED, requests)
    const results = await Promise.all(exchanges.map(async (exchange) => resultOf(await exchange.answer())))
    expect(results).toMatchObject([placed(0), placed(1), placed(2)])
  })
})

describe('where batches are not to be verified', () => {
  it('those of producers that add partitions themselves are taken as they come, others are asked about', async () => {
    broker.setBrokerConfig('transaction.partition.verification.enable', 'false')
    expect(await send(transactional(0), { version: VERIFIED })).toMatchObject(placed(0))
    expect(broker.verifier.asked).toEqual([])
    await end()
    expect(await send(transactional(1), { version: ADDED })).toMatchObject(placed(2))
    expect(broker.verifier.asked.length).toBe(1)
  })
})
