/** Writing records, in and out of transactions, and reading them back. */
import { describeProducersApi, ERROR_CODES, fetchApi, listOffsetsApi, produceApi } from '@millrace/protocol'
import { batchOf } from '../../../integration/testing/partition-calls.ts'
import { type Step, step } from '../scenario.ts'
import { identity, type ProducerOptions, TRANSACTIONAL_ID } from './transactions.ts'

const FIRST_ID_VERSION = 13
const FETCH_VERSION = 12
const LATEST = -1

export interface ProduceOptions extends ProducerOptions {
  readonly topic?: string
  readonly partition?: number
  /** Instead of the one that comes next. */
  readonly sequence?: number
  readonly isTransactional?: boolean
  readonly acks?: number
}

/** One record for each value, by a producer with an id. */
export function produce(actor: string, values: readonly string[], options: ProduceOptions = {}): Step {
  const { version = 11, topic = 't', partition = 0, isTransactional = true, transactionalId = TRANSACTIONAL_ID } = options
  return step({
    actor,
    api: produceApi,
    version,
    request: (world) => {
      const records = batchOf(values, {
        ...identity(world, actor, options),
        baseSequence: options.sequence ?? world.nextSequence(actor, topic, partition, values.length),
        isTransactional,
      })
      return {
        transactionalId: isTransactional && transactionalId !== null ? world.named(transactionalId) : null,
        acks: options.acks ?? -1,
        timeoutMs: 30_000,
        topicData: [
          {
            ...(version >= FIRST_ID_VERSION ? { topicId: world.topicId(topic) } : { name: world.named(topic) }),
            partitionData: [{ index: partition, records }],
          },
        ],
      }
    },
    retryError: ({ responses }) => {
      const errorCode = responses[0]?.partitionResponses[0]?.errorCode ?? ERROR_CODES.NONE
      const isTemporary = errorCode === ERROR_CODES.CONCURRENT_TRANSACTIONS || errorCode === ERROR_CODES.NOT_ENOUGH_REPLICAS
      return isTemporary ? errorCode : ERROR_CODES.NONE
    },
  })
}

export type Isolation = 'read_uncommitted' | 'read_committed'

/** All that a consumer sees of a partition. */
export function read(actor: string, isolation: Isolation, topic = 't', partition = 0): Step {
  return step({
    actor,
    api: fetchApi,
    version: FETCH_VERSION,
    request: (world) => ({
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic: world.named(topic), partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
      forgottenTopicsData: [],
      rackId: '',
    }),
  })
}

export function endOffset(actor: string, isolation: Isolation, topic = 't', partition = 0): Step {
  return step({
    actor,
    api: listOffsetsApi,
    version: 7,
    request: (world) => ({
      replicaId: -1,
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      topics: [{ name: world.named(topic), partitions: [{ partitionIndex: partition, timestamp: LATEST }] }],
    }),
  })
}

export function describeProducers(topic = 't', partition = 0): Step {
  return step({
    actor: 'admin',
    api: describeProducersApi,
    version: 0,
    request: (world) => ({ topics: [{ name: world.named(topic), partitionIndexes: [partition] }] }),
  })
}
