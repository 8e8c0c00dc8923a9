/**
 * What happened, in order: a running hash of everything, and the last lines for people.
 *
 * Two runs of the same seed and commit have the same hash; where they do not, something reached past the ports. Lines are kept
 * as their parts and put together only when somebody reads them.
 */
import { hashOf } from './random-streams.ts'

const LINES_KEPT = 2_000
const STORY_LINES_KEPT = 1_000

interface TraceEntry {
  readonly timeMs: number
  readonly who: string
  readonly kind: string
  readonly detail: string | number
}

export class Trace {
  readonly #all = new Ring(LINES_KEPT)
  /** What has words: what processes logged, faults, starts and ends. */
  readonly #story = new Ring(STORY_LINES_KEPT)
  readonly #hashes = new Map<string, number>()
  #low = 0x811c9dc5
  #high = 0x01234567
  #count = 0

  record(timeMs: number, who: string, kind: string, detail: string | number): void {
    this.#fold(Math.round(timeMs * 1000) >>> 0)
    this.#fold(this.#hashOfName(who))
    this.#fold(this.#hashOfName(kind))
    this.#fold(typeof detail === 'number' ? detail >>> 0 : hashOf(detail))
    this.#count += 1
    const entry = { timeMs, who, kind, detail }
    this.#all.add(entry)
    if (typeof detail === 'string') this.#story.add(entry)
  }

  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0')
  }

  get count(): number {
    return this.#count
  }

  /** The last lines, oldest first; only those of `who` when that is given. */
  lines(who?: string): string[] {
    return this.#all.lines(who)
  }

  /** The last lines that have words, which reach further back. */
  story(who?: string): string[] {
    return this.#story.lines(who)
  }

  #fold(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193)
    this.#high = Math.imul(this.#high ^ (value + (this.#low >>> 7)), 0x85ebca6b)
  }

  #hashOfName(name: string): number {
    let hash = this.#hashes.get(name)
    if (hash === undefined) {
      hash = hashOf(name)
      this.#hashes.set(name, hash)
    }
    return hash
  }
}

class Ring {
  readonly #size: number
  readonly #entries: TraceEntry[] = []
  #next = 0

  constructor(size: number) {
    this.#size = size
  }

  add(entry: TraceEntry): void {
    this.#entries[this.#next] = entry
    this.#next = (this.#next + 1) % this.#size
  }

  lines(who: string | undefined): string[] {
    const entries = [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)]
    return entries
      .filter((entry) => who === undefined || entry.who === who)
      .map(({ timeMs, who: name, kind, detail }) => `${timeMs.toFixed(3).padStart(12)} ${name.padEnd(10)} ${kind} ${detail}`)
  }
}
