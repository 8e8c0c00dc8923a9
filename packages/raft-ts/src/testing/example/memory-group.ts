/** Three servers in one process that agree on a list of texts. Disk and network are made of memory; the rest is as it would be. */
import { type Effect, type Entry, membershipOf, type Message, NEW_HARD_STATE, RaftNode, type RaftEvent } from 'raft-ts'

/** What a client's request came to. Handed to the node as its context, and got back with the answer. */
type Done = (outcome: string) => void

export class MemoryServer {
  readonly id: string
  /** The application's state: what was applied, in order. */
  readonly texts: string[] = []
  readonly #node: RaftNode
  readonly #send: (message: Message) => void
  /** The log on disk. Entry 1 is at 0. */
  #log: Entry[] = []
  /** What has happened and was not told to the node yet. */
  readonly #events: RaftEvent[] = []
  #accepted: { readonly lastIndex: number; readonly term: number; readonly done: Done }[] = []

  constructor(id: string, group: readonly string[], seed: number, send: (message: Message) => void) {
    this.id = id
    this.#send = send
    this.#node = new RaftNode({
      id,
      groupId: 'example',
      // Chance is handed in, so that the same seeds lead to the same run.
      random: () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0),
      initial: {
        hardState: NEW_HARD_STATE,
        // Each founder begins with the same snapshot: of nothing, at index 0, with all founders.
        snapshot: { index: 0, term: 0, membership: membershipOf(group) },
        log: { compacted: { index: 0, term: 0 }, lastIndex: 0, termStarts: [], memberships: [] },
        appliedIndex: 0,
      },
    })
  }

  get isReady(): boolean {
    return this.#node.status.isReady
  }

  tick(): void {
    this.handle({ type: 'tick' })
  }

  add(text: string, done: Done): void {
    this.handle({ type: 'proposed', data: [new TextEncoder().encode(text)], context: done })
  }

  read(done: Done): void {
    this.handle({ type: 'read-requested', context: done })
  }

  /** One event at a time: whatever comes of it is done before the next one. */
  handle(event: RaftEvent): void {
    this.#events.push(event)
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      this.#node.step(next)
      for (const effect of this.#node.drain()) this.#perform(effect)
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(effect.message)
      case 'persist':
        // A real disk writes hard state, truncation and entries, in this order, and flushes. Only then it says so.
        if (effect.truncateFrom !== null) this.#log.length = effect.truncateFrom - 1
        this.#log.push(...effect.entries)
        this.#events.push({ type: 'persisted', seq: effect.seq })
        return
      case 'read-entries': {
        const entries = this.#log.slice(effect.fromIndex - 1, effect.lastIndex)
        this.#events.push({ type: 'entries-read', purpose: effect.purpose, entries })
        return
      }
      case 'apply':
        for (const entry of effect.entries) this.#apply(entry)
        this.#events.push({ type: 'applied', index: effect.entries.at(-1)?.index ?? 0 })
        return
      case 'accept':
        this.#accepted.push({ lastIndex: effect.lastIndex, term: effect.term, done: effect.context as Done })
        return
      case 'refuse':
        return (effect.context as Done)(`refused: ${effect.reason}`)
      case 'answer-read':
        return (effect.context as Done)(this.texts.join(' '))
      case 'report-status':
        return
      default:
        // Nothing is ever removed from this log, so nobody needs a snapshot.
        throw new Error(`${effect.type} was not to be expected`)
    }
  }

  /** What was accepted at an index is committed if the entry there is of the same term, and else was replaced. */
  #apply(entry: Entry): void {
    if (entry.type === 'data') this.texts.push(new TextDecoder().decode(entry.data))
    for (const { lastIndex, term, done } of this.#accepted) {
      if (lastIndex === entry.index) done(term === entry.term ? 'committed' : 'lost')
    }
    this.#accepted = this.#accepted.filter(({ lastIndex }) => lastIndex > entry.index)
  }
}

export class MemoryGroup {
  readonly servers: MemoryServer[]
  readonly #messages: Message[] = []
  readonly #down = new Set<string>()

  constructor(ids: readonly string[]) {
    this.servers = ids.map((id, position) => new MemoryServer(id, ids, position + 1, (message) => this.#messages.push(message)))
  }

  get up(): readonly MemoryServer[] {
    return this.servers.filter(({ id }) => !this.#down.has(id))
  }

  /** Lets time pass until somebody leads and knows all that was committed. */
  leader(): MemoryServer {
    for (let ticks = 0; ticks < 1000; ticks += 1) {
      const leader = this.up.find(({ isReady }) => isReady)
      if (leader !== undefined) return leader
      for (const server of this.up) server.tick()
      this.deliver()
    }
    throw new Error('nobody leads')
  }

  /** Everything that is under way arrives, and all that follows from it. */
  deliver(): void {
    for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift()) {
      const receiver = this.up.find(({ id }) => id === message?.to)
      receiver?.handle({ type: 'message-received', message })
    }
  }

  stop(server: MemoryServer): void {
    this.#down.add(server.id)
  }
}
