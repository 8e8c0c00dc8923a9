/**
 * What one leader is asked next: which of the partitions that follow it go into the next fetch, and what of that its fetch
 * session (KIP-227) knows already. Pure: it is told what happens, and when.
 *
 * A partition is named to the leader when its position changed, and taken back while it cannot take anything, so that the
 * leader does not send again what is being written here. What does not change costs nothing, however many partitions there are.
 *
 * Two requests may be under way: the second one hurries the first, when something became ready while the leader waits for
 * records (see docs/spec/replica-fetcher.md). An answer counts for a partition only if its position is the one that was asked.
 */
import type { FollowedPartition, ReplicaFetchPosition } from './followed-partition.ts'
import { isSamePosition } from './followed-partition.ts'

const NO_SESSION = 0
const FIRST_EPOCH = 1
const EPOCH_MAX = 0x7fff_ffff

export type FollowedStatus =
  /** Part of the next fetch. */
  | 'ready'
  /** Taking what it was answered, or not able to take anything. */
  | 'busy'
  /** Waits until `delayedUntilMs`. */
  | 'delayed'
  /** Not asked for until its role changes. */
  | 'stopped'

/** A partition, in the hands of the schedule. */
export interface Followed {
  readonly key: string
  readonly partition: FollowedPartition
  readonly leaderEpoch: number
  status: FollowedStatus
  /** Where it goes on, while it is ready. */
  position: ReplicaFetchPosition | null
  /** Where it last was; -1 before that is known. */
  lastFetchOffset: number
  /** In a row. */
  failures: number
  delayedUntilMs: number
  /** The leader's, as it last told; -1 before it did. */
  highWatermark: number
  /** An answer came while it was not ready. The leader believes that it knows what that said. */
  hasMissedAnswer: boolean
}

export interface PlannedFetch {
  /** Counts the requests. */
  readonly number: number
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly partitions: readonly { readonly partition: FollowedPartition; readonly position: ReplicaFetchPosition }[]
  readonly forgotten: readonly FollowedPartition[]
}

/** What the leader's session has of a partition. */
interface Told {
  readonly followed: Followed
  readonly position: ReplicaFetchPosition
  /** The request in which it was told. */
  readonly requestNumber: number
}

export function keyOf(topicId: string, index: number): string {
  return `${topicId}/${index}`
}

export class FetchSchedule {
  readonly #followed = new Map<string, Followed>()
  /** Ready, and the session does not have their position. */
  readonly #unsent = new Set<Followed>()
  readonly #told = new Map<string, Told>()
  /** The session has them, and they are not ready. Invariant: its keys are in `#told`. */
  readonly #unwanted = new Set<string>()
  readonly #delayed = new Set<Followed>()
  #readyCount = 0
  #sessionId = NO_SESSION
  #sessionEpoch = 0
  /** Requests before this one belong to a session that is given up. */
  #sessionBegan = 0
  #requests = 0

  get size(): number {
    return this.#followed.size
  }

  followed(): Iterable<Followed> {
    return this.#followed.values()
  }

  get(key: string): Followed | undefined {
    return this.#followed.get(key)
  }

  /** The leader has a session for us, so a request may follow another one that is not answered. */
  get hasSession(): boolean {
    return this.#sessionId !== NO_SESSION
  }

  /** Something became ready that the leader does not know of. */
  get hasUnsent(): boolean {
    return this.#unsent.size > 0
  }

  /** There is something to ask. */
  get hasReady(): boolean {
    return this.#readyCount > 0
  }

