/**
 * A controller as Raft names it: `<node id>@<directory id>`, one life of one data directory. A node whose directory was lost
 * comes back under another name, for it has forgotten what it voted for and what it acknowledged.
 */
import type { NodeId } from 'raft-ts'

export interface VoterId {
  readonly nodeId: number
  readonly directoryId: string
}

export function toRaftId({ nodeId, directoryId }: VoterId): NodeId {
  return `${nodeId}@${directoryId}`
}

/** Throws for what `toRaftId` does not make: ids come from our own disk, or were compared with one that did. */
export function fromRaftId(id: NodeId): VoterId {
  const [, nodeId, directoryId] = /^(\d+)@(.+)$/.exec(id) ?? []
  if (nodeId === undefined || directoryId === undefined) throw new TypeError(`"${id}" is no id of a controller`)
  return { nodeId: Number(nodeId), directoryId }
}
