/**
 * A fetch in the purgatory: it found fewer than `minBytes` and waits, for more to become visible or for its time to be up.
 * It is woken by its partitions and never polls.
 */
import type { Clock, Timer } from '@millrace/runtime'
import type { VisibilityWaiter } from '../partition/partition-readers.ts'
import type { FetchPlan, PartitionOutcome } from './fetch-plan.ts'

export class FetchWaiter implements VisibilityWaiter {
  readonly #plan: FetchPlan
  readonly #onDone: (outcomes: PartitionOutcome[]) => void
  readonly #timer: Timer
  #isDone = false

  /** `onDone` is called once, with outcomes that are enough or all there is when the time is up. */
  constructor(plan: FetchPlan, clock: Clock, maxWaitMs: number, onDone: (outcomes: PartitionOutcome[]) => void) {
    this.#plan = plan
    this.#onDone = onDone
    this.#timer = clock.setTimer(maxWaitMs, () => this.finishNow())
    plan.targets.wait(this)
  }

  onVisible(): void {
    if (this.#isDone) return
    const outcomes = this.#plan.evaluate()
    if (this.#plan.isEnough(outcomes)) this.#finish(outcomes)
    else this.#plan.goOn(outcomes)
  }

  /** Its time is up: there will be no more than there is. */
  finishNow(): void {
    if (!this.#isDone) this.#finish(this.#plan.evaluate())
  }

  /** The client is gone. */
  cancel(): void {
    this.#withdraw()
  }

  #finish(outcomes: PartitionOutcome[]): void {
    this.#withdraw()
    this.#onDone(outcomes)
  }

  #withdraw(): void {
    this.#isDone = true
    this.#timer.cancel()
    this.#plan.targets.leave(this)
  }
}
