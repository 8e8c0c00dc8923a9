/** Producers that write one record in each transaction, one transaction after the other, as fast as the broker lets them. */
import { buildBatch, crc32cByTables, endTxnApi, ERROR_CODES, errorName, initProducerIdApi, produceApi } from '@millrace/protocol'
import { type Caller, openCaller } from './caller.ts'
import { awaitCoordinator, untilServed } from './group-calls.ts'

/** The versions of the second protocol (KIP-890): a produce adds its partition, an end brings the next epoch. */
const PRODUCE_VERSION = 12
const END_VERSION = 5
const INIT_VERSION = 5
const TIMEOUT_MS = 60_000
const VALUE_BYTES = 100

export type TransactionLoad = {
  readonly port: number
  readonly topic: string
  /** Each with a partition of its own, and a transactional id by its number. */
  readonly producers: number
  /** Of each producer. */
  readonly transactions: number
}

/** Milliseconds of each transaction, from its record to the answer to its end. */
export async function runTransactions({ port, topic, producers, transactions }: TransactionLoad): Promise<readonly number[]> {
  const all = await Promise.all(
    Array.from({ length: producers }, async (_, partition) => {
      const caller = await openCaller(port)
      try {
        return await runProducer(caller, topic, partition, transactions)
      } finally {
        caller.close()
      }
    }),
  )
  return all.flat()
}

async function runProducer(caller: Caller, topic: string, partition: number, transactions: number): Promise<readonly number[]> {
  const transactionalId = `${topic}-${partition}`
  await awaitCoordinator(caller, transactionalId, 'transaction')
  let producer = { producerId: -1, producerEpoch: -1 }
  await untilServed(`begin ${transactionalId}`, async () => {
    const answer = await caller.call(initProducerIdApi, INIT_VERSION, { transactionalId, transactionTimeoutMs: TIMEOUT_MS })
    producer = answer
    return answer.errorCode
  })
  const timesMs: number[] = []
  for (let count = 0; count < transactions; count += 1) {
    const startMs = performance.now()
    const records = buildBatch({
      records: [{ timestamp: Date.now(), key: null, value: new Uint8Array(VALUE_BYTES) }],
      ...producer,
      baseSequence: 0,
      isTransactional: true,
      crc32c: crc32cByTables,
    })
    await untilServed(`write in ${transactionalId}`, async () => {
      const body = {
        transactionalId,
        acks: -1,
        timeoutMs: TIMEOUT_MS,
        topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
      }
      const { responses } = await caller.call(produceApi, PRODUCE_VERSION, body)
      return responses[0]?.partitionResponses[0]?.errorCode ?? ERROR_CODES.UNKNOWN_SERVER_ERROR
    })
    const answer = await caller.call(endTxnApi, END_VERSION, { transactionalId, ...producer, committed: true })
    if (answer.errorCode !== ERROR_CODES.NONE) throw new Error(`end of ${transactionalId}: ${errorName(answer.errorCode)}`)
    producer = answer
    timesMs.push(performance.now() - startMs)
  }
  return timesMs
}
