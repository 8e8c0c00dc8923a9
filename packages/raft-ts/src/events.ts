/** What happens to a node. Each event is one step; none waits for anything. */
import type { Entry, LogPosition, NodeId } from './entries.ts'
import type { MembershipChange } from './membership/membership.ts'
import type { Message } from './messages.ts'

/** Handed back with the answer. The node never looks into it. */
export type RequestContext = unknown

export type RaftEvent =
  /** Time has passed. After a pause that swallowed ticks the driver sends one, and says so. */
  | { readonly type: 'tick'; readonly isStalled?: boolean }
  | { readonly type: 'message-received'; readonly message: Message }
  | { readonly type: 'peer-unreachable'; readonly id: NodeId }

  /** Answered by `accept` or `refuse`. All of the entries are appended, next to each other, or none. */
  | { readonly type: 'proposed'; readonly data: readonly Uint8Array[]; readonly context: RequestContext }
  | { readonly type: 'membership-change-proposed'; readonly change: MembershipChange; readonly context: RequestContext }
  /** Answered by `answer-read` or `refuse`. */
  | { readonly type: 'read-requested'; readonly context: RequestContext }
  /** Without a target the voter that is furthest. Refused, or seen to be done in the status. */
  | { readonly type: 'transfer-requested'; readonly to: NodeId | null; readonly context: RequestContext }
  /** An operator, or a test, does not want to wait for the election timeout. Ignored where a lease may run. */
  | { readonly type: 'campaign-requested' }

  /** The write with this number and all before it are durable. Writes complete in the order of their numbers. */
  | { readonly type: 'persisted'; readonly seq: number }
  /** A write, a flush or a read failed, or what was read was damaged. There is no way back but a restart through recovery. */
  | { readonly type: 'storage-failed' }
  /** Answers `read-entries`: at least one entry unless they were compacted meanwhile, from the first one asked for. */
  | { readonly type: 'entries-read'; readonly purpose: ReadPurpose; readonly entries: readonly Entry[] }
  /** Answers `apply` and `restore`. */
  | { readonly type: 'applied'; readonly index: number }

  /** The application's state at this index is durable as a snapshot; what belongs to it came from `snapshotMetaAt`. */
  | { readonly type: 'snapshot-taken'; readonly index: number }
  /** Storage has removed all entries up to this index, which a snapshot covers. */
  | { readonly type: 'log-compacted'; readonly index: number }
  /** Answers `read-snapshot`. */
  | SnapshotRead
  /** Answers `read-snapshot` when that snapshot is gone or damaged. */
  | { readonly type: 'snapshot-unreadable'; readonly to: NodeId; readonly snapshot: LogPosition }
  /** Answers `store-snapshot`; after the last chunk `snapshot-received` follows. */
  | { readonly type: 'snapshot-chunk-stored'; readonly snapshot: LogPosition; readonly nextOffset: number }
  /** All chunks are stored and durable, and their checksums were compared. */
  | { readonly type: 'snapshot-received'; readonly snapshot: LogPosition; readonly isIntact: boolean }

export interface SnapshotRead {
  readonly type: 'snapshot-read'
  readonly to: NodeId
  readonly snapshot: LogPosition
  readonly offset: number
  readonly data: Uint8Array
  readonly isLast: boolean
}

/** What entries are read for: to apply them here, or to send them to a follower. */
export type ReadPurpose = { readonly type: 'apply' } | { readonly type: 'send'; readonly to: NodeId }
