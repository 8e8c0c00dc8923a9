/**
 * All fetch sessions of this broker. It is bounded twice, by sessions and by the partitions they remember; a consumer that
 * finds it full is served all the same, without a session.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { Clock, Random } from '@millrace/runtime'
import { distinctTargets, FetchSession, NO_SESSION, SESSION_EPOCH } from './fetch-session.ts'
import type { FetchTarget } from './fetch-session.ts'

/** A session is safe from eviction until it was idle, or lived beside a larger newcomer, for this long (KIP-227). */
const EVICTION_MS = 120_000
/** Partitions that all sessions together may remember. */
const MAX_REMEMBERED_PARTITIONS = 1_000_000

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  /** Of a replica, whose sessions give way to nobody but the next one of its own; null for a consumer. */
  readonly replicaId: number | null
  readonly targets: readonly FetchTarget[]
  readonly forgotten: readonly { readonly topic: string; readonly topicId: string; readonly index: number }[]
}

export type SessionOutcome =
  | { readonly type: 'error'; readonly errorCode: ErrorCode }
  /** All partitions are answered. `session` is null for a sessionless request and when the cache is full. */
  | { readonly type: 'full'; readonly session: FetchSession | null; readonly targets: readonly FetchTarget[] }
  /** Only what changed is answered. */
  | { readonly type: 'incremental'; readonly session: FetchSession; readonly targets: readonly FetchTarget[] }

export class FetchSessionCache {
  readonly #clock: Clock
  readonly #random: Random
  readonly #maxSessions: () => number
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()
  #rememberedPartitions = 0

  constructor(clock: Clock, random: Random, maxSessions: () => number) {
    this.#clock = clock
    this.#random = random
    this.#maxSessions = maxSessions
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Another request of this session has come: the one before waits no longer. */
  hurry(sessionId: number): void {
    this.#sessions.get(sessionId)?.hurry?.()
  }

  resolve(request: SessionRequest): SessionOutcome {
    if (request.sessionEpoch === SESSION_EPOCH.initial || request.sessionEpoch === SESSION_EPOCH.final) {
      if (request.sessionId !== NO_SESSION) this.#remove(request.sessionId)
      const session = request.sessionEpoch === SESSION_EPOCH.initial ? this.#create(request) : null
      if (session !== null) return outcomeOf('full', session)
      return { type: 'full', session, targets: [...distinctTargets(request.targets, request.usesTopicIds).values()] }
    }
    const session = this.#sessions.get(request.sessionId)
    if (session === undefined) return { type: 'error', errorCode: ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND }
    if (session.epoch !== request.sessionEpoch) return { type: 'error', errorCode: ERROR_CODES.INVALID_FETCH_SESSION_EPOCH }
    if (session.usesTopicIds !== request.usesTopicIds) return { type: 'error', errorCode: ERROR_CODES.FETCH_SESSION_TOPIC_ID_ERROR }
    const sizeBefore = session.size
    for (const target of request.targets) session.update(target)
    for (const target of request.forgotten) session.forget(target)
    this.#rememberedPartitions += session.size - sizeBefore
    if (session.size === 0) {
      this.#remove(session.id)
      return { type: 'full', session: null, targets: [] }
    }
    session.advanceEpoch()
    session.lastUsedMs = this.#clock.monotonic()
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
    if (this.#rememberedPartitions > MAX_REMEMBERED_PARTITIONS) this.#remove(session.id)
    return outcomeOf('incremental', session)
  }

  #create(request: SessionRequest): FetchSession | null {
    const size = request.targets.length
    if (this.#rememberedPartitions + size > MAX_REMEMBERED_PARTITIONS) return null
    if (request.replicaId !== null) this.#removeOf(request.replicaId)
    else if (this.#sessions.size >= this.#maxSessions() && !this.#evictFor(size)) return null
    const session = new FetchSession(this.#freshId(), request, this.#clock.monotonic())
    this.#sessions.set(session.id, session)
    this.#rememberedPartitions += session.size
    return session
  }

  /** Makes room by the least recently used session if it is stale, else by the smallest old one below `size` partitions. */
  #evictFor(size: number): boolean {
    const now = this.#clock.monotonic()
    const oldest = this.#oldestOfConsumers()
    if (oldest === undefined) return false
    if (now - oldest.lastUsedMs > EVICTION_MS) {
      this.#remove(oldest.id)
      return true
    }
    let smallest: FetchSession | null = null
    for (const session of this.#sessions.values()) {
      if (session.replicaId === null && now - session.createdMs > EVICTION_MS && session.size < (smallest?.size ?? size)) smallest = session
    }
    if (smallest === null) return false
    this.#remove(smallest.id)
    return true
  }

  #oldestOfConsumers(): FetchSession | undefined {
    for (const session of this.#sessions.values()) if (session.replicaId === null) return session
    return undefined
  }

  #remove(id: number): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#sessions.delete(id)
    this.#rememberedPartitions -= session.size
    session.close()
  }

  /** A follower asks each leader by one session at a time. */
  #removeOf(replicaId: number): void {
    for (const session of this.#sessions.values()) if (session.replicaId === replicaId) this.#remove(session.id)
  }

  #freshId(): number {
    for (;;) {
      const id = this.#random.uint32() & 0x7fff_ffff
      if (id !== NO_SESSION && !this.#sessions.has(id)) return id
    }
  }
}

/** The list of all targets is made for those who want it. */
function outcomeOf<Type extends 'full' | 'incremental'>(type: Type, session: FetchSession) {
  return {
    type,
    session,
    get targets(): readonly FetchTarget[] {
      return session.targets()
    },
  }
}