  /** When the first of those that wait may be asked for again; null when none waits. */
  nextDueMs(): number | null {
    let dueMs: number | null = null
    for (const { delayedUntilMs } of this.#delayed) if (dueMs === null || delayedUntilMs < dueMs) dueMs = delayedUntilMs
    return dueMs
  }

  /** Begins with a partition, busy until it is said to be ready. */
  add(partition: FollowedPartition): Followed {
    const key = keyOf(partition.topicId, partition.index)
    this.remove(key)
    const followed: Followed = {
      key,
      partition,
      leaderEpoch: partition.image.leaderEpoch,
      status: 'busy',
      position: null,
      lastFetchOffset: -1,
      failures: 0,
      delayedUntilMs: 0,
      highWatermark: -1,
      hasMissedAnswer: false,
    }
    this.#followed.set(key, followed)
    return followed
  }

  remove(key: string): void {
    const followed = this.#followed.get(key)
    if (followed === undefined) return
    this.#leave(followed, 'stopped')
    this.#followed.delete(key)
  }

  /** It goes on from there. */
  ready(followed: Followed, position: ReplicaFetchPosition): void {
    if (!this.#isMember(followed)) return
    this.#leave(followed, 'ready')
    this.#readyCount += 1
    followed.position = position
    followed.lastFetchOffset = position.fetchOffset
    this.#unwanted.delete(followed.key)
    const told = this.#told.get(followed.key)
    if (followed.hasMissedAnswer || told?.followed !== followed || !isSamePosition(told.position, position)) this.#unsent.add(followed)
    followed.hasMissedAnswer = false
  }

  busy(followed: Followed): void {
    if (this.#isMember(followed)) this.#leave(followed, 'busy')
  }

  delay(followed: Followed, untilMs: number): void {
    if (!this.#isMember(followed)) return
    this.#leave(followed, 'delayed')
    followed.delayedUntilMs = untilMs
    this.#delayed.add(followed)
  }

  stop(followed: Followed): void {
    if (this.#isMember(followed)) this.#leave(followed, 'stopped')
  }

  /** Those whose time to wait is over; they are busy now. */
  takeDue(nowMs: number): Followed[] {
    const due = [...this.#delayed].filter(({ delayedUntilMs }) => delayedUntilMs <= nowMs)
    for (const followed of due) this.#leave(followed, 'busy')
    return due
  }

  /** The next request; null when nothing is ready. */
  take(): PlannedFetch | null {
    if (this.#readyCount === 0) return null
    this.#requests += 1
    if (!this.hasSession) this.#told.clear()
    const named = this.hasSession ? [...this.#unsent] : [...this.#followed.values()].filter(({ status }) => status === 'ready')
    const forgotten = [...this.#unwanted].flatMap((key) => this.#told.get(key)?.followed.partition ?? [])
    for (const key of this.#unwanted) this.#told.delete(key)
    this.#unwanted.clear()
    this.#unsent.clear()
    const partitions = named.map((followed) => {
      const position = followed.position as ReplicaFetchPosition
      this.#told.set(followed.key, { followed, position, requestNumber: this.#requests })
      return { partition: followed.partition, position }
    })
    const sessionEpoch = this.#sessionEpoch
    if (this.hasSession) this.#sessionEpoch = sessionEpoch === EPOCH_MAX ? FIRST_EPOCH : sessionEpoch + 1
    else this.#sessionBegan = this.#requests
    return { number: this.#requests, sessionId: this.#sessionId, sessionEpoch, partitions, forgotten }
  }

  /** A request was answered, without an error of its session. False: it belongs to a session that is given up. */
  answered(request: PlannedFetch, sessionId: number): boolean {
    if (request.number < this.#sessionBegan) return false
    if (request.sessionId !== NO_SESSION) return true
    this.#sessionId = sessionId
    this.#sessionEpoch = sessionId === NO_SESSION ? 0 : FIRST_EPOCH
    return true
  }

  /** Whom an answer to this request is for, if it is still about where the partition is. */
  addressee(request: PlannedFetch, topicId: string, index: number): Followed | null {
    const key = keyOf(topicId, index)
    const followed = this.#followed.get(key)
    if (followed === undefined) return null
    if (followed.status !== 'ready') {
      followed.hasMissedAnswer = true
      return null
    }
    if (this.#unsent.has(followed)) return null
    const told = this.#told.get(key)
    return told?.followed === followed && told.requestNumber <= request.number ? followed : null
  }

  /** The leader has no session of ours, or a new connection begins. */
  resetSession(): void {
    this.#sessionId = NO_SESSION
    this.#sessionEpoch = 0
    this.#sessionBegan = this.#requests + 1
    this.#told.clear()
    this.#unwanted.clear()
    for (const followed of this.#followed.values()) if (followed.status === 'ready') this.#unsent.add(followed)
  }

  /** Of a request that belongs to the session in force. */
  isOfSession(request: PlannedFetch): boolean {
    return request.number >= this.#sessionBegan
  }

  #isMember(followed: Followed): boolean {
    return this.#followed.get(followed.key) === followed
  }

  #leave(followed: Followed, status: FollowedStatus): void {
    if (followed.status === 'ready') this.#readyCount -= 1
    this.#delayed.delete(followed)
    this.#unsent.delete(followed)
    followed.status = status
    if (status === 'ready') return
    followed.position = null
    if (this.#told.has(followed.key)) this.#unwanted.add(followed.key)
  }
}
