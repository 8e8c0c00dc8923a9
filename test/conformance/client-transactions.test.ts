/**
 * What our consumer makes of transactions that Apache Kafka has stored: open, committed and aborted ones, interleaved. Our client
 * writes none yet, so they are written here request by request.
 */
import { createClient } from '@millrace/client'
import {
  addPartitionsToTxnApi,
  buildBatch,
  endTxnApi,
  ERROR_CODES,
  findCoordinatorApi,
  initProducerIdApi,
  isRetriable,
  produceApi,
} from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WireConnection } from '../integration/testing/wire-connection.ts'
import { type ApacheKafka, kafkaHome, startApacheKafka } from './apache-kafka.ts'

const TOPIC = 'transactions'
const POLL_MS = 20

class Writer {
  readonly #connection: WireConnection
  readonly #name: string
  readonly #producerId: number
  readonly #producerEpoch: number
  #sequence = 0

  static async open(connection: WireConnection, name: string): Promise<Writer> {
    await untilDone(async () => (await connection.call(findCoordinatorApi, 3, { key: name, keyType: 1 })).errorCode)
    let id = { producerId: -1, producerEpoch: -1 }
    await untilDone(async () => {
      const answer = await connection.call(initProducerIdApi, 4, { transactionalId: name, transactionTimeoutMs: 60_000 })
      id = answer
      return answer.errorCode
    })
    return new Writer(connection, name, id)
  }

  private constructor(connection: WireConnection, name: string, id: { readonly producerId: number; readonly producerEpoch: number }) {
    this.#connection = connection
    this.#name = name
    this.#producerId = id.producerId
    this.#producerEpoch = id.producerEpoch
  }

  async write(...values: readonly string[]): Promise<void> {
    await untilDone(async () => {
      const answer = await this.#connection.call(addPartitionsToTxnApi, 3, {
        v3AndBelowTransactionalId: this.#name,
        v3AndBelowProducerId: this.#producerId,
        v3AndBelowProducerEpoch: this.#producerEpoch,
        v3AndBelowTopics: [{ name: TOPIC, partitions: [0] }],
      })
      return answer.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? -1
    })
    const records = buildBatch({
      records: values.map((value) => ({ timestamp: Date.now(), key: null, value: new TextEncoder().encode(value) })),
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      baseSequence: this.#sequence,
      isTransactional: true,
      crc32c,
    })
    const { responses } = await this.#connection.call(produceApi, 11, {
      transactionalId: this.#name,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
    })
    expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: ERROR_CODES.NONE })
    this.#sequence += values.length
  }

  async end(committed: boolean): Promise<void> {
    const body = { transactionalId: this.#name, producerId: this.#producerId, producerEpoch: this.#producerEpoch, committed }
    await untilDone(async () => (await this.#connection.call(endTxnApi, 3, body)).errorCode)
  }
}

/** Brokers ask to try again while a coordinator loads or the transaction before is not through. */
async function untilDone(attempt: () => Promise<number>): Promise<void> {
  for (let errorCode = await attempt(); errorCode !== ERROR_CODES.NONE; errorCode = await attempt()) {
    if (!isRetriable(errorCode)) throw new Error(`refused with error ${errorCode}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

describe.skipIf(kafkaHome === null)('transactions of Apache Kafka', () => {
  let kafka: ApacheKafka

  beforeAll(async () => {
    kafka = await startApacheKafka()
  })

  afterAll(() => kafka?.[Symbol.asyncDispose]())

  it('are seen whole or not at all by whoever reads what is committed', async () => {
    await using client = createClient({ brokers: kafka.address })
    await client.admin().createTopics([{ name: TOPIC, partitions: 1, replicationFactor: 1 }])
    const [host = '', port] = kafka.address.split(':')
    await using connection = await WireConnection.open({ host, port: Number(port) })
    const left = await Writer.open(connection, 'left')
    const right = await Writer.open(connection, 'right')

    await left.write('left 1', 'left 2')
    await right.write('right 1')
    await client.producer().send({ topic: TOPIC, value: 'plain' })
    await left.write('left 3')
    expect(await values('read_committed')).toEqual([])
    expect(await values('read_uncommitted')).toEqual(['left 1', 'left 2', 'right 1', 'plain', 'left 3'])

    await left.end(false)
    await right.end(true)
    await expect.poll(() => values('read_committed')).toEqual(['right 1', 'plain'])

    await left.write('left 4')
    await left.end(true)
    await right.write('right 2')
    await right.end(false)
    await left.write('left 5')
    await left.end(true)
    await expect.poll(() => values('read_committed')).toEqual(['right 1', 'plain', 'left 4', 'left 5'])
    const all = ['left 1', 'left 2', 'right 1', 'plain', 'left 3', 'left 4', 'right 2', 'left 5']
    expect(await values('read_uncommitted')).toEqual(all)
    // From within an aborted transaction, too.
    expect(await values('read_committed', 1)).toEqual(['right 1', 'plain', 'left 4', 'left 5'])

    async function values(isolationLevel: 'read_committed' | 'read_uncommitted', from = 0): Promise<string[]> {
      await using consumer = client.consumer({ isolationLevel, maxPartitionBytes: 100 })
      await consumer.assign([{ topic: TOPIC, from, until: 'end' }])
      const found: string[] = []
      for await (const { value } of consumer) found.push(new TextDecoder().decode(value ?? new Uint8Array(0)))
      return found
    }
  })
})
