/** Produces that wait for the high watermark, in the order of their offsets. */
import type { ErrorCode } from '@millrace/protocol'

/** Waits until the high watermark reaches `requiredOffset`. */
export interface AcknowledgementWaiter {
  readonly requiredOffset: number
  onOutcome(errorCode: ErrorCode): void
}

export class AcknowledgementQueue {
  /** Ascending by `requiredOffset`, as appends are. */
  #waiters: AcknowledgementWaiter[] = []

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  add(waiter: AcknowledgementWaiter): void {
    const waiters = this.#waiters
    let place = waiters.length
    while (place > 0 && (waiters[place - 1] as AcknowledgementWaiter).requiredOffset > waiter.requiredOffset) place -= 1
    waiters.splice(place, 0, waiter)
  }

  remove(waiter: AcknowledgementWaiter): void {
    const place = this.#waiters.lastIndexOf(waiter)
    if (place >= 0) this.#waiters.splice(place, 1)
  }

  /** Tells all whose offset is reached. */
  reached(offset: number, errorCode: ErrorCode): void {
    const waiters = this.#waiters
    let done = 0
    while (done < waiters.length && (waiters[done] as AcknowledgementWaiter).requiredOffset <= offset) done += 1
    if (done > 0) for (const waiter of waiters.splice(0, done)) waiter.onOutcome(errorCode)
  }

  /** Tells everybody. */
  fail(errorCode: ErrorCode): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.onOutcome(errorCode)
  }
}
