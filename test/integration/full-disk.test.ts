/** A disk without room costs writes and nothing else, and not for longer than it is full. */
import { ERROR_CODES, initProducerIdApi } from '@millrace/protocol'
import { createMemoryDisk } from '@millrace/runtime'
import { configurationFor, startConfiguredBroker } from '@millrace/server'
import { expect, it } from 'vitest'
import { batchOf, createTopic, endOffset, fetchOnce, produce, readFrom } from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

const ROOMY_BYTES = 16 * 1024 * 1024
const RECORD = 'x'.repeat(10_000)

const configuration = configurationFor({ port: 0, storage: 'memory', logLevel: 'silent' })

it('refuses writes with a storage error, goes on reading, and takes writes when there is room again', async () => {
  const memory = createMemoryDisk()
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  await createTopic(connection, 'topic')
  await produce(connection, 'topic', [RECORD])
  for (let time = 0; time < 3; time++) {
    memory.setCapacity(memory.usedBytes + 25_000)
    let taken = await endOffset(connection, 'topic')
    const before = taken
    let answer = await produce(connection, 'topic', [RECORD])
    for (; answer.errorCode === ERROR_CODES.NONE; answer = await produce(connection, 'topic', [RECORD])) {
      expect(answer.baseOffset).toBe(taken++)
    }
    expect(answer.errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
    expect(taken).toBeGreaterThan(before)
    // A refused batch leaves nothing: no part of it is read, and no offset is used up.
    expect(await endOffset(connection, 'topic')).toBe(taken)
    expect((await readFrom(connection, 'topic')).map(({ offset }) => offset)).toEqual(Array.from({ length: taken }, (_, offset) => offset))
    expect((await produce(connection, 'topic', [RECORD], { acks: 1 })).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
    memory.setCapacity(ROOMY_BYTES)
    expect(await produce(connection, 'topic', [RECORD])).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: taken })
  }
})

it('lets an idempotent producer go on with the sequence that was refused', async () => {
  const memory = createMemoryDisk()
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  await createTopic(connection, 'topic')
  const { producerId } = await connection.call(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 60_000 })
  const send = (baseSequence: number) => produce(connection, 'topic', batchOf([RECORD], { producerId, producerEpoch: 0, baseSequence }))
  expect((await send(0)).errorCode).toBe(ERROR_CODES.NONE)
  memory.setCapacity(memory.usedBytes)
  expect((await send(1)).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
  expect((await send(1)).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
  // What was taken before can still be repeated.
  expect(await send(0)).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
  memory.setCapacity(ROOMY_BYTES)
  expect(await send(1)).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
  expect(await send(1)).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
  expect(await endOffset(connection, 'topic')).toBe(2)
})

it('wakes readers for what is written when there is room again', async () => {
  const memory = createMemoryDisk()
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  await using consumer = await WireConnection.open(broker)
  await createTopic(connection, 'topic')
  await produce(connection, 'topic', ['first'])
  memory.setCapacity(memory.usedBytes)
  const waiting = fetchOnce(consumer, 'topic', 1, { maxWaitMs: 600_000 })
  expect((await produce(connection, 'topic', [RECORD])).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
  memory.setCapacity(ROOMY_BYTES)
  await produce(connection, 'topic', ['second'])
  expect(await waiting).toMatchObject({ errorCode: ERROR_CODES.NONE, highWatermark: 2 })
})

it('is no reason not to stop and start again', async () => {
  const memory = createMemoryDisk()
  {
    await using broker = await startConfiguredBroker(configuration, { memory })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    await produce(connection, 'topic', ['kept'])
    memory.setCapacity(memory.usedBytes)
    expect((await produce(connection, 'topic', [RECORD])).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
  }
  memory.setCapacity(ROOMY_BYTES)
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  expect((await readFrom(connection, 'topic')).map(({ value }) => value)).toEqual(['kept'])
  expect(await produce(connection, 'topic', ['next'])).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
})

it('also refuses what changes the cluster, and takes it later', async () => {
  const memory = createMemoryDisk()
  await using broker = await startConfiguredBroker(configuration, { memory })
  await using connection = await WireConnection.open(broker)
  await createTopic(connection, 'before')
  memory.setCapacity(memory.usedBytes)
  await expect(createTopic(connection, 'during')).rejects.toThrow(/KAFKA_STORAGE_ERROR/)
  memory.setCapacity(ROOMY_BYTES)
  await createTopic(connection, 'during')
  expect((await produce(connection, 'during', ['value'])).errorCode).toBe(ERROR_CODES.NONE)
  expect((await produce(connection, 'before', ['value'])).errorCode).toBe(ERROR_CODES.NONE)
})
