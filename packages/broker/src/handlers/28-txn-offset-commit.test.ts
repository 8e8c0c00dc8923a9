import { addOffsetsToTxnApi, describeTransactionsApi, ERROR_CODES, offsetFetchApi, txnOffsetCommitApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'
import { TransactionalProducer } from '../testing/transactional-producer.ts'

const E = ERROR_CODES
const OFFSETS = '__consumer_offsets'
/** From 5 on the partition is added to the transaction. */
const VERIFIED = 4
const ADDED = 5

let broker: BrokerFixture
let topicId: string

beforeEach(async () => {
  broker = await BrokerFixture.start({ hasTransactions: true })
  broker.feed.commit({ type: 'feature-level', name: 'transaction.version', level: 2 })
  topicId = broker.addTopic('a')
  broker.addTopic('__transaction_state', [[1]], { 'cleanup.policy': 'compact' })
  broker.addTopic(OFFSETS, [[1]], { 'cleanup.policy': 'compact' })
})

afterEach(() => broker.close())

async function started(version: 1 | 2): Promise<TransactionalProducer> {
  const producer = new TransactionalProducer(broker, 'payments', version)
  expect(await producer.init()).toBe(E.NONE)
  return producer
}

async function addOffsets(producer: TransactionalProducer, version = 4, groupId = 'g'): Promise<number> {
  const { transactionalId, producerId, producerEpoch } = producer
  return (await broker.call(addOffsetsToTxnApi, version, { transactionalId, producerId, producerEpoch, groupId })).errorCode
}

function request({ transactionalId, producerId, producerEpoch }: TransactionalProducer, committedOffset: number, member: object = {}) {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: 'm' }]
  return { transactionalId, groupId: 'g', producerId, producerEpoch, memberId: '', topics: [{ name: 'a', topicId, partitions }], ...member }
}

async function commit(producer: TransactionalProducer, offset: number, version: number, member: object = {}): Promise<number> {
  const { topics } = await broker.call(txnOffsetCommitApi, version, request(producer, offset, member))
  return topics[0]?.partitions[0]?.errorCode ?? -1
}

async function fetchOffset(requireStable = false): Promise<{ readonly committedOffset: number; readonly errorCode: number }> {
  const topics = [{ name: 'a', partitionIndexes: [0] }]
  const { groups } = await broker.call(offsetFetchApi, 8, { groups: [{ groupId: 'g', topics }], requireStable })
  const { committedOffset = -1, errorCode = -1 } = groups[0]?.topics[0]?.partitions[0] ?? {}
  return { committedOffset, errorCode }
}

async function ended(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await settled()
}

describe.each([
  ['the first protocol', 1 as const, [0, 1, 2, 3, 4]],
  ['the second protocol', 2 as const, [5, 6]],
])('offsets in a transaction, %s', (_, protocol, versions) => {
  it.each(versions)('count when it is committed, and are unstable until then (version %i)', async (version) => {
    const producer = await started(protocol)
    if (protocol === 1) expect(await addOffsets(producer)).toBe(E.NONE)
    expect(await commit(producer, 5, version)).toBe(E.NONE)
    expect(await fetchOffset()).toEqual({ committedOffset: -1, errorCode: E.NONE })
    expect(await fetchOffset(true)).toMatchObject({ errorCode: E.UNSTABLE_OFFSET_COMMIT })
    expect(await producer.end(true)).toBe(E.NONE)
    await ended()
    expect(await fetchOffset(true)).toEqual({ committedOffset: 5, errorCode: E.NONE })
  })

  it('never count when it is aborted', async () => {
    const producer = await started(protocol)
    if (protocol === 1) await addOffsets(producer)
    await commit(producer, 5, versions[0] ?? 0)
    expect(await producer.end(false)).toBe(E.NONE)
    await ended()
    expect(await fetchOffset(true)).toEqual({ committedOffset: -1, errorCode: E.NONE })
  })

  it.each(['stop', 'kill'])('count after a %s of the broker too', async (how) => {
    const producer = await started(protocol)
    if (protocol === 1) await addOffsets(producer)
    await commit(producer, 5, versions[0] ?? 0)
    if (how === 'kill') {
      broker.kill()
      await broker.start()
    } else await broker.restart()
    expect(await fetchOffset(true)).toMatchObject({ errorCode: E.UNSTABLE_OFFSET_COMMIT })
    expect(await producer.end(true)).toBe(E.NONE)
    await ended()
    expect(await fetchOffset(true)).toEqual({ committedOffset: 5, errorCode: E.NONE })
    broker.kill()
    await broker.start()
    expect(await fetchOffset(true)).toEqual({ committedOffset: 5, errorCode: E.NONE })
  })
})

