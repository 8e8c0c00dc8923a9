/**
 * Where the other controllers are reached, and what is known of how far they are. Addresses come from the metadata, to which
 * each controller tells its own; before that from what it was formatted with, and from the configuration.
 */
import type { ControllerImage, QuorumDescription, QuorumNode, ReplicaLag } from '@millrace/metadata'
import type { Clock } from '@millrace/runtime'
import { isVoter, type Membership, type Message, type NodeId, type RaftEvent, type RaftNode } from 'raft-ts'
import type { RaftEndpoint, RaftTransport } from './raft-transport.ts'
import { fromRaftId } from './voter-id.ts'

export interface PeerDirectoryOptions {
  readonly id: NodeId
  /** Null for a controller that has and will have no peers. */
  readonly transport: RaftTransport | null
  /** From the configuration, by node id. */
  readonly configured: ReadonlyMap<number, RaftEndpoint>
  /** From the metadata, by node id. */
  readonly registered: () => ReadonlyMap<number, ControllerImage>
  readonly clock: Pick<Clock, 'now'>
}

/** Ids that are not in the membership this node knows, and from which messages came. */
const STRANGERS_MAX = 16

export class PeerDirectory {
  readonly #options: PeerDirectoryOptions
  #members: readonly NodeId[] = []
  /** A node that is new to the group hears from it before it knows who is in it, and has to answer. */
  readonly #strangers = new Set<NodeId>()
  /** Controllers that the group began with, by node id. */
  #beginning: ReadonlyMap<number, ControllerImage> = new Map()
  readonly #heardMs = new Map<NodeId, number>()
  readonly #caughtUpMs = new Map<NodeId, number>()
  /** Not heard of since the connection to them broke. */
  readonly #unreachable = new Set<NodeId>()
  /** What the transport was told last, to compare with. */
  #told = ''

  constructor(options: PeerDirectoryOptions) {
    this.#options = options
  }

  setBeginning(beginning: ReadonlyMap<number, ControllerImage>): void {
    this.#beginning = beginning
  }

  onMembership({ voters, learners }: Membership): void {
    this.#members = [...voters, ...learners]
    for (const peer of this.#unreachable) if (!this.#members.includes(peer)) this.#unreachable.delete(peer)
    this.tell()
  }

  /** Called for each message, before Raft sees it. */
  onMessage(message: Message, lastIndex: number): void {
    const { from } = message
    const nowMs = this.#options.clock.now()
    if (!this.#members.includes(from)) {
      if (this.#strangers.has(from) || this.#strangers.size >= STRANGERS_MAX || !isRaftId(from)) return
      this.#strangers.add(from)
      this.tell()
      return
    }
    this.#heardMs.set(from, nowMs)
    this.#unreachable.delete(from)
    const matchIndex =
      message.type === 'append-accepted' ? message.matchIndex : message.type === 'heartbeat-response' ? message.verifiedIndex : -1
    if (matchIndex >= lastIndex) this.#caughtUpMs.set(from, nowMs)
  }

  /** The transport cannot reach it. Returns what Raft is to be told. */
  onUnreachable(peer: NodeId): RaftEvent {
    if (this.#members.includes(peer)) this.#unreachable.add(peer)
    return { type: 'peer-unreachable', id: peer }
  }

  /** Node ids of controllers that were not heard of since the connection to them broke: most likely their processes are gone. */
  unreachable(): readonly number[] {
    return Array.from(this.#unreachable, (peer) => fromRaftId(peer).nodeId)
  }

  /** Tells the transport who is where, if that has changed. */
  tell(): void {
    const { id, transport } = this.#options
    if (transport === null) return
    const peers = new Map<NodeId, RaftEndpoint>()
    for (const member of [...this.#members, ...this.#strangers]) {
      const endpoint = member === id ? null : this.endpointOf(member)
      if (endpoint !== null) peers.set(member, endpoint)
    }
    const told = JSON.stringify([...peers])
    if (told === this.#told) return
    this.#told = told
    transport.setPeers(peers)
  }

  endpointOf(member: NodeId): RaftEndpoint | null {
    const { nodeId, directoryId } = fromRaftId(member)
    const { registered, configured } = this.#options
    const known = [registered().get(nodeId), this.#beginning.get(nodeId)].find((controller) => controller?.directoryId === directoryId)
    const { host, port } = known ?? configured.get(nodeId) ?? {}
    return host === undefined || port === undefined ? null : { host, port }
  }

  /** Of whatever life of the node is known. */
  endpointOfNode(nodeId: number): QuorumNode | null {
    const { registered, configured } = this.#options
    const known = registered().get(nodeId) ?? this.#beginning.get(nodeId) ?? configured.get(nodeId)
    return known === undefined ? null : { nodeId, host: known.host, port: known.port }
  }

  describe(node: RaftNode): QuorumDescription {
    const { id } = this.#options
    const { status, membership } = node
    const matchIndexes = new Map(node.peers().map((peer) => [peer.id, peer.matchIndex]))
    const lagOf = (member: NodeId): ReplicaLag => ({
      ...fromRaftId(member),
      logEndOffset: member === id ? node.lastLog.index : (matchIndexes.get(member) ?? -1),
      lastFetchMs: member === id ? this.#options.clock.now() : this.#timeOf(this.#heardMs, member),
      lastCaughtUpMs: member === id && status.role === 'leader' ? this.#options.clock.now() : this.#timeOf(this.#caughtUpMs, member),
    })
    const nodes: QuorumNode[] = []
    for (const member of [...membership.voters, ...membership.learners]) {
      const endpoint = this.endpointOf(member)
      if (endpoint !== null) nodes.push({ nodeId: fromRaftId(member).nodeId, ...endpoint })
    }
    return {
      leaderId: status.leader === null ? -1 : fromRaftId(status.leader).nodeId,
      leaderEpoch: status.term,
      highWatermark: node.commitIndex,
      voters: membership.voters.map(lagOf),
      observers: membership.learners.map(lagOf),
      nodes,
    }
  }

  /** The voter that a node id stands for; null without one. */
  voterOf({ voters }: Membership, nodeId: number): NodeId | null {
    return voters.find((voter) => fromRaftId(voter).nodeId === nodeId) ?? null
  }

  #timeOf(times: ReadonlyMap<NodeId, number>, member: NodeId): number {
    return times.get(member) ?? -1
  }
}

export function isOnlyVoter(membership: Membership, id: NodeId): boolean {
  return membership.voters.length === 1 && isVoter(membership, id)
}

function isRaftId(id: string): boolean {
  return /^\d+@.+$/.test(id)
}
