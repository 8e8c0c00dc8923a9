/**
 * Copies one partition, record by record, exactly once: each batch that it reads is written in one transaction with the offset up
 * to which it has read, and it goes on from the offset that is committed.
 */
import { type ConsumedBatch, type ConsumedRecord, createClient } from '@millrace/client'
import { say, workerOptions } from './process-words.ts'
import { connect, transactionalProducer } from './transactional-producer.ts'
import { COPIES, COPY_GROUP, ORIGINALS } from './topics.ts'

/** Of a transaction. */
const RECORDS_MAX = 500
/** After which a transaction ends with what there is. */
const IDLE_MS = 20

const { brokers, index: partition } = workerOptions()
const kafka = connect(brokers, `copy-${partition}`)
const producer = await transactionalProducer(kafka, `copy-${partition}`)
let isStopping = false
let isInTransaction = false
process.once('SIGTERM', () => {
  isStopping = true
  if (!isInTransaction) process.exit(0)
})

await using client = createClient({ brokers })
const consumer = client.consumer({ maxWaitMs: 100 })
await consumer.assign([{ topic: ORIGINALS.name, partition, from: await committedOffset() }])
for await (const records of gathered(consumer.batches())) {
  const nextOffset = (records.at(-1)?.offset ?? -1) + 1
  isInTransaction = true
  const transaction = await producer.begin()
  const messages = records.map(({ value }) => ({ partition, value: Buffer.from(value ?? []) }))
  await transaction.send({ topic: COPIES.name, messages })
  await transaction.sendOffsets({
    consumerGroupId: COPY_GROUP,
    topics: [{ topic: ORIGINALS.name, partitions: [{ partition, offset: String(nextOffset) }] }],
  })
  await transaction.commit()
  say('committed', String(nextOffset))
  if (isStopping) break
  isInTransaction = false
}
process.exit(0)

/** Puts batches that come soon after each other together. */
async function* gathered(batches: AsyncIterator<ConsumedBatch>): AsyncGenerator<readonly ConsumedRecord[]> {
  let next = batches.next()
  for (;;) {
    const { done, value } = await next
    if (done === true) return
    const records = [...value.records]
    next = batches.next()
    while (records.length < RECORDS_MAX) {
      const more = await Promise.race([next, new Promise<null>((resolve) => setTimeout(() => resolve(null), IDLE_MS))])
      if (more === null || more.done === true) break
      records.push(...more.value.records)
      next = batches.next()
    }
    yield records
  }
}

async function committedOffset(): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchOffsets({ groupId: COPY_GROUP, topics: [ORIGINALS.name] })
  await admin.disconnect()
  const found = offsets[0]?.partitions.find((each) => each.partition === partition)?.offset ?? '-1'
  return Math.max(0, Number(found))
}
