/** The first record that a broker acknowledges after its start: the end of every start-up time. */
import { decodeResponse, errorName, produceApi } from '@millrace/protocol'
import type { RunningBroker } from '../brokers/launcher.ts'
import { type Admin, type NewTopic, openAdmin } from './admin.ts'
import { retryUntilDone } from './await-broker.ts'
import { openConnection } from './connection.ts'
import { batchOf, PRODUCE_VERSION, produceFrame } from './frames.ts'

const SIZE_BYTES = 4
const VALUE_BYTES = 100

/** Creates the topic as soon as the broker lets us, then produces. Resolves with milliseconds since the start of the process. */
export async function firstRecordOnNewTopic(broker: RunningBroker, topic: NewTopic): Promise<number> {
  await retryUntilDone(broker, async () => {
    const admin: Admin = await openAdmin(broker.port)
    try {
      await admin.createTopics([topic])
    } finally {
      admin.close()
    }
  })
  return firstRecord(broker, topic.name)
}

/** Produces to partition 0 of a topic that exists. Resolves with milliseconds since the start of the process. */
export async function firstRecord(broker: RunningBroker, topic: string): Promise<number> {
  await retryUntilDone(broker, () => produceToPartitions(broker.port, topic, [0]))
  return performance.now() - broker.startedAtMs
}

/** One small record to each of these partitions, in one request, acks=all. Throws when one of them is refused. */
export async function produceToPartitions(port: number, topic: string, indexes: readonly number[]): Promise<void> {
  const batch = batchOf(1, VALUE_BYTES)
  const connection = await openConnection(port, Infinity)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  connection.onAnswer = resolve
  connection.onLost = reject
  connection.send(produceFrame({ topic, acks: -1, partitions: indexes.map((index) => ({ index, batch })) }))
  try {
    const answer = decodeResponse(produceApi, PRODUCE_VERSION, (await promise).subarray(SIZE_BYTES)).body
    for (const { partitionResponses } of answer.responses) {
      for (const { index, errorCode } of partitionResponses) {
        if (errorCode !== 0) throw new Error(`produce to ${topic}-${index}: ${errorName(errorCode)}`)
      }
    }
  } finally {
    connection.close()
  }
}
