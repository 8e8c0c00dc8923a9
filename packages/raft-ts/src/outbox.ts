/**
 * Messages on their way out. Those that claim something is durable (a vote, a term, entries) wait here until it is, so that
 * neither driver nor transport can let one out too early.
 */
import type { NodeId } from './entries.ts'
import type { Message, MessageBody } from './messages.ts'

interface WaitingMessage {
  readonly message: Message
  /** The write after which it may leave. */
  readonly afterSeq: number
}

export class Outbox {
  readonly #groupId: string
  readonly #from: NodeId
  #ready: Message[] = []
  #waiting: WaitingMessage[] = []

  constructor(groupId: string, from: NodeId) {
    this.#groupId = groupId
    this.#from = from
  }

  /** Leaves when the write `afterSeq` is done, which is at once for one that is done already (`doneSeq`). */
  add(to: NodeId, term: number, body: MessageBody, afterSeq: number, doneSeq: number): void {
    const message: Message = { groupId: this.#groupId, from: this.#from, to, term, ...body }
    if (afterSeq <= doneSeq) this.#ready.push(message)
    else this.#waiting.push({ message, afterSeq })
  }

  written(doneSeq: number): void {
    if (this.#waiting.length === 0) return
    this.#ready.push(...this.#waiting.filter(({ afterSeq }) => afterSeq <= doneSeq).map(({ message }) => message))
    this.#waiting = this.#waiting.filter(({ afterSeq }) => afterSeq > doneSeq)
  }

  /** What was to be said in an older term is of no use to anybody any more, and may have become untrue. */
  termChanged(): void {
    this.#waiting = []
  }

  discard(): void {
    this.#ready = []
    this.#waiting = []
  }

  take(): readonly Message[] {
    const messages = this.#ready
    this.#ready = []
    return messages
  }
}