describe('offsets', () => {
  it.each([
    [0, E.INVALID_TXN_STATE],
    [3, E.INVALID_TXN_STATE],
    [VERIFIED, E.TRANSACTION_ABORTABLE],
  ])('of a transaction that their group was not added to are refused (version %i)', async (version, errorCode) => {
    const producer = await started(1)
    expect(await commit(producer, 5, version)).toBe(errorCode)
    expect((await broker.log(OFFSETS)).logEndOffset).toBe(0)
  })

  it('are taken without a question where the operator wants it so', async () => {
    broker.setBrokerConfig('transaction.partition.verification.enable', 'false')
    const producer = await started(1)
    expect(await commit(producer, 5, VERIFIED)).toBe(E.NONE)
  })

  it('add their partition to the transaction from version 5 on', async () => {
    const producer = await started(2)
    await commit(producer, 5, ADDED)
    const { transactionStates } = await broker.call(describeTransactionsApi, 0, { transactionalIds: ['payments'] })
    expect(transactionStates[0]?.topics).toEqual([{ topic: OFFSETS, partitions: [0] }])
  })

  it('of a producer that was replaced are refused, and its transaction is not begun again', async () => {
    const first = await started(1)
    await addOffsets(first)
    await commit(first, 5, VERIFIED)
    const second = new TransactionalProducer(broker, 'payments', 1)
    expect(await second.init()).toBe(E.CONCURRENT_TRANSACTIONS)
    await ended()
    expect(await second.init()).toBe(E.NONE)
    expect(await commit(first, 6, VERIFIED)).toBe(E.INVALID_PRODUCER_EPOCH)
    expect(await fetchOffset(true)).toEqual({ committedOffset: -1, errorCode: E.NONE })
  })

  it('that come when their transaction has ended are refused, though it was open when they were confirmed', async () => {
    broker.close().catch(() => {})
    broker = await BrokerFixture.start()
    topicId = broker.addTopic('a')
    for (const topic of ['__transaction_state', OFFSETS]) broker.addTopic(topic, [[1]], { 'cleanup.policy': 'compact' })
    const producer = await started(1)
    await addOffsets(producer)
    const release = broker.verifier.hold()
    const exchange = broker.send(txnOffsetCommitApi, VERIFIED, request(producer, 5))
    await ended()
    expect(await producer.end(false)).toBe(E.NONE)
    await ended()
    release()
    broker.verifier.answer = E.TRANSACTION_ABORTABLE
    expect((await exchange.answer()).topics[0]?.partitions[0]?.errorCode).toBe(E.TRANSACTION_ABORTABLE)
    // Nothing hangs, and the coordinator serves as before.
    expect(broker.partition(OFFSETS).lastStableOffset).toBe(1)
    expect(await fetchOffset(true)).toEqual({ committedOffset: -1, errorCode: E.NONE })
  })

  it.each([
    [1, E.COORDINATOR_NOT_AVAILABLE],
    [3, E.COORDINATOR_LOAD_IN_PROGRESS],
  ])('wait for the coordinator of transactions when it is not there, in words that version %i knows', async (version, errorCode) => {
    const producer = await started(1)
    broker.changePartition('__transaction_state', 0, { leader: -1 })
    expect(await commit(producer, 5, version)).toBe(errorCode)
  })

  it('of a member that is none are refused by their group', async () => {
    const producer = await started(1)
    await addOffsets(producer)
    expect(await commit(producer, 5, VERIFIED, { memberId: 'nobody', generationIdOrMemberEpoch: 3 })).toBe(E.ILLEGAL_GENERATION)
  })
})

it.each([0, 1, 2, 3, 4])('a group is added to a transaction in version %i', async (version) => {
  const producer = await started(1)
  expect(await addOffsets(producer, version)).toBe(E.NONE)
  const { transactionStates } = await broker.call(describeTransactionsApi, 0, { transactionalIds: ['payments'] })
  expect(transactionStates[0]?.topics).toEqual([{ topic: OFFSETS, partitions: [0] }])
})
