/**
 * In one leader epoch of a partition one broker leads in one of its lives, and no other, ever: a later life may have lost what an
 * earlier one gave away, and would give its offsets to other records.
 */
import { type Complain, type Look, nameOf, type WatchedNode } from './watched-node.ts'

type Leader = Pick<WatchedNode, 'nodeId' | 'incarnation'>

export function oneLeaderPerEpoch(complain: Complain): Look {
  const leaders = new Map<string, Leader>()
  return (nodes) => {
    for (const { nodeId, incarnation, partitions } of nodes) {
      for (const partition of partitions()) {
        const { replica } = partition
        if (replica?.role.type !== 'leader') continue
        const key = `${partition.topicId} ${partition.index} ${replica.leaderEpoch}`
        const known = leaders.get(key)
        if (known === undefined) leaders.set(key, { nodeId, incarnation })
        else if (known.nodeId !== nodeId)
          complain(`${nameOf(partition)}: nodes ${known.nodeId} and ${nodeId} both lead in epoch ${replica.leaderEpoch}`)
        else if (known.incarnation !== incarnation)
          complain(`${nameOf(partition)}: node ${nodeId} leads in epoch ${replica.leaderEpoch}, as it did before it was started anew`)
      }
    }
  }
}
