/**
 * Log entries. What an application puts in is opaque bytes; what Raft puts in for itself is typed, so that storage can write it
 * as it likes.
 */
import type { Membership } from './membership/membership.ts'

/**
 * Names one life of one data directory. A node that lost its disk must come back under another id: under the old one it would
 * be believed to remember votes and entries that it has forgotten.
 */
export type NodeId = string

/** Where an entry is, and in whose term it was written. Two logs that agree on an entry's position agree on all before it. */
export interface LogPosition {
  /** Counted from 1; 0 is before the first entry. */
  readonly index: number
  /** Counted from 1; 0 is the term of the position before the first entry. */
  readonly term: number
}

export type Entry = DataEntry | NoopEntry | MembershipEntry

/** What the application proposed. Invariant: the bytes are not changed by anybody once they were proposed. */
export interface DataEntry extends LogPosition {
  readonly type: 'data'
  readonly data: Uint8Array
}

/** A new leader's first entry: committing it commits all that older leaders left. The very first leader writes the membership instead. */
export interface NoopEntry extends LogPosition {
  readonly type: 'noop'
}

/** Who is in the group from this entry on, whether it is committed or not. */
export interface MembershipEntry extends LogPosition {
  readonly type: 'membership'
  readonly membership: Membership
}

/** What an entry counts for beyond its data, so that empty entries are not free. */
const ENTRY_OVERHEAD_BYTES = 32
const MEMBER_BYTES = 32

/** What an entry counts for in every limit of this package. Fixed for the life of the entry. */
export function entryBytes(entry: Entry): number {
  switch (entry.type) {
    case 'data':
      return ENTRY_OVERHEAD_BYTES + entry.data.length
    case 'noop':
      return ENTRY_OVERHEAD_BYTES
    case 'membership':
      return ENTRY_OVERHEAD_BYTES + MEMBER_BYTES * (entry.membership.voters.length + entry.membership.learners.length)
  }
}

/** Raft's order of logs: the later term of the last entry wins, and within a term the longer log. Never one without the other. */
export function isAtLeastAsUpToDate(candidate: LogPosition, own: LogPosition): boolean {
  return candidate.term > own.term || (candidate.term === own.term && candidate.index >= own.index)
}
