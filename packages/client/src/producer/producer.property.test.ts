/**
 * The producer against a cluster that fails at random: whatever happens to requests, answers and leaders, each record is
 * stored once, in the order of sending, at the offset that was reported. One that was reported as failed may be stored or
 * not, but it too is stored only once and in its place.
 */
import { ERROR_CODES, produceApi } from '@millrace/protocol'
import fc from 'fast-check'
import { it } from 'vitest'
import { createClient } from '../client.ts'
import { FakeCluster, type Reaction } from '../testing/fake-cluster.ts'
import { fromUtf8 } from '../text.ts'

const PARTITIONS = 2

type Fault = 'none' | 'hang-up' | 'lose-answer' | 'refuse' | 'reject' | 'move-leader' | 'no-leader' | 'stop-broker'

const fault = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>('none') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Fault>('hang-up', 'lose-answer', 'refuse', 'reject', 'move-leader', 'no-leader', 'stop-broker'),
  },
)

const step = fc.record({
  partition: fc.nat(PARTITIONS - 1),
  size: fc.integer({ min: 1, max: 200 }),
  pauseMs: fc.constantFrom(0, 0, 0, 1, 30, 700),
})

const options = fc.record({
  lingerMs: fc.constantFrom(0, 5),
  batchBytes: fc.constantFrom(1, 150, 10_000),
  maxInFlight: fc.integer({ min: 1, max: 5 }),
  maxBufferedBytes: fc.constantFrom(300, 100_000),
})

it('stores each record once and in order, and says where', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.array(fault, { maxLength: 30 }),
      options,
      async (steps, faults, settings) => {
        const cluster = new FakeCluster(2)
        const { clock } = cluster
        cluster.createTopic('t', PARTITIONS)
        const upcoming = [...faults]
        cluster.intercept(produceApi, ({ nodeId }) => react(cluster, upcoming.shift() ?? 'none', nodeId))
        const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
        const producer = client.producer(settings)
        const sent: { readonly partition: number; readonly value: string; readonly offset: Promise<number | null> }[] = []
        for (const [index, { partition, size, pauseMs }] of steps.entries()) {
          const value = `${index} ${'x'.repeat(size)}`
          const offset = producer.send({ topic: 't', partition, value }).then((delivery) => delivery.offset)
          // Judged below; a rejection must not count as unhandled until then.
          offset.catch(() => {})
          sent.push({ partition, value, offset })
          if (pauseMs > 0) await clock.advance(pauseMs)
        }
        const outcomes = await clock.run(Promise.allSettled(sent.map(({ offset }) => offset)))
        const stored = Array.from({ length: PARTITIONS }, (_, partition) => storedIn(cluster, partition))
        for (const [partition, values] of stored.entries()) {
          const inOrder = sent.filter((entry) => entry.partition === partition && values.includes(entry.value)).map(({ value }) => value)
          if (values.join() !== inOrder.join()) throw new Error(`partition ${partition} has ${values.join()} instead of ${inOrder.join()}`)
        }
        for (const [index, { partition, value }] of sent.entries()) {
          const outcome = outcomes[index]
          if (outcome?.status === 'rejected') {
            if (outcome.reason.kafkaError !== 'INVALID_RECORD') throw outcome.reason
          } else if (stored[partition]?.[outcome?.value ?? -1] !== value) throw new Error(`"${value}" is not at ${outcome?.value}`)
        }
        await clock.run(client.close())
        // The faults' own timers end meanwhile.
        await clock.advance(3_000)
        if (clock.pendingTimers > 0) throw new Error(`${clock.pendingTimers} timers are left`)
      },
    ),
    { numRuns: 200 },
  )
})

/** By offset. */
function storedIn(cluster: FakeCluster, partition: number): string[] {
  const records = cluster.partition('t', partition).records((_, bytes) => bytes)
  return records.map(({ value }) => fromUtf8(value ?? new Uint8Array(0)))
}

function react(cluster: FakeCluster, fault: Fault, nodeId: number): Reaction<(typeof produceApi)['response']> {
  const other = nodeId === 1 ? 2 : 1
  switch (fault) {
    case 'none':
      return 'as-usual'
    case 'hang-up':
    case 'lose-answer':
      return fault
    case 'refuse':
    case 'reject': {
      const topicId = cluster.topics.get('t')?.topicId ?? ''
      const partitionResponses = Array.from({ length: PARTITIONS }, (_, index) => ({
        index,
        errorCode: fault === 'refuse' ? ERROR_CODES.NOT_ENOUGH_REPLICAS : ERROR_CODES.INVALID_RECORD,
        baseOffset: -1,
      }))
      return { answer: { responses: [{ name: 't', topicId, partitionResponses }] } }
    }
    case 'move-leader':
      for (let partition = 0; partition < PARTITIONS; partition++) cluster.moveLeader('t', partition, other)
      return 'as-usual'
    case 'no-leader':
      cluster.moveLeader('t', 0, -1)
      cluster.clock.setTimer(1_500, () => cluster.moveLeader('t', 0, nodeId))
      return 'as-usual'
    case 'stop-broker':
      cluster.stop(nodeId)
      cluster.clock.setTimer(2_000, () => cluster.start(nodeId))
      return 'lose-answer'
  }
}
