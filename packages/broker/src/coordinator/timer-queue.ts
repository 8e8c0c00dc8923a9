/**
 * The timers of one coordinator, by key, behind a single timer of the clock: a coordinator keeps one for each member of each group, and
 * nearly all of them are set anew before they are due.
 *
 * A timer that is replaced or cancelled stays in the heap, marked, until it comes up or until half of the heap is such.
 */
import type { Clock, Timer } from '@millrace/runtime'

interface Entry {
  readonly key: string
  /** By the monotonic clock. */
  readonly dueMs: number
  isCancelled: boolean
}

/** Below this many entries the marked ones are not worth the trouble. */
const SWEEP_FROM = 64

export class TimerQueue {
  readonly #clock: Clock
  readonly #fire: (key: string) => void
  readonly #byKey = new Map<string, Entry>()
  /** A binary heap: no entry is due before the one at `(index - 1) >> 1`. */
  #heap: Entry[] = []
  #timer: Timer | null = null
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, fire: (key: string) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  /** Replaces a timer of the same key. */
  set(key: string, delayMs: number): void {
    this.#mark(key)
    const entry = { key, dueMs: this.#clock.monotonic() + Math.max(0, delayMs), isCancelled: false }
    this.#byKey.set(key, entry)
    this.#push(entry)
    this.#arm()
  }

  cancel(key: string): void {
    this.#mark(key)
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#byKey.clear()
    this.#heap = []
  }

  #mark(key: string): void {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return
    entry.isCancelled = true
    this.#byKey.delete(key)
    if (this.#heap.length >= SWEEP_FROM && this.#heap.length > 2 * this.#byKey.size) this.#sweep()
  }

  #sweep(): void {
    const kept = this.#heap.filter(({ isCancelled }) => !isCancelled)
    this.#heap = []
    for (const entry of kept) this.#push(entry)
  }

  #arm(): void {
    const dueMs = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY
    // One that is armed for earlier finds nothing due and arms itself anew.
    if (this.#timer !== null && this.#timerDueMs <= dueMs) return
    this.#timer?.cancel()
    this.#timer = null
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#timerDueMs = dueMs
    this.#timer = this.#clock.setTimer(Math.max(0, dueMs - this.#clock.monotonic()), () => this.#onTimer())
  }

  #onTimer(): void {
    this.#timer = null
    const nowMs = this.#clock.monotonic()
    const due: Entry[] = []
    for (let first = this.#heap[0]; first !== undefined && (first.isCancelled || first.dueMs <= nowMs); first = this.#heap[0]) {
      this.#pop()
      due.push(first)
    }
    for (const entry of due) {
      // Whoever was told before may have taken it back.
      if (entry.isCancelled) continue
      this.#byKey.delete(entry.key)
      this.#fire(entry.key)
    }
    this.#arm()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Entry
      if (above.dueMs <= entry.dueMs) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      if (left >= heap.length) break
      const right = left + 1
      const least = right < heap.length && (heap[right] as Entry).dueMs < (heap[left] as Entry).dueMs ? right : left
      if ((heap[least] as Entry).dueMs >= last.dueMs) break
      heap[index] = heap[least] as Entry
      index = least
    }
    heap[index] = last
  }
}
