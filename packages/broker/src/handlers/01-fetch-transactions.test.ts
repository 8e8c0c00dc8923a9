import { buildMarker } from '@millrace/protocol'
import type { TransactionMarker } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bytesOf, START_MS } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { fetchedValues, fetchOne, onlyResult, sendFetch } from '../testing/fetch-calls.ts'
import { settled } from '../testing/settled.ts'

const COMMITTED = { isolationLevel: 1 }

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a')
})

afterEach(() => broker.close())

/** One record in the producer's transaction. */
async function write(producerId: number, value: string, baseSequence = 0): Promise<void> {
  await broker.append('a', 0, [{ value: bytesOf(value) }], { producerId, producerEpoch: 0, baseSequence, isTransactional: true })
}

async function plain(value: string): Promise<void> {
  await broker.append('a', 0, [{ value: bytesOf(value) }])
}

/** Ends the producer's transaction, and has it durable. */
async function end(producerId: number, type: TransactionMarker): Promise<void> {
  const log = await broker.log('a')
  const marker = buildMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: START_MS, crc32c })
  log.append(marker, { leaderEpoch: 0, origin: 'internal' })
  await log.flush()
}

const values = (texts: readonly string[]): string[] => texts.filter((text) => text !== '' && !text.startsWith('\0'))

describe('a reader of committed records', () => {
  it('sees nothing behind the first record of an open transaction, others do', async () => {
    await plain('before')
    await write(1, 'open')
    await plain('after')
    const committed = await fetchOne(broker, {}, COMMITTED)
    expect(committed).toMatchObject({ highWatermark: 3, lastStableOffset: 1, abortedTransactions: [] })
    expect(fetchedValues(committed)).toEqual(['before'])
    const all = await fetchOne(broker)
    expect(all).toMatchObject({ highWatermark: 3, lastStableOffset: 1, abortedTransactions: null })
    expect(fetchedValues(all)).toEqual(['before', 'open', 'after'])
  })

  it('is given nothing, without an error, from there on', async () => {
    await write(1, 'open')
    await plain('after')
    for (const fetchOffset of [0, 1, 2]) {
      expect(await fetchOne(broker, { fetchOffset }, COMMITTED)).toMatchObject({
        errorCode: 0,
        lastStableOffset: 0,
        records: new Uint8Array(0),
      })
    }
  })

  it('is told which transactions were aborted among what it is given, by producer and first offset', async () => {
    await write(1, 'aborted')
    await write(2, 'committed')
    await end(1, 'abort')
    await end(2, 'commit')
    await write(1, 'aborted later', 1)
    await end(1, 'abort')
    const all = await fetchOne(broker, {}, COMMITTED)
    expect(all).toMatchObject({
      lastStableOffset: 6,
      abortedTransactions: [
        { producerId: 1, firstOffset: 0 },
        { producerId: 1, firstOffset: 4 },
      ],
    })
    // Their records are given all the same: it is for the client to leave them out.
    expect(values(fetchedValues(all))).toEqual(['aborted', 'committed', 'aborted later'])
    expect((await fetchOne(broker, { fetchOffset: 3 }, COMMITTED)).abortedTransactions).toMatchObject([{ firstOffset: 4 }])
    const { abortedTransactions } = await fetchOne(broker, { fetchOffset: 0, partitionMaxBytes: 1 }, COMMITTED)
    expect(abortedTransactions?.[0]).toMatchObject({ producerId: 1, firstOffset: 0 })
  })

  it('sees the end of the earliest open transaction only, whichever ends first', async () => {
    await write(1, 'first')
    await write(2, 'second')
    await end(2, 'commit')
    expect(await fetchOne(broker, {}, COMMITTED)).toMatchObject({ lastStableOffset: 0 })
    await end(1, 'commit')
    expect(await fetchOne(broker, {}, COMMITTED)).toMatchObject({ lastStableOffset: 4, abortedTransactions: [] })
  })

  it('waits for the end of a transaction, and not for more of it', async () => {
    await write(1, 'one')
    const exchange = sendFetch(broker, [{}], { ...COMMITTED, maxWaitMs: 500 })
    await write(1, 'two', 1)
    await settled()
    expect(exchange.state).toBe('open')
    await end(1, 'commit')
    expect(values(fetchedValues(onlyResult(await exchange.answer())))).toEqual(['one', 'two'])
  })

  it('sees nothing of a transaction whose end may still be lost', async () => {
    await write(1, 'one')
    const release = broker.disk.holdSyncs()
    const ended = end(1, 'commit')
    await settled()
    expect(await fetchOne(broker, {}, COMMITTED)).toMatchObject({ lastStableOffset: 0, records: new Uint8Array(0) })
    release()
    await ended
    expect(await fetchOne(broker, {}, COMMITTED)).toMatchObject({ lastStableOffset: 2 })
  })

  it('sees the same after a restart', async () => {
    await write(1, 'aborted')
    await end(1, 'abort')
    await write(2, 'open')
    await broker.restart()
    expect(await fetchOne(broker, {}, COMMITTED)).toMatchObject({
      highWatermark: 3,
      lastStableOffset: 2,
      abortedTransactions: [{ producerId: 1, firstOffset: 0 }],
    })
  })
})
