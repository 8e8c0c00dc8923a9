/**
 * The power goes, in the middle of everything: what was not synced is lost or torn, as a seed wants it. What was acknowledged
 * with `acks=all` is there afterwards, at its place, once, and in order.
 */
import { ERROR_CODES, initProducerIdApi } from '@millrace/protocol'
import { createMemoryDisk, type MemoryDisk, type Random, seededRandom } from '@millrace/runtime'
import { configurationFor, type RunningBroker, startConfiguredBroker } from '@millrace/server'
import { expect, it } from 'vitest'
import { batchOf, createTopic, produce, readFrom } from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

const SEEDS = 25
const POWER_CUTS = 4
const PARTITIONS = 3
const PRODUCERS = 2
const IN_FLIGHT = 4
const ACKNOWLEDGED_MAX = 200

const configuration = configurationFor({
  port: 0,
  storage: 'memory',
  logLevel: 'silent',
  config: { 'log.segment.bytes': 1024 * 1024, 'log.index.interval.bytes': 512 },
})

/** An idempotent producer of numbered records that sends again, after the power cut, what was not acknowledged. */
class NumberedProducer {
  readonly name: string
  readonly partition: number
  /** By number, the offset that the broker named. */
  readonly acknowledged: number[] = []
  #producerId = -1
  #nextNumber = 0

  constructor(name: string, partition: number) {
    this.name = name
    this.partition = partition
  }

  /** Sends until something fails. */
  async run(broker: RunningBroker, random: Random, onAcknowledged: () => void): Promise<void> {
    await using connection = await WireConnection.open(broker)
    try {
      if (this.#producerId < 0) {
        const request = { transactionalId: null, transactionTimeoutMs: 60_000 }
        this.#producerId = (await connection.call(initProducerIdApi, 4, request)).producerId
      }
      this.#nextNumber = this.acknowledged.length
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#sendOn(connection, random, onAcknowledged)))
    } catch {}
  }

  async #sendOn(connection: WireConnection, random: Random, onAcknowledged: () => void): Promise<void> {
    for (;;) {
      const number = this.#nextNumber++
      const value = `${this.name} ${number} ${'x'.repeat(random.uint32() % 3_000)}`
      const batch = batchOf([value], { producerId: this.#producerId, producerEpoch: 0, baseSequence: number })
      const { errorCode, baseOffset } = await produce(connection, 'topic', batch, { partition: this.partition })
      if (errorCode !== ERROR_CODES.NONE) throw new Error('the disk is gone')
      expect(number).toBe(this.acknowledged.length)
      this.acknowledged.push(baseOffset)
      onAcknowledged()
    }
  }
}

it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('keeps what was acknowledged (seed %i)', async (seed) => {
  const random = seededRandom(seed)
  const memory = createMemoryDisk({ canLosePower: true })
  const producers = Array.from({ length: PARTITIONS * PRODUCERS }, (_, index) => new NumberedProducer(`p${index}`, index % PARTITIONS))
  const topics: string[] = []
  {
    await using broker = await startConfiguredBroker(configuration, { memory })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic', { partitions: PARTITIONS })
  }
  for (let cut = 0; cut < POWER_CUTS; cut++) {
    await using broker = await startConfiguredBroker(configuration, { memory })
    await holdsWhatWasAcknowledged(broker, producers, topics)
    await usePower(broker, memory, random, producers, async (connection) => {
      const name = `topic-of-${topics.length}`
      await createTopic(connection, name)
      topics.push(name)
    })
  }
  await using broker = await startConfiguredBroker(configuration, { memory })
  await holdsWhatWasAcknowledged(broker, producers, topics)
})

/** Lets everybody work, cuts the power after some acknowledgements, and returns when everybody has noticed. */
async function usePower(
  broker: RunningBroker,
  memory: MemoryDisk,
  random: Random,
  producers: readonly NumberedProducer[],
  changeCluster: (connection: WireConnection) => Promise<void>,
): Promise<void> {
  let left = 1 + (random.uint32() % ACKNOWLEDGED_MAX)
  const onAcknowledged = (): void => {
    if (--left === 0) memory.losePower(random)
  }
  const changing = (async () => {
    await using connection = await WireConnection.open(broker)
    for (;;) await changeCluster(connection)
  })().catch(() => {})
  await Promise.all([changing, ...producers.map((producer) => producer.run(broker, random, onAcknowledged))])
}

async function holdsWhatWasAcknowledged(
  broker: RunningBroker,
  producers: readonly NumberedProducer[],
  topics: readonly string[],
): Promise<void> {
  await using connection = await WireConnection.open(broker)
  for (const topic of topics) expect(await readFrom(connection, topic)).toEqual([])
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const records = await readFrom(connection, 'topic', 0, { partition })
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
    for (const producer of producers.filter((each) => each.partition === partition)) {
      const own = records.filter(({ value }) => value.startsWith(`${producer.name} `))
      expect(own.map(({ value }) => Number(value.split(' ')[1]))).toEqual(own.map((_, index) => index))
      expect(own.slice(0, producer.acknowledged.length).map(({ offset }) => offset)).toEqual(producer.acknowledged)
    }
  }
}
