/** What was sent to one follower and not answered yet, by messages and by bytes. Both are bounded; a full window pauses the sender. */

interface InFlightMessage {
  readonly lastIndex: number
  readonly bytes: number
}

export class InFlight {
  readonly #messagesMax: number
  readonly #bytesMax: number
  #messages: InFlightMessage[] = []
  #bytes = 0

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax
    this.#bytesMax = bytesMax
  }

  /** One message may pass the limit of bytes, or an entry larger than the window would never be sent. */
  get isFull(): boolean {
    return this.#messages.length >= this.#messagesMax || this.#bytes >= this.#bytesMax
  }

  get messages(): number {
    return this.#messages.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What the oldest message brings; beyond everything when none is under way. */
  get oldestIndex(): number {
    return this.#messages[0]?.lastIndex ?? Infinity
  }

  add(lastIndex: number, bytes: number): void {
    this.#messages.push({ lastIndex, bytes })
    this.#bytes += bytes
  }

  /** The follower has everything up to this index. */
  freeTo(index: number): void {
    const kept = this.#messages.findIndex((message) => message.lastIndex > index)
    const freed = this.#messages.splice(0, kept === -1 ? this.#messages.length : kept)
    for (const { bytes } of freed) this.#bytes -= bytes
  }

  reset(): void {
    this.#messages = []
    this.#bytes = 0
  }
}
