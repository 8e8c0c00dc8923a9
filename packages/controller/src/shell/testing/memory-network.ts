/** Raft's messages between controllers of one process: delivered in the next turn, or lost where a test says so. */
import type { Message, NodeId } from 'raft-ts'
import type { RaftEndpoint, RaftTransport } from '../raft/raft-transport.ts'

export class MemoryNetwork {
  /** Who listens at a port. */
  readonly #listeners = new Map<number, (message: Message) => void>()
  readonly #cut = new Set<number>()
  /** Sees each message that is about to be delivered, and says whether it is. */
  filter: (message: Message) => boolean = () => true

  /** Nothing gets to this port or away from it. */
  cut(port: number): void {
    this.#cut.add(port)
  }

  mend(port: number): void {
    this.#cut.delete(port)
  }

  heal(): void {
    this.#cut.clear()
    this.filter = () => true
  }

  transport(port: number): RaftTransport {
    let peers: ReadonlyMap<NodeId, RaftEndpoint> = new Map()
    let unreachable: (peer: NodeId) => void = () => {}
    return {
      start: (onMessage, onUnreachable) => {
        this.#listeners.set(port, onMessage)
        unreachable = onUnreachable
      },
      setPeers: (next) => {
        peers = next
      },
      send: (message) => {
        const endpoint = peers.get(message.to)
        setImmediate(() => {
          const to = endpoint?.port
          const listener = to === undefined || this.#cut.has(to) || this.#cut.has(port) ? undefined : this.#listeners.get(to)
          if (listener === undefined) unreachable(message.to)
          else if (this.filter(message)) listener(structuredClone(message))
        })
      },
      close: async () => {
        this.#listeners.delete(port)
      },
    }
  }
}
