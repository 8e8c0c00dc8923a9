/** Waiting on the clock port, cut short when the owner closes. */
import type { Clock } from '@millrace/runtime'

/** A switch that is thrown once, when the owner closes, and that wakes whoever waits. */
export class CloseSignal {
  readonly #listeners = new Set<() => void>()
  #isClosed = false

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  /** Calls `listener` at close, at once if that was before. Returns how to take it back. */
  onClose(listener: () => void): () => void {
    if (this.#isClosed) listener()
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Resolves after `delayMs`, or at once when `signal` is closed. */
export function sleep(clock: Clock, delayMs: number, signal: CloseSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(delayMs, () => {
      forget()
      resolve()
    })
    const forget = signal.onClose(() => {
      timer.cancel()
      resolve()
    })
  })
}
