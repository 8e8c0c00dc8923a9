/** What the script of a run asks of the cluster before it goes on, looked at from outside. */
import type { ClusterImage } from '@millrace/metadata'
import type { WatchedNode } from '../checkers/watched-node.ts'
import type { Cluster } from '../world/cluster.ts'

/** The one that has got furthest. */
export function newestImage(nodes: readonly WatchedNode[]): ClusterImage | undefined {
  return nodes.map(({ image }) => image).toSorted((a, b) => b.offset - a.offset)[0]
}

/** All nodes run, and every one of them knows that the cluster counts on all. */
export function areAllActive(nodes: readonly WatchedNode[], count: number): boolean {
  const areKnown = nodes.every(
    ({ image }) => image.brokers.size === count && [...image.brokers.values()].every(({ isFenced }) => !isFenced),
  )
  return nodes.length === count && areKnown
}

export function areAllLed(image: ClusterImage | undefined): boolean {
  return image !== undefined && [...image.topics].every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
}

/** All nodes run, in the lives that the cluster counts on: of one that has died it may not know yet. */
export function areAllInSync(nodes: readonly WatchedNode[], count: number): boolean {
  const image = newestImage(nodes)
  if (image === undefined || nodes.length < count) return false
  const areCounted = nodes.every(({ nodeId, brokerEpoch }) => image.brokers.get(nodeId)?.epoch === brokerEpoch)
  const isWhole = ({ isr, replicas }: { readonly isr: readonly number[]; readonly replicas: readonly number[] }): boolean =>
    isr.length === replicas.length
  return areCounted && [...image.topics].every(({ partitions }) => partitions.every(isWhole))
}

/** The node is in the ISR of every partition that it has. */
export function isInSync(image: ClusterImage | undefined, nodeId: number): boolean {
  const isFine = ({ isr, replicas }: { readonly isr: readonly number[]; readonly replicas: readonly number[] }): boolean =>
    !replicas.includes(nodeId) || isr.includes(nodeId)
  return image !== undefined && [...image.topics].every(({ partitions }) => partitions.every(isFine))
}

/** Every partition that the node has is held by another replica in sync that counts. */
export function isHeldElsewhere(image: ClusterImage | undefined, nodeId: number, isCounted: (other: number) => boolean): boolean {
  const isHeld = ({ isr, replicas }: { readonly isr: readonly number[]; readonly replicas: readonly number[] }): boolean =>
    !replicas.includes(nodeId) || isr.some((other) => other !== nodeId && isCounted(other))
  return image !== undefined && [...image.topics].every(({ partitions }) => partitions.every(isHeld))
}

/** What a node is at this moment, for people. */
export function roleOf(cluster: Cluster, node: string): string {
  const running = cluster.running(node)
  if (running === null) return cluster.host(node).life === null ? 'down' : 'starting'
  const leads = [...running.hosted()].some(({ isLeader }) => isLeader)
  return `${cluster.isActiveController(node) ? 'controller' : 'node'}${leads ? '+leader' : ''}`
}

/** The nodes that lead a partition of that topic. */
export function leadersOf(cluster: Cluster, topic: string): readonly string[] {
  return cluster.names.filter((name) => [...(cluster.running(name)?.hosted() ?? [])].some((each) => each.topic === topic && each.isLeader))
}

/**
 * A leader asks for the node to be in sync again, and does not know yet what became of that. What it asks of a controller on its own
 * node is on no way where something could happen to it.
 */
export function isJoining(cluster: Cluster, node: string): boolean {
  const nodeId = cluster.names.indexOf(node) + 1
  const isAskedFor = ({ replica }: Partition): boolean =>
    replica?.role.type === 'leader' && replica.role.pending?.newIsr.includes(nodeId) === true && !replica.isr.includes(nodeId)
  return cluster.names.some((name) => {
    return !cluster.isActiveController(name) && [...(cluster.running(name)?.hosted() ?? [])].some(isAskedFor)
  })
}

export interface Succession {
  readonly node: string
  /** Who leads if the node ends. */
  readonly next: string
  /** The node has written what is not committed yet. */
  isUndecided(): boolean
}

