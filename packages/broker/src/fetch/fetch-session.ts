/**
 * Fetch sessions (KIP-227): what one consumer reads, remembered between its requests, so that a consumer of a thousand
 * partitions does not repeat all of them ten times a second, and the answer names only what changed.
 *
 * A session belongs to whoever knows its random id; its epoch counts the requests, so that a lost or repeated request is
 * noticed. The order of the partitions is the order in which they are served, and one that was served moves to the end.
 */

import type { ChangedTargets } from './changed-targets.ts'

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
  /** Partitions of a session are served in this order. */
  turn: number
  /** The request for which the partition was last told what the replica has; -1 for none. */
  notedIn: number
}

/** What a request says of a partition. */
export type FetchPosition = Omit<FetchTarget, 'lastAnswer' | 'turn' | 'notedIn'>

export function newTarget(position: FetchPosition): FetchTarget {
  const { topic, topicId, index, fetchOffset, maxBytes, currentLeaderEpoch, lastFetchedEpoch, logStartOffset, knownHighWatermark } =
    position
  return {
    topic,
    topicId,
    index,
    fetchOffset,
    maxBytes,
    currentLeaderEpoch,
    lastFetchedEpoch,
    logStartOffset,
    knownHighWatermark,
    lastAnswer: null,
    turn: 0,
    notedIn: -1,
  }
}

/** Epochs that stand for something else than a count. */
export const SESSION_EPOCH = { initial: 0, final: -1 } as const
/** The id that means "no session". */
export const NO_SESSION = 0

export class FetchSession {
  readonly id: number
  /** Topics are named by id; a request that names them otherwise is an error. */
  readonly usesTopicIds: boolean
  /** The follower whose session it is, which is not evicted for a consumer's; null for a consumer. */
  readonly replicaId: number | null
  readonly createdMs: number
  readonly #targets: Map<string, FetchTarget>
  #changes: ChangedTargets | null = null
  #turns = 0
  /** Epoch that the next request has to carry. Starts at 1 and wraps to 1. */
  epoch = 1
  lastUsedMs: number
  /** Has the follower's request that waits answered with what there is; null when none waits. */
  hurry: (() => void) | null = null

  constructor(
    id: number,
    {
      usesTopicIds,
      replicaId,
      targets,
    }: { readonly usesTopicIds: boolean; readonly replicaId: number | null; readonly targets: readonly FetchTarget[] },
    nowMs: number,
  ) {
    this.id = id
    this.usesTopicIds = usesTopicIds
    this.replicaId = replicaId
    this.createdMs = nowMs
    this.lastUsedMs = nowMs
    this.#targets = distinctTargets(targets, usesTopicIds)
    for (const target of this.#targets.values()) target.turn = ++this.#turns
  }

  /** Of a follower: which of its partitions have to be looked at. Null until `keepChanges`. */
  get changes(): ChangedTargets | null {
    return this.#changes
  }

  /** All that there are have to be looked at, to begin with. */
  keepChanges(changes: ChangedTargets): void {
    this.#changes = changes
    for (const target of this.#targets.values()) changes.named(target)
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
    this.#changes?.named(known ?? target)
    if (known === undefined) {
      target.turn = ++this.#turns
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
    const key = keyOf(target, this.usesTopicIds)
    const known = this.#targets.get(key)
    if (known === undefined) return
    this.#targets.delete(key)
    this.#changes?.forget(known)
  }

  /** Nobody will ask for it any more. */
  close(): void {
    this.#changes?.close()
  }

  /** A partition that was served lets the others go first the next time. */
  moveToEnd(target: FetchTarget): void {
    const key = keyOf(target, this.usesTopicIds)
    if (!this.#targets.delete(key)) return
    target.turn = ++this.#turns
    this.#targets.set(key, target)
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
