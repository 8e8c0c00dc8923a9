/**
 * Raft's messages over gRPC: to each peer a stream for messages and one for pieces of snapshots, opened by the one who sends.
 * Answers come over the streams that the peer opened itself.
 */
import type { Clock, Logger, Random } from '@millrace/runtime'
import type { Message, NodeId } from 'raft-ts'
import type { RaftEndpoint, RaftTransport } from '../../../shell/raft/raft-transport.ts'
import type { GrpcLibraries } from '../load-grpc.ts'
import type { RaftLaneName, Self } from './greeting.ts'
import type { QueueLimits } from './message-queue.ts'
import { RaftLane } from './raft-lane.ts'
import { RaftReceiver, type RaftServerStream } from './raft-receiver.ts'
import type { RaftStreamCodecs } from './raft-stream.ts'

export interface GrpcRaftTransportOptions {
  readonly grpc: GrpcLibraries['grpc']
  readonly codecs: RaftStreamCodecs
  readonly self: Self
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** What may wait for a lane of a peer; as much as Raft has in flight to a peer when absent. */
  readonly limits?: QueueLimits
}

const LIMITS: QueueLimits = { messages: 512, bytes: 16 * 1024 * 1024 }

interface Peer {
  readonly endpoint: RaftEndpoint
  readonly lanes: Readonly<Record<RaftLaneName, RaftLane>>
}

export class GrpcRaftTransport implements RaftTransport {
  readonly #options: GrpcRaftTransportOptions
  readonly #receiver: RaftReceiver
  readonly #peers = new Map<NodeId, Peer>()
  /** Those that are to be reported when the turn is over. */
  readonly #unreachable = new Set<NodeId>()
  #handlers: { readonly onMessage: (message: Message) => void; readonly onUnreachable: (peer: NodeId) => void } | null = null

  constructor(options: GrpcRaftTransportOptions) {
    const { grpc, self, clock, logger } = options
    this.#options = options
    this.#receiver = new RaftReceiver({
      grpc,
      self,
      clock,
      logger,
      peers: () => this.#peers.keys(),
      onMessage: (message) => this.#handlers?.onMessage(message),
    })
  }

  start(onMessage: (message: Message) => void, onUnreachable: (peer: NodeId) => void): void {
    this.#handlers = { onMessage, onUnreachable }
  }

  setPeers(peers: ReadonlyMap<NodeId, RaftEndpoint>): void {
    for (const [id, peer] of this.#peers) {
      const endpoint = peers.get(id)
      if (endpoint?.host === peer.endpoint.host && endpoint.port === peer.endpoint.port) continue
      closeLanes(peer)
      this.#peers.delete(id)
    }
    for (const [id, endpoint] of peers) {
      if (!this.#peers.has(id) && id !== this.#options.self.id) this.#peers.set(id, this.#newPeer(id, endpoint))
    }
  }

  send(message: Message): void {
    const peer = this.#peers.get(message.to)
    if (peer === undefined) this.#onDropped(message.to)
    else peer.lanes[message.type === 'snapshot-request' ? 'snapshots' : 'messages'].send(message)
  }

  /** Takes a stream that a peer opened to this node. */
  accept(stream: RaftServerStream): void {
    this.#receiver.accept(stream)
  }

  close(): Promise<void> {
    this.#handlers = null
    for (const peer of this.#peers.values()) closeLanes(peer)
    this.#peers.clear()
    this.#receiver.close()
    return Promise.resolve()
  }

  #newPeer(peer: NodeId, endpoint: RaftEndpoint): Peer {
    const lane = (name: RaftLaneName): RaftLane => {
      return new RaftLane({ limits: LIMITS, ...this.#options, peer, lane: name, endpoint, onDropped: () => this.#onDropped(peer) })
    }
    return { endpoint, lanes: { messages: lane('messages'), snapshots: lane('snapshots') } }
  }

  /** Told later and once for many, for the one who hears of it may be in the midst of sending. */
  #onDropped(peer: NodeId): void {
    if (this.#unreachable.size === 0) this.#options.clock.defer(() => this.#tellUnreachable())
    this.#unreachable.add(peer)
  }

  #tellUnreachable(): void {
    const peers = [...this.#unreachable]
    this.#unreachable.clear()
    for (const peer of peers) this.#handlers?.onUnreachable(peer)
  }
}

function closeLanes({ lanes }: Peer): void {
  lanes.messages.close()
  lanes.snapshots.close()
}
