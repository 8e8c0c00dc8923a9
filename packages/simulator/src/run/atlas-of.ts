/** What a run may do to its nodes: as much as its topics promise to survive, by what the cluster says of itself at each moment. */
import type { ClusterImage } from '@millrace/metadata'
import { Atlas } from '../faults/atlas.ts'
import type { Cluster } from '../world/cluster.ts'
import { isHeldElsewhere, isInSync, newestImage } from './cluster-state.ts'
import type { Plan } from './plan.ts'

export function atlasOf({ durability, minInsyncReplicas }: Plan, cluster: Cluster): Atlas {
  const image = (): ClusterImage | undefined => newestImage(cluster.watched())
  const idOf = (node: string): number => cluster.names.indexOf(node) + 1
  const registeredEpoch = (nodeId: number): number => image()?.brokers.get(nodeId)?.epoch ?? -1
  /** The process that runs is the one that the metadata means. */
  const isKnown = (node: string): boolean => cluster.running(node)?.brokerEpoch() === registeredEpoch(idOf(node))
  return new Atlas({
    isPowerDamaging: durability === 'replicated',
    areThereCopies: minInsyncReplicas > 1,
    isHeldElsewhere: (node, isFine) => {
      const isCounted = (other: string | undefined): boolean => other !== undefined && isFine(other) && isKnown(other)
      return isHeldElsewhere(image(), idOf(node), (other) => isCounted(cluster.names[other - 1]))
    },
    brokerEpoch: (node) => registeredEpoch(idOf(node)),
    isInSync: (node) => cluster.running(node) !== null && isInSync(image(), idOf(node)),
  })
}
