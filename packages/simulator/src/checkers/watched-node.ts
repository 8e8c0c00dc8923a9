/** What checkers see of a node that runs: nothing that a node could not be asked for, and all of it at one moment. */
import type { Partition } from '@millrace/broker'
import type { ClusterImage } from '@millrace/metadata'

export interface WatchedNode {
  readonly nodeId: number
  /** Another one after each start. */
  readonly incarnation: number
  /** Of the registration of its broker. */
  readonly brokerEpoch: number
  /** The committed metadata as it is applied there. */
  readonly image: ClusterImage
  partitions(): Iterable<Partition>
}

/** Looks at all nodes that run, now and then, and complains. */
export type Look = (nodes: readonly WatchedNode[]) => void

export type Complain = (message: string) => void

export function nameOf({ topic, index }: { readonly topic: string; readonly index: number }): string {
  return `${topic}-${index}`
}
