/**
 * What a node wants done. The driver performs effects in the order it is given them; those that take time may go on beside
 * each other and are answered by events. Nothing here asks the driver to decide anything.
 */
import type { HardState } from './config.ts'
import type { Entry, LogPosition, NodeId } from './entries.ts'
import type { ReadPurpose, RequestContext } from './events.ts'
import type { MembershipChangeProblem } from './membership/membership.ts'
import type { Message, SnapshotMeta } from './messages.ts'

export type Effect =
  /** Everything the message claims is durable already. It may be lost, but not altered. */
  | { readonly type: 'send'; readonly message: Message }
  | Persist
  /** Answered by `entries-read`. */
  | ReadEntries
  /** Committed, durable here, in order, each once in the life of the process. Answered by `applied`; the next follows after that. */
  | { readonly type: 'apply'; readonly entries: readonly Entry[] }
  /** Replace the application's state by that of a snapshot that is durable here. Answered by `applied`. */
  | { readonly type: 'restore'; readonly snapshot: SnapshotMeta }

  /** The entries are in this leader's log. They are committed if the entry applied at `lastIndex` has this term, and else lost. */
  | Accept
  | { readonly type: 'refuse'; readonly context: RequestContext; readonly reason: RefusalReason }
  /** The application's state, which has reached `index`, may answer the read. */
  | { readonly type: 'answer-read'; readonly context: RequestContext; readonly index: number }
  | { readonly type: 'report-status'; readonly status: NodeStatus }

  /** Answered by `snapshot-read` or `snapshot-unreadable`. */
  | ReadSnapshot
  /** Answered by `snapshot-chunk-stored`. A chunk at offset 0 begins a new stream; what was stored of another one is to be removed. */
  | StoreSnapshot

/**
 * One write: in this order the hard state, the snapshot, the truncation, the entries. Storage takes writes one after the other
 * and says `persisted` when one is durable as a whole. A crash may leave any beginning of that order, and nothing else.
 */
export interface Persist {
  readonly type: 'persist'
  /** Counted from 1 in the life of the process. */
  readonly seq: number
  readonly hardState: HardState | null
  /** A snapshot that was received whole takes the place of the log, in one step that a crash does not tear. */
  readonly snapshot: SnapshotMeta | null
  readonly truncateFrom: number | null
  readonly entries: readonly Entry[]
}

export interface ReadEntries {
  readonly type: 'read-entries'
  readonly purpose: ReadPurpose
  readonly fromIndex: number
  readonly lastIndex: number
  /** As many as fit, but at least one. */
  readonly bytesMax: number
}

export interface Accept {
  readonly type: 'accept'
  readonly context: RequestContext
  readonly firstIndex: number
  readonly lastIndex: number
  readonly term: number
}

export interface ReadSnapshot {
  readonly type: 'read-snapshot'
  readonly to: NodeId
  readonly snapshot: LogPosition
  readonly offset: number
  readonly bytesMax: number
}

export interface StoreSnapshot {
  readonly type: 'store-snapshot'
  readonly snapshot: SnapshotMeta
  readonly offset: number
  readonly data: Uint8Array
  readonly isLast: boolean
}

export type RefusalReason =
  /** Ask the leader that the status names. */
  | 'not-leader'
  /** The leader stopped being one, or was removed, while the request waited. A read may be asked again. */
  | 'leadership-lost'
  /** A new leader has committed nothing of its own yet. Try again soon. */
  | 'leader-not-ready'
  | 'leadership-transfer'
  | 'transfer-timed-out'
  /** Too much is waiting. Nothing was done; try again when something was committed. */
  | 'too-many-waiting'
  | 'empty'
  | 'too-large'
  | 'change-in-progress'
  | 'not-caught-up'
  | 'not-a-voter'
  | 'storage-failed'
  | MembershipChangeProblem

export type RoleName = 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'failed'

export interface NodeStatus {
  readonly role: RoleName
  readonly term: number
  /** Who leads in this term, as far as this node knows. */
  readonly leader: NodeId | null
  /** This node leads and has applied an entry of its own term: its application's state is the newest there is. */
  readonly isReady: boolean
  /** This node takes part in no election until it holds again what it may have lost. */
  readonly isRecovering: boolean
}
