/** What raft-ts offers: the node, and the words it is spoken to in. */
export { DEFAULT_LIMITS, NEW_HARD_STATE, RaftConfigError } from './config.ts'
export type { HardState, InitialLog, InitialState, RaftLimits, RaftOptions } from './config.ts'
export type {
  Accept,
  Effect,
  NodeStatus,
  Persist,
  ReadEntries,
  ReadSnapshot,
  RefusalReason,
  RoleName,
  StoreSnapshot,
} from './effects.ts'
export { entryBytes } from './entries.ts'
export type { DataEntry, Entry, LogPosition, MembershipEntry, NodeId, NoopEntry } from './entries.ts'
export type { RaftEvent, ReadPurpose, RequestContext, SnapshotRead } from './events.ts'
export { InvariantError } from './invariants.ts'
export type { InvariantId } from './invariants.ts'
export { changeMembership, EMPTY_MEMBERSHIP, isMember, isVoter, membershipOf } from './membership/membership.ts'
export type { Membership, MembershipChange, MembershipChangeProblem } from './membership/membership.ts'
export type { Message, SnapshotMeta } from './messages.ts'
export { RaftNode } from './raft-node.ts'
export type { PeerProgress } from './raft-node.ts'
export type { ProgressState } from './replication/progress.ts'
