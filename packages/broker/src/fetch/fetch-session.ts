/**
 * Fetch sessions (KIP-227): what one consumer reads, remembered between its requests, so that a consumer of a thousand
 * partitions does not repeat all of them ten times a second, and the answer names only what changed.
 *
 * A session belongs to whoever knows its random id; its epoch counts the requests, so that a lost or repeated request is
 * noticed. The order of the partitions is the order in which they are served, and one that was served moves to the end.
 */

/** A partition to read, as the request or the session has it. */
export interface FetchTarget {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  fetchOffset: number
  maxBytes: number
  currentLeaderEpoch: number
  lastFetchedEpoch: number
  logStartOffset: number
  /** The high watermark that a replica knows, and beyond which it wants to be told; largest for those who do not say. */
  knownHighWatermark: number
  /** What the last answer said, for sessions: null before the first. */
  lastAnswer: { readonly highWatermark: number; readonly logStartOffset: number } | null
}

/** Epochs that stand for something else than a count. */
export const SESSION_EPOCH = { initial: 0, final: -1 } as const
/** The id that means "no session". */
export const NO_SESSION = 0

export class FetchSession {
  readonly id: number
  /** Topics are named by id; a request that names them otherwise is an error. */
  readonly usesTopicIds: boolean
  /** A follower's: it is not evicted for a consumer's. */
  readonly isReplica: boolean
  readonly createdMs: number
  readonly #targets: Map<string, FetchTarget>
  /** Epoch that the next request has to carry. Starts at 1 and wraps to 1. */
  epoch = 1
  lastUsedMs: number
  /** Has the follower's request that waits answered with what there is; null when none waits. */
  hurry: (() => void) | null = null

  constructor(
    id: number,
    {
      usesTopicIds,
      isReplica,
      targets,
    }: { readonly usesTopicIds: boolean; readonly isReplica: boolean; readonly targets: readonly FetchTarget[] },
    nowMs: number,
  ) {
    this.id = id
    this.usesTopicIds = usesTopicIds
    this.isReplica = isReplica
    this.createdMs = nowMs
    this.lastUsedMs = nowMs
    this.#targets = distinctTargets(targets, usesTopicIds)
  }

  get size(): number {
    return this.#targets.size
  }

  targets(): FetchTarget[] {
    return [...this.#targets.values()]
  }

  /** Adds a partition, or moves the reading position of a known one. */
  update(target: FetchTarget): void {
    const key = keyOf(target, this.usesTopicIds)
    const known = this.#targets.get(key)
    if (known === undefined) {
      this.#targets.set(key, target)
      return
    }
    known.fetchOffset = target.fetchOffset
    known.maxBytes = target.maxBytes
    known.currentLeaderEpoch = target.currentLeaderEpoch
    known.lastFetchedEpoch = target.lastFetchedEpoch
    known.logStartOffset = target.logStartOffset
    known.knownHighWatermark = target.knownHighWatermark
  }

  forget(target: { readonly topic: string; readonly topicId: string; readonly index: number }): void {
    this.#targets.delete(keyOf(target, this.usesTopicIds))
  }

  /** A partition that was served lets the others go first the next time. */
  moveToEnd(target: FetchTarget): void {
    const key = keyOf(target, this.usesTopicIds)
    if (this.#targets.delete(key)) this.#targets.set(key, target)
  }

  advanceEpoch(): void {
    this.epoch = this.epoch === 0x7fff_ffff ? 1 : this.epoch + 1
  }
}

/** Each partition once, in the order in which they were first named; what was said last of one counts. */
export function distinctTargets(targets: readonly FetchTarget[], usesTopicIds: boolean): Map<string, FetchTarget> {
  return new Map(targets.map((target) => [keyOf(target, usesTopicIds), target]))
}

function keyOf(target: { readonly topic: string; readonly topicId: string; readonly index: number }, usesTopicIds: boolean): string {
  return `${target.index}/${usesTopicIds ? target.topicId : target.topic}`
}
