/**
 * Reads that wait for the leader to be sure that it still is one. Each takes the commit index of the moment it was asked, then
 * waits for a heartbeat round that began after that moment to be answered by a quorum, then for the application to catch up.
 * Reads that are asked while the node is busy share a round.
 */
import type { RequestContext } from '../events.ts'

interface WaitingRead {
  readonly context: RequestContext
  readonly index: number
  /** The round that must be answered; `null` until one has begun. */
  round: number | null
}

export interface ConfirmedRead {
  readonly context: RequestContext
  readonly index: number
}

export class ReadQueue {
  #waiting: WaitingRead[] = []
  #confirmed: ConfirmedRead[] = []

  get length(): number {
    return this.#waiting.length + this.#confirmed.length
  }

  /** Whether a read waits for a round to begin. */
  get isRoundWanted(): boolean {
    return this.#waiting.at(-1)?.round === null
  }

  add(context: RequestContext, index: number): void {
    this.#waiting.push({ context, index, round: null })
  }

  /** For a leader that needs no round to be sure. */
  addConfirmed(context: RequestContext, index: number): void {
    this.#confirmed.push({ context, index })
  }

  roundBegan(round: number): void {
    for (const read of this.#waiting) read.round ??= round
  }

  /** A quorum has answered this round, and so would have answered any before it. */
  roundAnswered(round: number): void {
    const still = this.#waiting.findIndex((read) => read.round === null || read.round > round)
    const confirmed = this.#waiting.splice(0, still === -1 ? this.#waiting.length : still)
    for (const { context, index } of confirmed) this.#confirmed.push({ context, index })
  }

  /** The reads that a state which has reached this index may answer. */
  take(appliedIndex: number): readonly ConfirmedRead[] {
    if (this.#confirmed.length === 0) return []
    const ready = this.#confirmed.filter(({ index }) => index <= appliedIndex)
    this.#confirmed = this.#confirmed.filter(({ index }) => index > appliedIndex)
    return ready
  }

  /** Everything that waits, for a leader that is none any more. */
  abandon(): readonly RequestContext[] {
    const contexts = [...this.#waiting, ...this.#confirmed].map(({ context }) => context)
    this.#waiting = []
    this.#confirmed = []
    return contexts
  }
}
