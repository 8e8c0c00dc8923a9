/**
 * The high watermark of a replica lies within its log and never retreats, and what lies below that of a leader is held by every
 * replica that it counts as in sync: on the device where the topic promises that. It counts a broker in one of its lives; what a later
 * life lost that it has not heard of yet, the metadata says no more of. While fewer are in sync than the topic asks for it stands still
 * (KIP-966): who left then may lead next.
 */
import type { Partition } from '@millrace/broker'
import { type Complain, type Look, nameOf, type WatchedNode } from './watched-node.ts'

interface Known {
  readonly highWatermark: number
  /** While it leads with too few in sync: the partition epoch in which it does. Null else. */
  readonly standstill: number | null
}

export function highWatermarks(complain: Complain): Look {
  const known = new Map<string, Known>()
  return (nodes) => {
    for (const node of nodes) {
      for (const partition of node.partitions()) {
        const log = partition.readableLog
        if (log === null || log.isClosed) continue
        const { highWatermark } = partition
        const who = `node ${node.nodeId}, ${nameOf(partition)}`
        if (highWatermark > log.logEndOffset) complain(`${who}: its high watermark ${highWatermark} lies after its end ${log.logEndOffset}`)
        const key = `${node.nodeId} ${node.incarnation} ${partition.topicId} ${partition.index}`
        const standstill = standstillOf(partition)
        const before = known.get(key) ?? { highWatermark: 0, standstill: null }
        const way = `from ${before.highWatermark} to ${highWatermark}`
        if (highWatermark < before.highWatermark) complain(`${who}: its high watermark fell ${way}`)
        const stoodStill = standstill !== null && standstill === before.standstill
        if (stoodStill && highWatermark > before.highWatermark) complain(`${who}: its high watermark rose ${way} with too few in sync`)
        known.set(key, { highWatermark, standstill })
        if (partition.replica?.role.type === 'leader') checkInSync(partition, highWatermark, nodes, complain)
      }
    }
  }
}

/** Of one partition epoch there is one ISR. */
function standstillOf({ replica }: Partition): number | null {
  if (replica?.role.type !== 'leader') return null
  const { isr, replicas, settings, partitionEpoch } = replica
  return isr.length < Math.min(settings.minInsyncReplicas, replicas.length) ? partitionEpoch : null
}

function checkInSync(leader: Partition, highWatermark: number, nodes: readonly WatchedNode[], complain: Complain): void {
  const { isr = [], settings } = leader.replica ?? {}
  for (const node of nodes) {
    if (!isr.includes(node.nodeId) || !isCounted(leader, node)) continue
    for (const partition of node.partitions()) {
      if (partition.topicId !== leader.topicId || partition.index !== leader.index) continue
      const log = partition.readableLog
      if (log === null || log.isClosed) continue
      const end = settings?.isFsync === true ? log.durableEndOffset : log.logEndOffset
      if (end >= highWatermark) continue
      const what = settings?.isFsync === true ? 'is durable up to' : 'ends at'
      complain(
        `${nameOf(leader)}: the high watermark is ${highWatermark}, and the log of node ${node.nodeId}, which is in sync, ${what} ${end}`,
      )
    }
  }
}

/** Whether it is the leader itself, or in the life that the leader knows to be in sync. */
function isCounted({ replica }: Partition, { nodeId, brokerEpoch }: WatchedNode): boolean {
  return replica?.ownId === nodeId || replica?.brokers.get(nodeId) === brokerEpoch
}
