/**
 * All that a node knows, in one place. The files beside this one each change the part that is theirs, in place: a node has
 * one owner, takes one event at a time, and hands out nothing of this.
 */
import type { RaftConfig } from './config.ts'
import type { Effect } from './effects.ts'
import type { NodeId } from './entries.ts'
import type { RequestContext } from './events.ts'
import type { RaftLog } from './log/raft-log.ts'
import type { MembershipHistory } from './membership/membership-history.ts'
import type { SnapshotMeta } from './messages.ts'
import type { Outbox } from './outbox.ts'
import type { VoterSets } from './quorum/majority.ts'
import type { ReadQueue } from './reads/read-queue.ts'
import type { Progress } from './replication/progress.ts'
import type { Uncommitted } from './replication/uncommitted.ts'
import type { WriteStream } from './write-stream.ts'

export interface RaftState {
  readonly config: RaftConfig
  readonly log: RaftLog
  readonly memberships: MembershipHistory
  readonly writes: WriteStream
  readonly outbox: Outbox
  /** What is to be done besides messages and writes, in order. */
  effects: Effect[]
  /** Invariant: never goes back. */
  term: number
  /** Invariant: within a term it changes once at most, from nobody to somebody. */
  votedFor: NodeId | null
  /**
   * Up to here the log equals that of this term's leader: a message of this term has shown it. Nothing beyond it is committed on a
   * leader's word. A new term begins with 0.
   */
  verifiedIndex: number
  role: Role
  readonly timers: Timers
  readonly applying: Applying
  /** The newest one of the application's own, or the one it was restored from. A follower that is far behind gets it. */
  snapshot: SnapshotMeta
  recovery: Recovery | null
}

export type Role = Follower | PreCandidate | Candidate | Leader | { readonly type: 'failed' }

export interface Follower {
  readonly type: 'follower'
  leader: NodeId | null
  receiving: SnapshotReception | null
}

/** Asks whether an election could be won. Nothing was written, and nobody was disturbed. */
export interface PreCandidate {
  readonly type: 'pre-candidate'
  readonly votes: Map<NodeId, boolean>
}

export interface Candidate {
  readonly type: 'candidate'
  /** The own vote counts when it is durable, as any other. */
  readonly votes: Map<NodeId, boolean>
}

export interface Leader {
  readonly type: 'leader'
  /** Everybody in the membership in force but the leader itself, in the order of ids. */
  peers: Map<NodeId, Progress>
  /** The entry that this leader began with. What follows from being leader waits until it is committed, or applied. */
  readonly firstIndex: number
  /** When it began to lead, in ticks. */
  readonly sinceTick: number
  readonly uncommitted: Uncommitted
  /** For so many ticks on end proposals have found no room. */
  overrunTicks: number
  readonly reads: ReadQueue
  /** Heartbeats of this leader so far. */
  round: number
  /** Where the log ended when the last round began. */
  roundLastIndex: number
  readonly lease: Lease
  transfer: Transfer | null
}

/** While it runs no other leader can have been elected. Counted in the leader's own ticks. */
export interface Lease {
  /** Exclusive. */
  endTick: number
  /** The round that will prolong it when a quorum has answered, and when that round began. */
  sample: { readonly round: number; readonly tick: number } | null
  /** A transfer in this term lets another node win at any time: no lease any more. */
  isForfeited: boolean
}

export interface Transfer {
  readonly to: NodeId
  readonly context: RequestContext
  ticks: number
  isSent: boolean
}

export interface Timers {
  /** Ticks in the life of the process. */
  now: number
  /** Since the leader was heard, a vote was granted or an election began. Of no meaning to a leader. */
  electionElapsed: number
  /** Drawn anew whenever the count begins. */
  electionTimeout: number
  heartbeatElapsed: number
}

/** What the application has been given and not confirmed. One thing at a time, so that nothing overtakes anything. */
export interface Applying {
  isBusy: boolean
  isReading: boolean
  /** The application is to be set back to this snapshot before it is given entries. */
  restore: SnapshotMeta | null
}

/** A snapshot on its way from the leader of this term. */
export interface SnapshotReception {
  readonly snapshot: SnapshotMeta
  receivedOffset: number
  storedOffset: number
  isComplete: boolean
}

/** What a node that may have lost entries must hold again before it may take part in elections. */
export interface Recovery {
  /** Tells heartbeats that answer this life of the process from older ones. */
  readonly id: number
  /** The end of the leader's log when it first knew of this life; all that was ever acknowledged to it lies below. */
  targetIndex: number
  /** The term of the leader who said so; 0 before any has. */
  targetTerm: number
}

export function voterSets(raft: RaftState): VoterSets {
  return [raft.memberships.inForce.voters]
}
