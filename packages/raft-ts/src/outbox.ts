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
  /** Sees each message when it may leave, as far as this class knows. */
  readonly #onReady: (message: Message) => void
  #ready: Message[] = []
  /** Bounded by peers, kinds of message and writes under way: see `#wait`. */
  #waiting: WaitingMessage[] = []

  constructor(groupId: string, from: NodeId, onReady: (message: Message) => void = () => undefined) {
    this.#groupId = groupId
    this.#from = from
    this.#onReady = onReady
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Leaves when the write `afterSeq` is done, which is at once for one that is done already (`doneSeq`). */
  add(to: NodeId, term: number, body: MessageBody, afterSeq: number, doneSeq: number): void {
    const message: Message = { groupId: this.#groupId, from: this.#from, to, term, ...body }
    if (afterSeq <= doneSeq) this.#leave(message)
    else this.#wait(message, afterSeq)
  }

  written(doneSeq: number): void {
    if (this.#waiting.length === 0) return
    for (const { message, afterSeq } of this.#waiting) if (afterSeq <= doneSeq) this.#leave(message)
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

  #leave(message: Message): void {
    this.#onReady(message)
    this.#ready.push(message)
  }

  /** Of answers of one kind to one peer that wait for the same write the last says it all, or a disk that is slow would gather many. */
  #wait(message: Message, afterSeq: number): void {
    const same = (waiting: WaitingMessage): boolean =>
      waiting.afterSeq === afterSeq && waiting.message.to === message.to && waiting.message.type === message.type
    const at = this.#waiting.findIndex(same)
    const before = this.#waiting[at]?.message
    if (before === undefined) this.#waiting.push({ message, afterSeq })
    else if (!saysMore(before, message)) this.#waiting[at] = { message, afterSeq }
  }
}

/** What arrives out of order must not take back what is true still. */
function saysMore(before: Message, after: Message): boolean {
  if (before.type === 'append-accepted' && after.type === 'append-accepted') return before.matchIndex > after.matchIndex
  return before.type === 'heartbeat-response' && after.type === 'heartbeat-response' && before.round > after.round
}
