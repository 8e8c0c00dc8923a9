/**
 * How far one follower is, as its fetches tell its leader. A follower fetches from where its log ends, and in `fsync` topics only after
 * a flush, so what it asks for says what it has.
 */

export interface FollowerProgress {
  readonly replicaId: number
  /** It holds everything below, as safely as the topic asks for; -1 until it has fetched in this leader's time. */
  fetchOffset: number
  /** Where its log begins; -1 until it has said. */
  logStartOffset: number
  /** Of the life of the broker that fetched last; -1 until it has fetched. Invariant R5: it never falls. */
  brokerEpoch: number
  lastFetchMs: number
  /** Where the leader's log ended then. */
  endOffsetThen: number
  /** When it last had everything that the leader had; negative infinity for never. */
  lastCaughtUpMs: number
}

export interface FollowerFetch {
  readonly brokerEpoch: number
  readonly fetchOffset: number
  readonly logStartOffset: number
}

const NEVER = Number.NEGATIVE_INFINITY

/** A member of the ISR is given the benefit of the doubt until it had the time to show itself. */
export function unseenFollower(replicaId: number, isInSync: boolean, nowMs: number): FollowerProgress {
  return {
    replicaId,
    fetchOffset: -1,
    logStartOffset: -1,
    brokerEpoch: -1,
    lastFetchMs: NEVER,
    endOffsetThen: Number.MAX_SAFE_INTEGER,
    lastCaughtUpMs: isInSync ? nowMs : NEVER,
  }
}

/** False for a fetch that an earlier life of the broker left behind, which changes nothing. */
export function noteFetch(progress: FollowerProgress, fetch: FollowerFetch, endOffset: number, nowMs: number): boolean {
  if (fetch.brokerEpoch < progress.brokerEpoch) return false
  if (fetch.fetchOffset >= endOffset) progress.lastCaughtUpMs = Math.max(progress.lastCaughtUpMs, nowMs)
  // It has what there was when it asked last, so it was up to date then.
  else if (fetch.fetchOffset >= progress.endOffsetThen) progress.lastCaughtUpMs = Math.max(progress.lastCaughtUpMs, progress.lastFetchMs)
  progress.brokerEpoch = fetch.brokerEpoch
  progress.fetchOffset = fetch.fetchOffset
  progress.logStartOffset = fetch.logStartOffset
  progress.lastFetchMs = nowMs
  progress.endOffsetThen = endOffset
  return true
}

/** It has everything, or had so not long ago. */
export function isCaughtUp(progress: FollowerProgress, endOffset: number, lagTimeMaxMs: number, nowMs: number): boolean {
  return progress.fetchOffset === endOffset || nowMs - progress.lastCaughtUpMs <= lagTimeMaxMs
}
