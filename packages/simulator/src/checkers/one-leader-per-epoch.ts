/** In one leader epoch of a partition one broker leads, and no other, ever. */
import { type Complain, type Look, nameOf } from './watched-node.ts'

export function oneLeaderPerEpoch(complain: Complain): Look {
  const leaders = new Map<string, number>()
  return (nodes) => {
    for (const { nodeId, partitions } of nodes) {
      for (const partition of partitions()) {
        const { replica } = partition
        if (replica?.role.type !== 'leader') continue
        const key = `${partition.topicId} ${partition.index} ${replica.leaderEpoch}`
        const known = leaders.get(key)
        if (known === undefined) leaders.set(key, nodeId)
        else if (known !== nodeId) complain(`${nameOf(partition)}: nodes ${known} and ${nodeId} both lead in epoch ${replica.leaderEpoch}`)
      }
    }
  }
}
