/**
 * Those who wait for something new to read. Consumers wait for what is committed, followers for what is written; both are woken, look
 * for themselves, and go on waiting if it is not enough. The fetch sessions of followers watch, whether a request waits or not.
 */

export interface VisibilityWaiter {
  /** More became visible, or the partition is no longer what it was. */
  onVisible(): void
}

/** Watches a partition for as long as a follower's fetch session has it. */
export interface PartitionWatch {
  /** There are more records, or the partition is no longer what it was. */
  onVisible(): void
  /**
   * What an answer says beside the records is something else now, the high watermark or where the log begins; or what stands in the
   * metadata is about to be: who leads, who is in sync, which brokers live.
   */
  onNews(): void
  /** The leader is about to take notice that its log goes on; until now it went as far as when the follower was looked at last. */
  onLogMoving(): void
}

export class PartitionReaders {
  readonly #consumers = new Set<VisibilityWaiter>()
  readonly #followers = new Set<VisibilityWaiter>()
  readonly #watches = new Set<PartitionWatch>()
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

  watch(watch: PartitionWatch): void {
    this.#watches.add(watch)
  }

  unwatch(watch: PartitionWatch): void {
    this.#watches.delete(watch)
  }

  remove(waiter: VisibilityWaiter): void {
    this.#consumers.delete(waiter)
    this.#followers.delete(waiter)
    this.#lowWatermark.delete(waiter)
  }

  wakeAll(): void {
    wake(this.#consumers)
    this.wakeFollowers()
    wake(this.#lowWatermark)
  }

  wakeFollowers(): void {
    wake(this.#followers)
    for (const watch of this.#watches) watch.onVisible()
  }

  /** The high watermark moved. */
  wakeCommitted(): void {
    wake(this.#consumers)
    wake(this.#followers)
    wake(this.#lowWatermark)
    this.tellNews()
  }

  tellNews(): void {
    for (const watch of this.#watches) watch.onNews()
  }

  tellLogMoving(): void {
    for (const watch of this.#watches) watch.onLogMoving()
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
