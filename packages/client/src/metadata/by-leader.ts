/** Sorts partitions by the broker that leads them, for requests that only leaders answer. */
import { ERROR_CODES } from '@millrace/protocol'
import { brokerError, ClientError } from '../errors.ts'
import type { Cluster } from './cluster.ts'

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

export type Led<Item> = Item & { readonly leaderEpoch: number }

/** Rejects when a topic or partition does not exist or has no leader at the moment. */
export async function groupByLeader<Item extends PartitionName>(
  cluster: Cluster,
  items: readonly Item[],
): Promise<Map<number, Led<Item>[]>> {
  const byLeader = new Map<number, Led<Item>[]>()
  for (const item of items) {
    const { topic, partition } = item
    const view = (await cluster.topic(topic)).partitions[partition]
    if (view === undefined) throw brokerError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, { topic, partition }, missing(item))
    if (view.leaderId === null) {
      cluster.invalidate(topic)
      throw brokerError(ERROR_CODES.LEADER_NOT_AVAILABLE, { topic, partition })
    }
    const led = { ...item, leaderEpoch: view.leaderEpoch }
    const group = byLeader.get(view.leaderId)
    if (group === undefined) byLeader.set(view.leaderId, [led])
    else group.push(led)
  }
  return byLeader
}

/** As most requests to leaders want it. */
export function groupByTopic<Item extends PartitionName, Entry>(
  items: readonly Item[],
  toEntry: (item: Item) => Entry,
): { readonly name: string; readonly partitions: Entry[] }[] {
  const topics = new Map<string, Entry[]>()
  for (const item of items) {
    const entries = topics.get(item.topic)
    if (entries === undefined) topics.set(item.topic, [toEntry(item)])
    else entries.push(toEntry(item))
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}

/** A broker that cannot be reached may have lost its partitions to another one: they are looked up again. */
export function forgetLeaders(cluster: Cluster, items: readonly PartitionName[], error: unknown): void {
  if (!(error instanceof ClientError) || error.kafkaErrorCode !== null) return
  for (const { topic } of items) cluster.invalidate(topic)
}

export function partitionKey({ topic, partition }: PartitionName): string {
  return `${topic}-${partition}`
}

function missing({ topic, partition }: PartitionName): string {
  return `topic "${topic}" has no partition ${partition}`
}
