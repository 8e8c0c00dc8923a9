/** Transactions are seen whole or not at all, whatever becomes of the brokers meanwhile. */
import { createClient } from '@millrace/client'
import { startCluster } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { BrokerProcess } from './testing/broker-process.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { type Outcome, TransactionWriter } from './testing/transaction-writer.ts'

const TOPIC = 'orders'
const PARTITIONS = [0, 1, 2]
const TEST_TIMEOUT_MS = 180_000

/** What readers of committed records see, partition by partition. */
async function committed(brokers: string): Promise<string[][]> {
  await using client = createClient({ brokers })
  await using consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: TOPIC, until: 'end' }])
  const values: string[][] = PARTITIONS.map(() => [])
  for await (const { partition, value } of consumer) values[partition]?.push(Buffer.from(value ?? []).toString())
  return values
}

async function createTopic(brokers: string): Promise<void> {
  await using client = createClient({ brokers })
  await client.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS.length }])
}

/** Every third transaction is to be aborted. Keeps what became of each. */
async function writeSome(writer: TransactionWriter, outcomes: Map<string, Outcome>, count: number): Promise<void> {
  for (let each = 0; each < count; each += 1) {
    const value = `transaction ${outcomes.size}`
    outcomes.set(value, await writer.write(TOPIC, PARTITIONS, value, outcomes.size % 3 === 2 ? 'aborted' : 'committed'))
  }
}

/** All partitions have what was committed, once and in order, and nothing else. */
async function expectExactly(brokers: string, outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
  const expected = [...outcomes].filter(([, outcome]) => outcome === 'committed').map(([value]) => value)
  expect(expected.length).toBeGreaterThan(0)
  // What was decided last may still be on its way to the partitions.
  await expect.poll(() => committed(brokers), { timeout: 30_000, interval: 200 }).toEqual(PARTITIONS.map(() => expected))
}

describe('transactions', () => {
  it('survive kill -9 of a broker, open ones too', { timeout: TEST_TIMEOUT_MS }, async () => {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path })
    await createTopic(broker.address)
    await using writer = new TransactionWriter(broker.address, 'payments')
    await writer.begin()
    const outcomes = new Map<string, Outcome>()
    for (let round = 0; round < 4; round += 1) {
      await writeSome(writer, outcomes, 5)
      const open = `transaction ${outcomes.size}`
      const isKilled = broker.stop('SIGKILL')
      // It is under way while the broker dies, and goes on when it is back.
      const outcome = writer.write(TOPIC, PARTITIONS, open, 'committed')
      await isKilled
      await broker.start()
      outcomes.set(open, await outcome)
    }
    await writeSome(writer, outcomes, 5)
    await expectExactly(broker.address, outcomes)
    await broker.stop('SIGKILL')
    await broker.start()
    await expectExactly(broker.address, outcomes)
  })

  it('survive the loss of their coordinator and of the leaders of their partitions', { timeout: TEST_TIMEOUT_MS }, async () => {
    await using cluster = await startCluster({ logLevel: 'silent' })
    await createTopic(cluster.brokers)
    const writers = ['payments', 'orders', 'refunds'].map((id) => new TransactionWriter(cluster.brokers, id))
    const outcomes = new Map<string, Outcome>()
    const [writer, ...others] = writers as [TransactionWriter, ...TransactionWriter[]]
    await writer.begin()
    for (const nodeId of [1, 2, 3, 1]) {
      await writeSome(writer, outcomes, 4)
      const isKilled = cluster.node(nodeId).kill()
      await writeSome(writer, outcomes, 4)
      await isKilled
      await cluster.node(nodeId).start()
      await cluster.ready()
    }
    await expectExactly(cluster.brokers, outcomes)
    for (const each of others) await each.begin()
    for (const each of writers) await each[Symbol.asyncDispose]()
  })

  it('of producers that are gone are aborted, and hold up nobody for long', { timeout: TEST_TIMEOUT_MS }, async () => {
    await using cluster = await startCluster({ logLevel: 'silent' })
    await createTopic(cluster.brokers)
    const outcomes = new Map<string, Outcome>()
    for (let life = 0; life < 3; life += 1) {
      // The same id, begun anew: what the last one left open is aborted by that.
      await using writer = new TransactionWriter(cluster.brokers, 'payments')
      await writer.begin()
      await writeSome(writer, outcomes, 2)
      await writer.leaveOpen(TOPIC, PARTITIONS, `left open ${life}`)
    }
    await using last = new TransactionWriter(cluster.brokers, 'payments')
    await last.begin()
    await expectExactly(cluster.brokers, outcomes)
  })
})
