/** A broker whose process dies, at any moment and in any way, keeps what it acknowledged, and keeps it once. */
import { initProducerIdApi, metadataApi } from '@millrace/protocol'
import { type Client, createClient } from '@millrace/client'
import { describe, expect, it } from 'vitest'
import { millrace } from './cli-process.ts'
import { BrokerProcess } from './testing/broker-process.ts'
import { createTopic, produce, valuesFrom } from './testing/partition-calls.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const TOPIC = 'orders'
const PARTITIONS = 3
const ROUNDS = 6
const ACKNOWLEDGED_PER_ROUND = 3_000
const PADDING = 'x'.repeat(200)
const TEST_TIMEOUT_MS = 180_000

/** Sends numbered records as fast as they are taken, and knows which of them were acknowledged, and where. */
class Load {
  /** By number: the partition and offset that the broker named. */
  readonly acknowledged = new Map<number, { readonly partition: number; readonly offset: number | null }>()
  readonly failures: unknown[] = []
  #sent = 0
  #isStopping = false
  readonly #finished: Promise<void>
  #onAcknowledged: () => void = () => {}

  constructor(client: Client) {
    this.#finished = this.#run(client)
  }

  /** Resolves when `count` more records were acknowledged than now. */
  async acknowledges(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count
    while (this.acknowledged.size < wanted && this.failures.length === 0) {
      await new Promise<void>((resolve) => (this.#onAcknowledged = resolve))
    }
  }

  /** Resolves when all that was sent is acknowledged. */
  async finish(): Promise<number> {
    this.#isStopping = true
    await this.#finished
    return this.#sent
  }

  async #run(client: Client): Promise<void> {
    const producer = client.producer({ maxBufferedBytes: 512 * 1024, batchBytes: 16 * 1024 })
    while (!this.#isStopping) {
      await producer.ready()
      for (let burst = 0; burst < 50; burst++) this.#send(producer)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await producer.flush()
    await producer.close()
  }

  #send(producer: ReturnType<Client['producer']>): void {
    const number = this.#sent++
    producer.send({ topic: TOPIC, partition: number % PARTITIONS, value: `${number} ${PADDING}` }).then(
      ({ partition, offset }) => {
        this.acknowledged.set(number, { partition, offset })
        this.#onAcknowledged()
      },
      (error: unknown) => {
        this.failures.push(error)
        this.#onAcknowledged()
      },
    )
  }
}

/** What each partition holds, as numbers in the order of their offsets. */
async function stored(client: Client): Promise<readonly (readonly number[])[]> {
  const partitions: number[][] = Array.from({ length: PARTITIONS }, () => [])
  await using consumer = client.consumer()
  await consumer.assign([{ topic: TOPIC, until: 'end' }])
  for await (const { partition, offset, value } of consumer) {
    const numbers = partitions[partition] as number[]
    expect(offset).toBe(numbers.length)
    numbers.push(Number.parseInt(Buffer.from(value ?? []).toString(), 10))
  }
  return partitions
}

async function holdsExactly(client: Client, load: Load, sent: number): Promise<void> {
  expect(load.failures).toEqual([])
  expect(load.acknowledged.size).toBe(sent)
  const partitions = await stored(client)
  const expected = Array.from({ length: PARTITIONS }, (_, partition) =>
    Array.from({ length: sent }, (_, number) => number).filter((number) => number % PARTITIONS === partition),
  )
  // In order, nothing lost and nothing twice: an idempotent producer has sent again what was not acknowledged.
  expect(partitions).toEqual(expected)
  for (const [number, { partition, offset }] of load.acknowledged) expect(partitions[partition]?.[offset ?? -1]).toBe(number)
}

async function loadThrough(signal: NodeJS.Signals, rounds: number, flags: readonly string[] = []): Promise<void> {
  using directory = temporaryDirectory()
  await using broker = await BrokerProcess.start({ dataDir: directory.path, flags })
  await using client = createClient({ brokers: broker.address })
  await client.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS }])
  const load = new Load(client)
  for (let round = 0; round < rounds; round++) {
    await load.acknowledges(ACKNOWLEDGED_PER_ROUND)
    const { signal: endedBy, exitCode, stderr } = await broker.stop(signal)
    if (signal === 'SIGKILL') expect(endedBy).toBe('SIGKILL')
    else expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    await broker.start()
  }
  await load.acknowledges(ACKNOWLEDGED_PER_ROUND)
  const sent = await load.finish()
  await holdsExactly(client, load, sent)
  await broker.stop('SIGKILL')
  await broker.start()
  await holdsExactly(client, load, sent)
}

