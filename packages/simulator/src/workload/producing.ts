/** A client that sends records, one after the other without waiting for the answers, and keeps what came of each. */
import type { Client } from '@millrace/client'
import type { RandomStream } from '../core/random-streams.ts'
import type { Plan } from '../run/plan.ts'
import type { World } from '../world/world.ts'
import type { History } from './history.ts'

export interface ProducingOptions {
  readonly world: World
  readonly name: string
  readonly client: Client
  readonly isIdempotent: boolean
  readonly topic: string
  readonly plan: Plan
  readonly history: History
  readonly random: RandomStream
  readonly onAcknowledged: (partition: number, offset: number, value: string) => void
  readonly isOver: () => boolean
}

/** Of one record, all attempts together. */
const DELIVERY_TIMEOUT_MS = 15_000

export async function produce(options: ProducingOptions): Promise<void> {
  const { world, name, client, isIdempotent, topic, plan, history, random, onAcknowledged, isOver } = options
  const acks = isIdempotent || random.chance(0.5) ? 'all' : 1
  const { batchBytes, maxInFlight, valueBytesMax } = plan.knobs
  const producer = client.producer({
    acks,
    idempotent: isIdempotent,
    batchBytes,
    maxInFlight,
    lingerMs: random.pick([0, 0, 5, 50]),
    compression: random.pick(['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd']),
    deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
    topicTimeoutMs: DELIVERY_TIMEOUT_MS,
    maxBufferedBytes: 64 * 1024,
  })
  const sequences = new Map<number, number>()
  while (!isOver()) {
    const partition = random.below(plan.partitions)
    const sequence = sequences.get(partition) ?? 0
    sequences.set(partition, sequence + 1)
    const value = `${name}:${partition}:${sequence}`
    const record = history.sending({ producer: name, isIdempotent, acks, partition, sequence, value, sentMs: world.scheduler.nowMs })
    const padding = '.'.repeat(random.below(valueBytesMax))
    producer.send({ topic, partition, key: `${sequence % 10}`, value: value + padding }).then(
      ({ offset }) => {
        record.outcome = 'acknowledged'
        record.offset = offset
        if (offset !== null && acks === 'all') onAcknowledged(partition, offset, value)
      },
      () => {
        record.outcome = 'maybe'
      },
    )
    await producer.ready()
    await world.sleep(random.within(0, 2 * plan.sendEveryMs))
  }
}
