/**
 * Which partitions of a follower's fetch session have to be looked at: those that the follower named anew, and those that something has
 * become of. With a thousand partitions of which three are written to, a fetch is about three.
 *
 * A partition is left out from the moment when the follower has all of it, is in its ISR, and was told of its high watermark and of where
 * its log begins since it named it last; it is watched meanwhile, and comes back when any of that may be so no more. The follower's
 * fetches count for it all the same: that it had everything until now is told to the partition when its log is about to move on
 * (`onLogMoving`), with the time of the session's last request. So all that a leader concludes is what it would conclude if each request
 * named everything, which changed-targets.property.test.ts tries.
 *
 * Appends wake the request that waits once the loop has been around, so that those of many connections make one answer.
 */
import type { ErrorCode } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import type { Partition } from '../partition/partition.ts'
import type { PartitionWatch, VisibilityWaiter } from '../partition/partition-readers.ts'
import type { PartitionOutcome } from './fetch-plan.ts'
import type { FetchTarget } from './fetch-session.ts'
import type { FetchTargets, ResolvedTarget } from './fetch-targets.ts'

export interface FetchingReplica {
  readonly id: number
  readonly brokerEpoch: number
}

/** What of the session it has to know. */
interface ChangedSession {
  readonly epoch: number
  readonly size: number
  /** When the last request came. */
  readonly lastUsedMs: number
}

const UNKNOWN_EPOCH = -1

export class ChangedTargets implements FetchTargets {
  readonly #clock: Clock
  readonly #session: ChangedSession
  readonly #resolve: (target: FetchTarget) => Partition | ErrorCode
  readonly #watched = new Map<FetchTarget, TargetWatch>()
  readonly #changed = new Set<TargetWatch>()
  #replica: FetchingReplica = { id: -1, brokerEpoch: UNKNOWN_EPOCH }
  #waiter: VisibilityWaiter | null = null
  #isWakePlanned = false

  constructor(clock: Clock, session: ChangedSession, resolve: (target: FetchTarget) => Partition | ErrorCode) {
    this.#clock = clock
    this.#session = session
    this.#resolve = resolve
  }

  get requestNumber(): number {
    return this.#session.epoch
  }

  get isEmpty(): boolean {
    return this.#session.size === 0
  }

  /** A request of the session begins. Another life of the broker may have lost what this one had, so it is asked for everything. */
  begin(replica: FetchingReplica): void {
    const isSame = replica.id === this.#replica.id && replica.brokerEpoch === this.#replica.brokerEpoch
    this.#replica = replica
    if (!isSame) for (const watch of this.#watched.values()) this.#changed.add(watch)
  }

  /** The follower names it: it is new, or about to be somewhere else than before. */
  named(target: FetchTarget): void {
    let watch = this.#watched.get(target)
    if (watch === undefined) this.#watched.set(target, (watch = new TargetWatch(target, this)))
    this.changed(watch)
    // A follower that has more than one request out takes no answer to one that it has overtaken with this: it may have missed the last.
    target.lastAnswer = null
  }

  forget(target: FetchTarget): void {
    const watch = this.#watched.get(target)
    if (watch === undefined) return
    this.changed(watch)
    watch.watch(null)
    this.#watched.delete(target)
    this.#changed.delete(watch)
  }

  /** The session ends. */
  close(): void {
    for (const target of this.#watched.keys()) this.forget(target)
    this.#waiter = null
  }

  current(): readonly ResolvedTarget[] {
    const current = Array.from(this.#changed, (watch) => {
      const partition = this.#resolve(watch.target)
      watch.watch(typeof partition === 'number' ? null : partition)
      return { target: watch.target, partition }
    })
    return current.sort((one, other) => one.target.turn - other.target.turn)
  }

  take(): readonly ResolvedTarget[] {
    const current = this.current()
    this.#changed.clear()
    return current
  }

  reading(target: FetchTarget): void {
    const watch = this.#watched.get(target)
    if (watch !== undefined) this.#changed.delete(watch)
  }

  looked(outcomes: readonly PartitionOutcome[]): void {
    for (const outcome of outcomes) {
      const watch = this.#watched.get(outcome.target)
      if (watch !== undefined && !isSettled(outcome)) this.#changed.add(watch)
    }
  }

  wait(waiter: VisibilityWaiter): void {
    this.#waiter = waiter
  }

  leave(waiter: VisibilityWaiter): void {
    if (this.#waiter === waiter) this.#waiter = null
  }

  /** For watches. */
  onVisible(watch: TargetWatch): void {
    this.changed(watch)
    if (this.#waiter === null || this.#isWakePlanned) return
    this.#isWakePlanned = true
    this.#clock.defer(() => {
      this.#isWakePlanned = false
      this.#waiter?.onVisible()
    })
  }

  /** For watches. */
  onNews(watch: TargetWatch): void {
    // Who says what it knows wants to be told of more at once.
    if (watch.target.knownHighWatermark < Number.MAX_SAFE_INTEGER) this.onVisible(watch)
    else this.changed(watch)
  }

  /** It has to be looked at. If it was left out until now, that counts as asked for by the last request. */
  changed(watch: TargetWatch): void {
    if (this.#changed.has(watch)) return
    this.#changed.add(watch)
    const { target, partition } = watch
    const { id, brokerEpoch } = this.#replica
    const { fetchOffset, logStartOffset } = target
    if (partition === null || target.lastAnswer === null || target.notedIn === this.#session.epoch) return
    target.notedIn = this.#session.epoch
    partition.noteFetch(id, { brokerEpoch, fetchOffset, logStartOffset }, this.#session.lastUsedMs)
  }
}

/** Watches the partition that a target names. */
class TargetWatch implements PartitionWatch {
  readonly target: FetchTarget
  readonly #owner: ChangedTargets
  #partition: Partition | null = null

  constructor(target: FetchTarget, owner: ChangedTargets) {
    this.target = target
    this.#owner = owner
  }

  get partition(): Partition | null {
    return this.#partition
  }

  /** The topic may have been deleted and created anew. Null ends the watch. */
  watch(partition: Partition | null): void {
    if (partition === this.#partition) return
    this.#partition?.readers.unwatch(this)
    this.#partition = partition
    partition?.readers.watch(this)
  }

  onVisible(): void {
    this.#owner.onVisible(this)
  }

  onNews(): void {
    this.#owner.onNews(this)
  }

  onLogMoving(): void {
    this.#owner.changed(this)
  }
}

/** Nothing is to be said of it until something becomes of it. */
function isSettled({ target: { lastAnswer }, isUpToDate, highWatermark, logStartOffset }: PartitionOutcome): boolean {
  return isUpToDate && lastAnswer?.highWatermark === highWatermark && lastAnswer.logStartOffset === logStartOffset
}
