/**
 * How Raft's messages get to the other controllers. Whoever implements it may lose messages, repeat them and deliver them late
 * or out of order, and must not alter them; what has a meaning is in the messages.
 */
import type { Message, NodeId } from 'raft-ts'

export interface RaftTransport {
  /**
   * From now on messages for this node are handed over, each in an own call and never within `send`. Called once, before
   * anything is sent. `onUnreachable` is told when a peer cannot be reached or a message to it was thrown away.
   */
  start(onMessage: (message: Message) => void, onUnreachable: (peer: NodeId) => void): void
  /** Where peers are reached; replaces what was said before as the membership changes. Messages to others are thrown away. */
  setPeers(peers: ReadonlyMap<NodeId, RaftEndpoint>): void
  /** Never blocks and never throws. The message is the transport's: nobody changes it any more. */
  send(message: Message): void
  close(): Promise<void>
}

export interface RaftEndpoint {
  readonly host: string
  readonly port: number
}
