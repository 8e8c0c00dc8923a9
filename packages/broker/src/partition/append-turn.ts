/**
 * The appends of one turn of the event loop, written together: every batch that the frames at hand brought for a partition
 * leaves in one write. The turn ends before the read buffer is reused, since staged batches are views into it.
 */
import type { Partition } from './partition.ts'

export class AppendTurn {
  #touched = new Set<Partition>()

  /** Has the partition's staged batches written when the turn ends. */
  touch(partition: Partition): void {
    this.#touched.add(partition)
  }

  /** Writes all that was staged. Runs again harmlessly when an outcome makes another connection end its turn meanwhile. */
  commit(): void {
    while (this.#touched.size > 0) {
      const touched = this.#touched
      this.#touched = new Set()
      for (const partition of touched) partition.commitStaged()
      // A follower of several of them is told once all are written, and fetches them together.
      for (const partition of touched) partition.readers.wakeFollowers()
    }
  }
}
