/** Messages under way. Any of them may be delivered next, again, or never; between parted nodes none arrives. */
import type { Membership, Message } from '../../index.ts'
import type { SeededRandom } from '../seeded-random.ts'

export interface NetworkFaults {
  readonly drop: number
  readonly duplicate: number
  /** How likely not the oldest message is the next. */
  readonly reorder: number
  /** How likely a message, or a copy of it, takes a way so long that terms pass before it arrives. */
  readonly stray: number
}

/** A flood is shortened at its old end, as a switch would do. */
const MESSAGES_MAX = 400

export class SimulatedNetwork {
  readonly #random: SeededRandom
  #faults: NetworkFaults
  #messages: Message[] = []
  #strays: Message[] = []
  /** Who is on the other side. Directed: a link may work one way. */
  #cut = new Set<string>()

  constructor(random: SeededRandom, faults: NetworkFaults) {
    this.#random = random
    this.#faults = faults
  }

  get length(): number {
    return this.#messages.length
  }

  send(message: Message): void {
    const random = this.#random
    if (random.chance(this.#faults.stray)) this.#strays.push(message)
    if (random.chance(this.#faults.stray / 2)) return
    this.#messages.push(message)
    if (this.#messages.length > MESSAGES_MAX) this.#messages.shift()
  }

  /** The message that arrives next; `undefined` when it gets lost. */
  take(): Message | undefined {
    const random = this.#random
    if (this.#strays.length > 0 && random.chance(0.02)) return this.#strays.splice(random.below(this.#strays.length), 1)[0]
    const at = random.chance(this.#faults.reorder) ? random.below(this.#messages.length) : 0
    const message = this.#messages[at]
    if (message === undefined) return undefined
    if (!random.chance(this.#faults.duplicate)) this.#messages.splice(at, 1)
    const isLost = random.chance(this.#faults.drop) || this.#cut.has(link(message.from, message.to))
    return isLost ? undefined : message
  }

  /** Who has said something that nobody has heard yet. */
  sendersOf(types: readonly Message['type'][]): readonly string[] {
    return [...new Set(this.#messages.filter(({ type }) => types.includes(type)).map(({ from }) => from))]
  }

  /** Those that are under way to somebody. */
  memberships(): readonly Membership[] {
    return [...this.#messages, ...this.#strays].flatMap((message) =>
      message.type === 'append-request' ? message.entries.flatMap((entry) => (entry.type === 'membership' ? [entry.membership] : [])) : [],
    )
  }

  cut(from: string, to: string): void {
    this.#cut.add(link(from, to))
  }

  /** Divides the nodes into two sides. */
  part(ids: readonly string[]): void {
    const side = new Set(ids.filter(() => this.#random.chance(0.5)))
    for (const from of ids) {
      for (const to of ids) if (side.has(from) !== side.has(to)) this.cut(from, to)
    }
  }

  heal(): void {
    this.#cut.clear()
  }

  calm(): void {
    this.heal()
    this.#strays = []
    this.#faults = { drop: 0, duplicate: 0, reorder: 0, stray: 0 }
  }
}

function link(from: string, to: string): string {
  return `${from}>${to}`
}
