/**
 * Raft's messages that wait for their stream to take more: bounded by number and by bytes. What does not fit is refused, and
 * Raft is told so: it knows better than a queue what is still worth sending later.
 */
import { entryBytes, type Message } from 'raft-ts'

export interface QueueLimits {
  readonly messages: number
  readonly bytes: number
}

/** What a message counts for beyond its payload. */
const MESSAGE_OVERHEAD_BYTES = 128

export class MessageQueue {
  readonly #limits: QueueLimits
  #messages: Message[] = []
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get length(): number {
    return this.#messages.length
  }

  /** False when there is no room. A message that is larger than all the room there is passes alone. */
  offer(message: Message): boolean {
    const bytes = messageBytes(message)
    if (this.#messages.length >= this.#limits.messages) return false
    if (this.#messages.length > 0 && this.#bytes + bytes > this.#limits.bytes) return false
    this.#messages.push(message)
    this.#bytes += bytes
    return true
  }

  take(): Message | undefined {
    const message = this.#messages.shift()
    if (message !== undefined) this.#bytes -= messageBytes(message)
    return message
  }

  clear(): void {
    this.#messages = []
    this.#bytes = 0
  }
}

function messageBytes(message: Message): number {
  switch (message.type) {
    case 'append-request':
      return message.entries.reduce((sum, entry) => sum + entryBytes(entry), MESSAGE_OVERHEAD_BYTES)
    case 'snapshot-request':
      return MESSAGE_OVERHEAD_BYTES + message.data.length
    default:
      return MESSAGE_OVERHEAD_BYTES
  }
}
