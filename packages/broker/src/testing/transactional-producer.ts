/** A producer with a transactional id, request by request, in the first protocol (`version: 1`) or in the second. */
import { ERROR_CODES, addPartitionsToTxnApi, endTxnApi, initProducerIdApi, produceApi } from '@millrace/protocol'
import { type BatchOptions, batchOf } from './batches.ts'
import type { BrokerFixture } from './broker-fixture.ts'

/** The newest versions of each protocol. */
const VERSIONS = { 1: { produce: 11, endTxn: 4 }, 2: { produce: 12, endTxn: 5 } } as const

export class TransactionalProducer {
  readonly #broker: BrokerFixture
  readonly transactionalId: string
  readonly version: 1 | 2
  producerId = -1
  producerEpoch = -1
  /** By partition: the next sequence. */
  readonly #sequences = new Map<string, number>()

  constructor(broker: BrokerFixture, transactionalId: string, version: 1 | 2) {
    this.#broker = broker
    this.transactionalId = transactionalId
    this.version = version
  }

  /** Begins, or begins anew. The error code. */
  async init(had: { readonly producerId: number; readonly producerEpoch: number } | null = null, timeoutMs = 60_000): Promise<number> {
    const { transactionalId } = this
    const request = { transactionalId, transactionTimeoutMs: timeoutMs, ...(had ?? { producerId: -1, producerEpoch: -1 }) }
    const answer = await this.#broker.call(initProducerIdApi, 5, request)
    if (answer.errorCode === ERROR_CODES.NONE) this.#goOn(answer)
    return answer.errorCode
  }

  /** Only in the first protocol is this needed before `write`. */
  async add(topic: string, partitions: readonly number[] = [0]): Promise<number[]> {
    const answer = await this.#broker.call(addPartitionsToTxnApi, 3, {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions }],
    })
    return answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) => resultsByPartition.map((each) => each.partitionErrorCode))
  }

  /** One batch with these values. The error code. */
  async write(values: readonly string[], { topic = 'a', partition = 0, ...batch }: BatchOptions & Place = {}): Promise<number> {
    const key = `${topic}-${partition}`
    const baseSequence = this.#sequences.get(key) ?? 0
    const { transactionalId, producerId, producerEpoch } = this
    const records = batchOf({ records: values, producerId, producerEpoch, baseSequence, isTransactional: true, ...batch })
    const answer = await this.#broker.call(produceApi, VERSIONS[this.version].produce, {
      transactionalId,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    })
    const errorCode = answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1
    if (errorCode === ERROR_CODES.NONE) this.#sequences.set(key, baseSequence + values.length)
    return errorCode
  }

  /** In the second protocol it goes on with what the answer says. The error code. */
  async end(committed: boolean): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = this
    const version = VERSIONS[this.version].endTxn
    const answer = await this.#broker.call(endTxnApi, version, { transactionalId, producerId, producerEpoch, committed })
    if (answer.errorCode === ERROR_CODES.NONE && this.version === 2) this.#goOn(answer)
    return answer.errorCode
  }

  #goOn({ producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number }): void {
    if (producerId !== this.producerId || producerEpoch !== this.producerEpoch) this.#sequences.clear()
    this.producerId = producerId
    this.producerEpoch = producerEpoch
  }
}

interface Place {
  readonly topic?: string
  readonly partition?: number
}
