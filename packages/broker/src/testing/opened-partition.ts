/** A partition with an open log, and those who wait for it, for tests of what it promises. */
import type { PartitionLog } from '@millrace/log'
import type { Partition } from '../partition/partition.ts'
import { batchOf } from './batches.ts'
import type { BrokerFixture } from './broker-fixture.ts'

export const FSYNC_IDLE_MS = 5
export const REPLICATED_IDLE_MS = 1000

export interface OpenedPartition {
  readonly partition: Partition
  readonly log: PartitionLog
  /** How often the log was asked to flush. */
  flushes(): number
}

/** Partition 0 of a new topic `a`. */
export async function openedPartition(
  broker: BrokerFixture,
  configs: Readonly<Record<string, string>> = {},
  replicas: readonly number[] = [1],
): Promise<OpenedPartition> {
  for (const replica of replicas) if (replica !== 1) broker.addBroker(replica)
  broker.addTopic('a', [replicas], configs)
  const log = await broker.log('a')
  const flush = log.flush.bind(log)
  let flushes = 0
  log.flush = () => {
    flushes += 1
    return flush()
  }
  return { partition: broker.partition('a'), log, flushes: () => flushes }
}

/** Appends batches of one record each, in one turn, and gives what is told of them. */
export function append(partition: Partition, count = 1): number[] {
  const told: number[] = []
  for (let index = 0; index < count; index += 1) partition.stage(batchOf(), (errorCode) => void told.push(errorCode))
  partition.commitStaged()
  return told
}

/** Notes, in the order in which they are told, what waiters are told. */
export class Waiters {
  readonly told: string[] = []

  add(partition: Partition, requiredOffset: number) {
    const waiter = { requiredOffset, onOutcome: (errorCode: number) => void this.told.push(`${requiredOffset}: ${errorCode}`) }
    partition.whenAcknowledged(waiter)
    return waiter
  }
}

/** Waits for more to read, and notes up to where there is when it is told. */
export function addReader(partition: Partition) {
  const seen: number[] = []
  const waiter = { onVisible: () => void seen.push(partition.highWatermark) }
  partition.addVisibilityWaiter(waiter)
  return { waiter, seen }
}
