/** A client that reads everything in order, and now and then begins again somewhere before. */
import type { Client, ConsumedBatch, Consumer, IsolationLevel } from '@millrace/client'
import type { RandomStream } from '../core/random-streams.ts'
import type { World } from '../world/world.ts'
import { idOf } from './history.ts'

export interface ConsumingOptions {
  readonly world: World
  readonly client: Client
  readonly topic: string
  readonly random: RandomStream
  readonly onRead: (partition: number, offset: number, value: string) => void
  readonly isOver: () => boolean
}

const AGAIN_AFTER_MS = 300
const OVER_LOOK_MS = 200

/** Reads until it is over. An error of the consumer is no violation: it tries again. */
export async function consume({ world, client, topic, random, onRead, isOver }: ConsumingOptions): Promise<void> {
  const text = new TextDecoder()
  while (!isOver()) {
    const consumer = client.consumer({ maxWaitMs: random.pick([20, 200, 500]), maxPartitionBytes: random.pick([500, 10_000, 1_048_576]) })
    let batchesLeft = random.pick([50, 300, Number.POSITIVE_INFINITY])
    void closeWhenOver(world, consumer, isOver)
    try {
      await consumer.assign([{ topic, from: 'earliest' }])
      for await (const batch of consumer.batches()) {
        for (const { partition, offset, value } of batch.records) onRead(partition, offset, idOf(text.decode(value ?? new Uint8Array())))
        batchesLeft -= 1
        if (isOver() || batchesLeft <= 0) break
        if (random.chance(0.05)) await world.sleep(random.between(1, 300))
      }
    } catch {
      await world.sleep(AGAIN_AFTER_MS)
    }
    await consumer.close()
  }
}

/** Whoever waits for the next record would not notice otherwise. */
async function closeWhenOver(world: World, consumer: Consumer, isOver: () => boolean): Promise<void> {
  while (!isOver()) await world.sleep(OVER_LOOK_MS)
  await consumer.close()
}

/** Everything that is there now, by partition, in order. Rejects when it cannot be read. */
export async function readAll(
  client: Client,
  topic: string,
  partitions: number,
  isolationLevel: IsolationLevel = 'read_committed',
): Promise<readonly (readonly ReadRecord[])[]> {
  const text = new TextDecoder()
  const found: ReadRecord[][] = Array.from({ length: partitions }, () => [])
  const consumer = client.consumer({ isolationLevel })
  await consumer.assign([{ topic, from: 'earliest', until: 'end' }])
  for await (const batch of consumer.batches()) add(batch)
  await consumer.close()
  return found

  function add({ partition, records }: ConsumedBatch): void {
    const list = found[partition] as ReadRecord[]
    for (const { offset, value } of records) list.push({ offset, value: idOf(text.decode(value ?? new Uint8Array())) })
  }
}

export interface ReadRecord {
  readonly offset: number
  readonly value: string
}
