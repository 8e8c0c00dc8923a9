/**
 * Virtual time: what is to happen, one thing at a time, each at its moment.
 *
 * What is due at the same moment happens in an order that chance decides. Between two events all promises that can go on have
 * gone on; the driver sees to that. An event belongs to a life and is dropped when that life has ended, or held while it pauses.
 */
import { EventHeap, type HeapEntry } from './event-heap.ts'
import { CrashedError, type Life } from './life.ts'
import type { RandomStream } from './random-streams.ts'
import type { Trace } from './trace.ts'

/** More events than this without time moving on is a loop. */
const EVENTS_AT_ONE_MOMENT_MAX = 100_000
/** Before all lots that are drawn. */
const HELD_LOT = -1

export interface ScheduledEvent {
  cancel(): void
}

interface Entry extends HeapEntry, ScheduledEvent {
  readonly life: Life | null
  readonly kind: string
  readonly detail: number
  run: (() => void) | null
}

export interface SchedulerOptions {
  readonly random: RandomStream
  readonly trace: Trace
  /** Something threw where nobody catches it: in a real process, its end. */
  readonly onUncaught: (life: Life | null, error: unknown) => void
}

export class Scheduler {
  readonly trace: Trace
  readonly #random: RandomStream
  readonly #onUncaught: (life: Life | null, error: unknown) => void
  readonly #heap = new EventHeap<Entry>()
  #nowMs = 0
  #seq = 0
  #eventsNow = 0
  #eventCount = 0
  #current: Life | null = null

  constructor({ random, trace, onUncaught }: SchedulerOptions) {
    this.#random = random
    this.trace = trace
    this.#onUncaught = onUncaught
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get eventCount(): number {
    return this.#eventCount
  }

  /** So much happens at one moment that there must be a loop. */
  get isStuck(): boolean {
    return this.#eventsNow > EVENTS_AT_ONE_MOMENT_MAX
  }

  /** Whose turn it is, or whose was the last. */
  get current(): Life | null {
    return this.#current
  }

  /** `lot` decides among what is due at the same moment; drawn when absent. */
  schedule(
    delayMs: number,
    life: Life | null,
    kind: string,
    run: () => void,
    detail = 0,
    lot: number = this.#random.uint32(),
  ): ScheduledEvent {
    const entry: Entry = {
      timeMs: this.#nowMs + Math.max(0, delayMs),
      lot,
      seq: (this.#seq += 1),
      life,
      kind,
      detail,
      run,
      cancel: () => {
        entry.run = null
      },
    }
    this.#heap.push(entry)
    return entry
  }

  /** When the next event is due; null when there is none. */
  get nextMs(): number | null {
    for (let entry = this.#heap.peek(); entry !== undefined; entry = this.#heap.peek()) {
      if (entry.run !== null && entry.life?.isAlive !== false) return entry.timeMs
      this.#heap.pop()
    }
    return null
  }

  /** Lets the next event happen. False when nothing is left to happen. */
  step(): boolean {
    if (this.nextMs === null) return false
    const entry = this.#heap.pop() as Entry
    if (entry.life !== null && entry.life.pausedUntilMs > entry.timeMs) {
      this.#hold(entry, entry.life.pausedUntilMs)
      return true
    }
    this.#advance(entry.timeMs)
    this.#current = entry.life
    this.trace.record(entry.timeMs, entry.life?.who ?? '', entry.kind, entry.detail)
    const { run } = entry
    entry.run = null
    try {
      run?.()
    } catch (error) {
      if (!(error instanceof CrashedError)) this.#onUncaught(entry.life, error)
    }
    return true
  }

  /** Runs a part of the event under way as the turn of `life`. */
  enter(life: Life, kind: string, detail: number, run: () => void): void {
    this.#current = life
    this.trace.record(this.#nowMs, life.who, kind, detail)
    try {
      run()
    } catch (error) {
      if (!(error instanceof CrashedError)) this.#onUncaught(life, error)
    }
  }

  /** The process pauses no longer: what was held for it comes now, before all else. */
  resume(life: Life): void {
    life.pausedUntilMs = 0
    this.#heap.change((entry) => {
      if (entry.life === life && entry.lot === HELD_LOT) entry.timeMs = this.#nowMs
    })
  }

  /** The order in which it would have come is the order in which it comes. */
  #hold(entry: Entry, untilMs: number): void {
    entry.timeMs = untilMs
    entry.lot = HELD_LOT
    entry.seq = this.#seq += 1
    this.#heap.push(entry)
  }

  #advance(timeMs: number): void {
    this.#eventCount += 1
    this.#eventsNow = timeMs > this.#nowMs ? 0 : this.#eventsNow + 1
    this.#nowMs = timeMs
  }
}
