/**
 * The partitions that a fetch request is about, as its plan goes through them: all that it names, or those of a follower's session that
 * something has become of (`changed-targets.ts`).
 */
import type { ErrorCode } from '@millrace/protocol'
import type { Partition } from '../partition/partition.ts'
import type { VisibilityWaiter } from '../partition/partition-readers.ts'
import type { PartitionOutcome } from './fetch-plan.ts'
import type { FetchTarget } from './fetch-session.ts'

/** A target with the partition it names, or the error that stands in its place. */
export interface ResolvedTarget {
  readonly target: FetchTarget
  readonly partition: Partition | ErrorCode
}

export interface FetchTargets {
  /** Counts the requests of a session. */
  readonly requestNumber: number
  /** The request is about nothing, so there is nothing to wait for. */
  readonly isEmpty: boolean
  /** Those that an answer has to look at now, in the order in which they are served. */
  current(): readonly ResolvedTarget[]
  /** The same, to be looked at: what happens to one from here on makes it one of the next. */
  take(): readonly ResolvedTarget[]
  /** One of those is about to be read, and shows all that has happened to it up to now. */
  reading(target: FetchTarget): void
  /** What was taken was found to be so. After an answer was made of it, if one was. */
  looked(outcomes: readonly PartitionOutcome[]): void
  /** Has the waiter told when looking again may be worth it, until `leave`. */
  wait(waiter: VisibilityWaiter): void
  leave(waiter: VisibilityWaiter): void
}

/** All of them, whatever becomes of them. */
export class NamedTargets implements FetchTargets {
  readonly requestNumber = 0
  readonly #resolved: readonly ResolvedTarget[]
  readonly #isFollower: boolean

  constructor(resolved: readonly ResolvedTarget[], isFollower: boolean) {
    this.#resolved = resolved
    this.#isFollower = isFollower
  }

  get isEmpty(): boolean {
    return this.#resolved.length === 0
  }

  current(): readonly ResolvedTarget[] {
    return this.#resolved
  }

  take(): readonly ResolvedTarget[] {
    return this.#resolved
  }

  reading(): void {}

  looked(): void {}

  wait(waiter: VisibilityWaiter): void {
    for (const { partition } of this.#resolved) if (typeof partition !== 'number') partition.addVisibilityWaiter(waiter, this.#isFollower)
  }

  leave(waiter: VisibilityWaiter): void {
    for (const { partition } of this.#resolved) if (typeof partition !== 'number') partition.removeVisibilityWaiter(waiter)
  }
}
