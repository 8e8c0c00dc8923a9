/**
 * What was committed once is held by every replica that the metadata counts as in sync, from then on: any of them may be elected next.
 *
 * That is more than what the leader of the moment knows. A new one has heard of less than the one before it had committed, and until
 * it has caught up nobody's high watermark says what must not be lost.
 */
import type { Partition } from '@millrace/broker'
import type { ClusterImage, PartitionImage } from '@millrace/metadata'
import { type Complain, type Look, nameOf, type WatchedNode } from './watched-node.ts'

interface Known {
  /** The highest that the high watermark of a leader was. */
  committed: number
  /** The newest that anybody knew of: leaders hear of a change before nodes do that only follow the metadata. */
  partitionEpoch: number
}

export function inSyncHoldCommitted(complain: Complain): Look {
  const known = new Map<string, Known>()
  return (nodes) => {
    const image = nodes.toSorted((one, other) => other.image.offset - one.image.offset)[0]?.image
    if (image === undefined) return
    const hosted = nodes.flatMap((node) => Array.from(node.partitions(), (partition) => ({ node, partition })))
    for (const { partition } of hosted) note(known, partition)
    for (const { node, partition } of hosted) {
      const { topicId, index } = partition
      const inForce = image.topics.getById(topicId)?.partitions[index]
      const what = known.get(keyOf(partition))
      // Who knew of a newer ISR is gone, and took with it what this one would be held against.
      if (inForce === undefined || what === undefined || inForce.partitionEpoch < what.partitionEpoch) continue
      what.partitionEpoch = inForce.partitionEpoch
      if (isCounted(image, inForce, node)) check(partition, node, what.committed, complain)
    }
  }
}

function note(known: Map<string, Known>, partition: Partition): void {
  const { replica, highWatermark } = partition
  if (replica === null) return
  const key = keyOf(partition)
  const before = known.get(key) ?? { committed: 0, partitionEpoch: -1 }
  if (replica.role.type === 'leader') before.committed = Math.max(before.committed, highWatermark)
  before.partitionEpoch = Math.max(before.partitionEpoch, replica.partitionEpoch)
  known.set(key, before)
}

/** The member of the ISR is in the life that was registered: what a later one lost, the metadata does not say of it. */
function isCounted({ brokers }: ClusterImage, { isr }: PartitionImage, { nodeId, brokerEpoch }: WatchedNode): boolean {
  return isr.includes(nodeId) && brokers.get(nodeId)?.epoch === brokerEpoch
}

function check(partition: Partition, { nodeId }: WatchedNode, committed: number, complain: Complain): void {
  const { readableLog: log, replica } = partition
  if (log === null || log.isClosed || replica === null) return
  const { isFsync } = replica.settings
  const end = isFsync ? log.durableEndOffset : log.logEndOffset
  if (end >= committed) return
  complain(
    `${nameOf(partition)}: node ${nodeId}, which is in sync, ${isFsync ? 'is durable up to' : 'ends at'} ${end}, ` +
      `and ${committed} was committed`,
  )
}

function keyOf({ topicId, index }: Partition): string {
  return `${topicId} ${index}`
}
