/**
 * Those who wait for something new to read. Consumers wait for what is committed, followers for what is written; both are woken, look
 * for themselves, and go on waiting if it is not enough.
 */

export interface VisibilityWaiter {
  /** More became visible, or the partition is no longer what it was. */
  onVisible(): void
}

export class PartitionReaders {
  readonly #consumers = new Set<VisibilityWaiter>()
  readonly #followers = new Set<VisibilityWaiter>()
  /** Waits for followers to have deleted what was to be deleted. */
  readonly #lowWatermark = new Set<VisibilityWaiter>()

  /** Consumers wait, for whom what is written has to be committed. */
  get areConsumers(): boolean {
    return this.#consumers.size > 0
  }

  add(waiter: VisibilityWaiter, isFollower: boolean): void {
    if (isFollower) this.#followers.add(waiter)
    else this.#consumers.add(waiter)
  }

  addLowWatermark(waiter: VisibilityWaiter): void {
    this.#lowWatermark.add(waiter)
  }

  remove(waiter: VisibilityWaiter): void {
    this.#consumers.delete(waiter)
    this.#followers.delete(waiter)
    this.#lowWatermark.delete(waiter)
  }

  wakeAll(): void {
    wake(this.#consumers)
    wake(this.#followers)
    wake(this.#lowWatermark)
  }

  wakeFollowers(): void {
    wake(this.#followers)
  }

  wakeLowWatermark(): void {
    wake(this.#lowWatermark)
  }
}

function wake(waiters: ReadonlySet<VisibilityWaiter>): void {
  if (waiters.size === 0) return
  // Waiters may leave and others come while they are told.
  for (const waiter of Array.from(waiters)) waiter.onVisible()
}
