/** `__transaction_state` as Apache Kafka 4.3.1 left it after two commits and an abort: read, written again, and taken over. */
import { readFileSync } from 'node:fs'
import {
  decodeTransactionRecord,
  DEFAULT_TRANSACTION_SETTINGS,
  encodeTransactionRecord,
  type Transaction,
  TransactionCoordinator,
} from '@millrace/coordinator'
import { batchSizeInBytes, readRecords } from '@millrace/protocol'
import { expect, it } from 'vitest'

const LOG = new URL('./logdir/__transaction_state-1/00000000000000000000.log', import.meta.url)
const ORDERS = { topic: 't-txn', partitions: [0] }
const OFFSETS = { topic: '__consumer_offsets', partitions: [1] }

interface Bytes {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

function recordsOfLog(): readonly Bytes[] {
  const log = readFileSync(LOG)
  const records: Bytes[] = []
  for (let at = 0; at < log.length; at += batchSizeInBytes(log, at)) {
    for (const { key, value } of readRecords(log, at, notCompressed)) records.push({ key: key as Uint8Array, value })
  }
  return records
}

function notCompressed(): never {
  throw new Error('Kafka does not compress this log')
}

function transactions(): readonly Transaction[] {
  return recordsOfLog().map(({ key, value }) => {
    const record = decodeTransactionRecord(key, value)
    if (record.type !== 'transaction' || record.transaction === null) throw new Error('not a transaction')
    expect(record.transactionalId).toBe('tx1')
    return record.transaction
  })
}

it('says what Kafka says of it', () => {
  expect(
    transactions().map(({ state, producerEpoch, partitions, transactionVersion }) => [
      state,
      producerEpoch,
      partitions,
      transactionVersion,
    ]),
  ).toEqual([
    ['Empty', 0, [], 0],
    ['Ongoing', 0, [ORDERS], 2],
    ['PrepareCommit', 1, [ORDERS], 2],
    ['CompleteCommit', 1, [], 2],
    ['Ongoing', 1, [ORDERS], 2],
    ['PrepareAbort', 2, [ORDERS], 2],
    ['CompleteAbort', 2, [], 2],
    ['Ongoing', 2, [ORDERS], 2],
    ['Ongoing', 2, [ORDERS, OFFSETS], 2],
    ['PrepareCommit', 3, [ORDERS, OFFSETS], 2],
    ['CompleteCommit', 3, [], 2],
  ])
  expect(transactions()[3]).toEqual({
    producerId: 1,
    producerEpoch: 1,
    previousProducerId: 1,
    nextProducerId: -1,
    timeoutMs: 60_000,
    state: 'CompleteCommit',
    partitions: [],
    startMs: 1_795_204_685_241,
    updateMs: 1_795_204_685_267,
    transactionVersion: 2,
  })
})

it('is written again byte for byte', () => {
  for (const { key, value } of recordsOfLog()) {
    const again = encodeTransactionRecord(decodeTransactionRecord(key, value))
    expect([Buffer.from(again.key).toString('hex'), Buffer.from(again.value as Uint8Array).toString('hex')]).toEqual([
      Buffer.from(key).toString('hex'),
      Buffer.from(value as Uint8Array).toString('hex'),
    ])
  }
})

it('is gone on with: the producer adds to its next transaction, and Kafka would have written the same', () => {
  const records = recordsOfLog()
  const coordinator = new TransactionCoordinator({ settings: () => DEFAULT_TRANSACTION_SETTINGS, takeProducerId: () => null })
  for (const { key, value } of records.slice(0, 7)) coordinator.replay(decodeTransactionRecord(key, value))
  const time = { nowMs: 1_795_204_685_331, monotonicMs: 0 }
  coordinator.loaded(time)
  const request = {
    api: 'AddPartitionsToTxn',
    transactionalId: 'tx1',
    producerId: 1,
    producerEpoch: 2,
    verifyOnly: false,
    topics: [ORDERS],
  } as const
  const [append] = coordinator.step({ type: 'request', token: 1, ...time, apiVersion: 5, request })
  if (append?.type !== 'append') throw new Error('nothing was written')
  expect(append.records.map(encodeTransactionRecord)).toEqual([
    { key: new Uint8Array(records[7]?.key as Uint8Array), value: new Uint8Array(records[7]?.value as Uint8Array) },
  ])
})