describe('under load', () => {
  it('loses and doubles nothing through kill -9, again and again', { timeout: TEST_TIMEOUT_MS }, async () => {
    await loadThrough('SIGKILL', ROUNDS)
  })

  it('does so with many small segments', { timeout: TEST_TIMEOUT_MS }, async () => {
    await loadThrough('SIGKILL', 3, ['--set', 'log.segment.bytes=1048576', '--set', 'log.index.interval.bytes=512'])
  })

  it('stops in good order for SIGTERM, and loses and doubles nothing either', { timeout: TEST_TIMEOUT_MS }, async () => {
    await loadThrough('SIGTERM', 3)
  })
})

describe('after kill -9', () => {
  it('the cluster has every topic and setting that it acknowledged', { timeout: TEST_TIMEOUT_MS }, async () => {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path })
    const topicIds = new Map<string, string>()
    for (let round = 0; round < 4; round++) {
      await using client = createClient({ brokers: broker.address })
      const admin = client.admin()
      for (const created of await admin.createTopics(Array.from({ length: 10 }, (_, index) => ({ name: `topic-${round}-${index}` })))) {
        topicIds.set(created.name, created.topicId ?? '')
      }
      await admin.deleteTopics([`topic-${round}-0`])
      topicIds.delete(`topic-${round}-0`)
      await broker.stop('SIGKILL')
      await broker.start()
      await using connection = await WireConnection.open(broker)
      const { topics } = await connection.call(metadataApi, 12, { topics: null, includeTopicAuthorizedOperations: false })
      expect(new Map(topics.map(({ name, topicId }) => [name ?? '', topicId] as const))).toEqual(topicIds)
    }
  })

  it('no producer gets an id that another one has', { timeout: TEST_TIMEOUT_MS }, async () => {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path })
    const ids: number[] = []
    for (let life = 0; life < 4; life++) {
      await using connection = await WireConnection.open(broker)
      for (let asked = 0; asked < 10; asked++) {
        const request = { transactionalId: null, transactionTimeoutMs: 60_000 }
        ids.push((await connection.call(initProducerIdApi, 4, request)).producerId)
      }
      await broker.stop('SIGKILL')
      await broker.start()
    }
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('a topic that was deleted does not come back with its records', { timeout: TEST_TIMEOUT_MS }, async () => {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path })
    for (let life = 0; life < 3; life++) {
      await using client = createClient({ brokers: broker.address })
      await using connection = await WireConnection.open(broker)
      await createTopic(connection, 'again')
      expect(await produce(connection, 'again', [`of life ${life}`])).toMatchObject({ errorCode: 0, baseOffset: 0 })
      expect(await valuesFrom(connection, 'again')).toEqual([`of life ${life}`])
      await client.admin().deleteTopics(['again'])
      await broker.stop('SIGKILL')
      await broker.start()
    }
  })
})

describe('a second start', () => {
  it('on the directory of a running broker is refused, names its process, and leaves it alone', async () => {
    using directory = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: directory.path })
    const second = await millrace(['start', '--port', '0', '--data-dir', directory.path])
    expect(second.exitCode).not.toBe(0)
    expect(second.stderr).toContain(directory.path)
    expect(second.stderr).toContain(`process ${broker.pid}`)
    expect(second.stderr).not.toMatch(/^\s+at /m)
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
  })

  it('on the port of a running broker is refused, and says which port', async () => {
    using first = temporaryDirectory()
    using other = temporaryDirectory()
    await using broker = await BrokerProcess.start({ dataDir: first.path })
    const second = await millrace(['start', '--port', `${broker.port}`, '--data-dir', other.path])
    expect(second.exitCode).not.toBe(0)
    expect(second.stderr).toContain(broker.address)
    expect(second.stderr).not.toMatch(/^\s+at /m)
  })
})
