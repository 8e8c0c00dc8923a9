/**
 * What nodes say to each other. Messages are plain data: the transport encodes them as it likes, may lose, repeat, delay and
 * reorder them, and must not alter them. Their size is bounded by the limits of the sender.
 */
import type { Entry, LogPosition, NodeId } from './entries.ts'
import type { Membership } from './membership/membership.ts'

interface Addressed {
  /** Names the group of nodes that replicate one log. Messages of another group are dropped. */
  readonly groupId: string
  readonly from: NodeId
  readonly to: NodeId
  /** The sender's term; in the two messages of a pre-vote the term that an election would have. */
  readonly term: number
}

/** Would you vote for me? Asked before an election, so that a node that cannot win does not disturb those who can work. */
export interface PreVoteRequest extends Addressed {
  readonly type: 'pre-vote-request'
  readonly lastLog: LogPosition
}

/** A refusal carries the term of the one who refuses, so that a node left behind finds out. */
export interface PreVoteResponse extends Addressed {
  readonly type: 'pre-vote-response'
  readonly isGranted: boolean
}

export interface VoteRequest extends Addressed {
  readonly type: 'vote-request'
  readonly lastLog: LogPosition
  /** The leader itself asked for this election: voters that hear from it grant nevertheless. */
  readonly isTransfer: boolean
}

export interface VoteResponse extends Addressed {
  readonly type: 'vote-response'
  readonly isGranted: boolean
}

export interface AppendRequest extends Addressed {
  readonly type: 'append-request'
  /** The entry before the first of `entries`. */
  readonly previous: LogPosition
  readonly entries: readonly Entry[]
  /** The leader's. The follower may commit no further than what this message has verified. */
  readonly commitIndex: number
}

export type AppendResponse = AppendAccepted | AppendRejected

export interface AppendAccepted extends Addressed {
  readonly type: 'append-accepted'
  /** Up to here the sender's log equals the leader's and is durable. */
  readonly matchIndex: number
}

/** The log has no entry at `rejectedIndex` with the term the leader has there. */
export interface AppendRejected extends Addressed {
  readonly type: 'append-rejected'
  readonly rejectedIndex: number
  /** The last position at or before the rejected one that the sender has and whose term is no higher than the leader's there. */
  readonly hint: LogPosition
  /** The sender may have lost entries that it once accepted: this is no old message, however odd it looks. */
  readonly isRecovering: boolean
}

export interface HeartbeatRequest extends Addressed {
  readonly type: 'heartbeat-request'
  /** Counts the heartbeats of one leader. Whoever answers confirms that it knew no later term after the round began. */
  readonly round: number
  /** Never beyond what this follower is known to hold. */
  readonly commitIndex: number
  /** For a follower that is recovering: the leader knows of it, and the leader's log ends here. */
  readonly recovery: { readonly id: number; readonly lastIndex: number } | null
}

export interface HeartbeatResponse extends Addressed {
  readonly type: 'heartbeat-response'
  readonly round: number
  /** How much of its log the follower has seen to equal the leader's. After a restart it does not know, and has to be told. */
  readonly verifiedIndex: number
  /** Names this life of a process that may have lost entries; `null` for one that has not. */
  readonly recoveryId: number | null
}

/** A piece of a snapshot, in order. The receiver answers with the offset it wants next. */
export interface SnapshotRequest extends Addressed {
  readonly type: 'snapshot-request'
  readonly snapshot: SnapshotMeta
  /** In bytes from the beginning of the snapshot's stream. */
  readonly offset: number
  readonly data: Uint8Array
  readonly isLast: boolean
}

export interface SnapshotResponse extends Addressed {
  readonly type: 'snapshot-response'
  readonly snapshot: LogPosition
  readonly nextOffset: number
}

/** The leader's last word in a transfer: begin an election now, without asking first. */
export interface TimeoutNow extends Addressed {
  readonly type: 'timeout-now'
}

/** What a snapshot stands for: everything up to a position, and who was in the group there. */
export interface SnapshotMeta extends LogPosition {
  /** Invariant: committed. */
  readonly membership: Membership
}

export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | HeartbeatRequest
  | HeartbeatResponse
  | SnapshotRequest
  | SnapshotResponse
  | TimeoutNow

type WithoutAddress<M> = M extends Message ? Omit<M, 'groupId' | 'from' | 'to' | 'term'> : never

/** What a message says, before the outbox has put sender and group on it. */
export type MessageBody = WithoutAddress<Message>
