/**
 * The way from one host to another, one direction: how long bytes take, and whether they get through at all.
 *
 * What is under way when a link is blocked is not lost, as TCP sends it again: it arrives after the link opened.
 */
import type { RandomStream } from '../core/random-streams.ts'

export interface LinkSettings {
  /** One way, without load. */
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  readonly bytesPerMs: number
}

/** After a link opened, what was held is sent again within this. */
const RETRANSMISSION_MS = 200

export class Link {
  readonly #random: RandomStream
  readonly #settings: LinkSettings
  #blocks = 0
  /** Added to each delay while the link is clogged. */
  #clogMs = 0
  #busyUntilMs = 0
  #waiting: (() => void)[] = []

  constructor(random: RandomStream, settings: LinkSettings) {
    this.#random = random
    this.#settings = settings
  }

  get isBlocked(): boolean {
    return this.#blocks > 0
  }

  /** Lets nothing through until the returned function is called. Blocks add up. */
  block(): () => void {
    this.#blocks += 1
    let isLifted = false
    return () => {
      if (isLifted) return
      isLifted = true
      this.#blocks -= 1
      if (this.#blocks > 0) return
      const waiting = this.#waiting
      this.#waiting = []
      for (const goOn of waiting) goOn()
    }
  }

  /** Slows everything down by up to `extraMs` until the returned function is called. */
  clog(extraMs: number): () => void {
    this.#clogMs += extraMs
    return () => {
      this.#clogMs = Math.max(0, this.#clogMs - extraMs)
    }
  }

  /** Calls `goOn` once, when the link is open again. */
  whenOpen(goOn: () => void): void {
    this.#waiting.push(goOn)
  }

  /** How long from now until `bytes` that leave now have arrived. */
  delayMs(nowMs: number, bytes: number): number {
    const { latencyMsMin, latencyMsMax, bytesPerMs } = this.#settings
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + bytes / bytesPerMs
    const clogMs = this.#clogMs === 0 ? 0 : this.#random.within(0, this.#clogMs)
    return this.#busyUntilMs - nowMs + this.#random.within(latencyMsMin, latencyMsMax) + clogMs
  }

  retransmissionMs(): number {
    return this.#random.within(1, RETRANSMISSION_MS)
  }
}