/** Of one of the partitions of the topic that are led; `place` goes from the first (0) to the last (1). Null when nobody could be next. */
export function successionOf(cluster: Cluster, topic: string, place: number): Succession | null {
  const led = cluster.names.flatMap((node) => {
    const hosted = [...(cluster.running(node)?.hosted() ?? [])].filter((partition) => partition.topic === topic && partition.isLeader)
    return hosted.map((partition) => ({ node, partition }))
  })
  const found = led[Math.min(led.length - 1, Math.floor(place * led.length))]
  if (found === undefined) return null
  const { node, partition } = found
  const { isr, replicas } = partition.image
  const next = replicas.filter((id) => isr.includes(id)).map((id) => cluster.names[id - 1])
  const [first] = next.filter((name) => name !== node)
  if (first === undefined) return null
  const isUndecided = (): boolean => partition.isLeader && (partition.readableLog?.logEndOffset ?? 0) > partition.highWatermark
  return { node, next: first, isUndecided }
}

/** Nothing is under way in any partition that is open. */
export function areAllAtHighWatermark(nodes: readonly WatchedNode[]): boolean {
  const ends = new Map<string, number>()
  for (const node of nodes) {
    for (const { topicId, index, readableLog, highWatermark } of node.partitions()) {
      if (readableLog === null) continue
      const key = `${topicId} ${index}`
      const end = ends.get(key) ?? readableLog.logEndOffset
      ends.set(key, end)
      if (readableLog.logEndOffset !== end || highWatermark !== end) return false
    }
  }
  return true
}

/** No transaction is open in the topic: what is committed is all there is. */
export function areTransactionsEnded(nodes: readonly WatchedNode[], topic: string): boolean {
  const led = nodes.flatMap((node) => [...node.partitions()].filter((each) => each.topic === topic && each.isLeader))
  return led.every(({ lastStableOffset, highWatermark }) => lastStableOffset === highWatermark)
}

export interface StoredPartition {
  readonly topic: string
  readonly partition: number
  /** Of what is committed. */
  readonly endOffset: number
  readonly replicas: readonly number[]
}

/** The partitions that are led by somebody who runs. */
export function storedPartitions(nodes: readonly WatchedNode[]): readonly StoredPartition[] {
  return nodes.flatMap((node) =>
    [...node.partitions()]
      .filter(({ isLeader, readableLog }) => isLeader && readableLog !== null)
      .map(({ topic, index, highWatermark, image }) => ({ topic, partition: index, endOffset: highWatermark, replicas: image.replicas })),
  )
}

/** What each node has of each partition, a line each, for people. */
export function describePartitions(nodes: readonly WatchedNode[]): readonly string[] {
  return nodes.flatMap(({ nodeId, partitions }) => Array.from(partitions(), (partition) => `node ${nodeId} ${describe(partition)}`))
}

type Partition = ReturnType<WatchedNode['partitions']> extends Iterable<infer Each> ? Each : never

function describe({ topic, index, replica, highWatermark, readableLog, image }: Partition): string {
  const { leader, leaderEpoch, isr, elr } = image
  const parts = [
    `${topic}-${index}: metadata has leader ${leader} epoch ${leaderEpoch} isr ${isr.join(',')} elr ${elr.join(',')}`,
    `${replica?.role.type ?? 'no role yet'} in epoch ${replica?.leaderEpoch ?? -1}`,
    readableLog === null
      ? 'not open'
      : `high watermark ${highWatermark} durable ${readableLog.durableEndOffset} end ${readableLog.logEndOffset}`,
  ]
  if (replica?.role.type === 'leader') {
    const { ownOffset, pending, followers } = replica.role
    const offsets = Array.from(followers.values(), ({ replicaId, fetchOffset }) => `${replicaId} at ${fetchOffset}`)
    parts.push(
      `counts isr ${replica.isr.join(',')}, itself at ${ownOffset}, ${offsets.join(', ')}${pending === null ? '' : ', asks for a change'}`,
    )
  }
  return parts.join('; ')
}
