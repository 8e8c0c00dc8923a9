/**
 * The first words on a stream between controllers. A node talks only with the very life of the very node that it means: a
 * message from another cluster, or meant for a directory that was since replaced, would be believed by a log that it is not for.
 */
import type { NodeId } from 'raft-ts'

/** Pieces of snapshots go on a stream of their own, so that heartbeats do not wait behind them. */
export type RaftLaneName = 'messages' | 'snapshots'

export interface RaftGreeting {
  readonly clusterId: string
  readonly from: NodeId
  readonly to: NodeId
  readonly lane: RaftLaneName
}

export interface Self {
  readonly clusterId: string
  readonly id: NodeId
}

/** Why the node that is greeted does not want to talk; null when it does. `peers` are those it knows itself. */
export function greetingProblem(greeting: RaftGreeting, self: Self, peers: Iterable<NodeId>): string | null {
  const { clusterId, from, to } = greeting
  if (clusterId !== self.clusterId) return `${from} belongs to cluster ${clusterId}, and this is cluster ${self.clusterId}`
  if (to !== self.id) return `${from} asks for ${to}, and this is ${self.id}`
  if (from === self.id) return `${from} greets itself`
  for (const peer of peers) {
    if (peer !== from && nodeIdOf(peer) === nodeIdOf(from)) return `${from} was replaced by ${peer}`
  }
  return null
}

/** Why the node that greeted does not want to go on after the answer; null when it does. */
export function answerProblem(answer: RaftGreeting, asked: RaftGreeting): string | null {
  if (answer.clusterId !== asked.clusterId)
    return `${answer.from} belongs to cluster ${answer.clusterId}, and this is cluster ${asked.clusterId}`
  if (answer.from !== asked.to) return `${asked.to} was expected there, and it is ${answer.from}`
  return answer.to === asked.from ? null : `the answer is for ${answer.to}, and this is ${asked.from}`
}

/** Of `<node id>@<directory id>`. */
function nodeIdOf(id: NodeId): string {
  return id.slice(0, id.indexOf('@'))
}
