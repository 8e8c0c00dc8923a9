/**
 * What each event makes of a classic group in each state: the table of docs/spec/classic-groups.md, as data. A cell says how whoever
 * asks is answered, if anybody does, and the state after it. The type has no gaps, so a new state or event does not compile until all
 * its cells are there.
 */
import type { ClassicPhase } from './state.ts'

/** Dead is a group that is not there. */
export type TableState = 'Dead' | ClassicPhase

export const TABLE_EVENTS = [
  'a newcomer joins',
  'a newcomer asks for an id',
  'a newcomer of another type joins',
  'the leader joins again',
  'the follower joins again',
  'the follower joins again and reads something else',
  'the follower comes back as a static member does',
  'the leader syncs',
  'the follower syncs',
  'the follower syncs in an earlier generation',
  'the follower sends a heartbeat',
  'the follower sends one in an earlier generation',
  'the follower commits',
  'somebody commits who is no member',
  'the follower commits in a transaction',
  'the follower leaves',
  'all members leave',
  'the follower is not heard of',
  'the time to join or to sync is over',
  'the group is deleted',
  'the coordinator moves',
] as const
export type TableEvent = (typeof TABLE_EVENTS)[number]

type Answer =
  | 'NONE'
  | 'waits'
  | 'MEMBER_ID_REQUIRED'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'UNKNOWN_MEMBER_ID'
  | 'ILLEGAL_GENERATION'
  | 'REBALANCE_IN_PROGRESS'
  | 'GROUP_ID_NOT_FOUND'
  | 'NON_EMPTY_GROUP'

export type TableCell = `${Answer}, ${TableState}` | TableState

type Row = Readonly<Record<TableState, TableCell>>

/** As it would be for one who is no member: in Dead and Empty, those who ask were members before. */
const STRANGER: Pick<Row, 'Dead' | 'Empty'> = { Dead: 'UNKNOWN_MEMBER_ID, Dead', Empty: 'UNKNOWN_MEMBER_ID, Empty' }
const NOBODY: Pick<Row, 'Dead' | 'Empty'> = { Dead: 'Dead', Empty: 'Empty' }

/**
 * The groups that stand for the states have two members: a leader, and a follower which is a static member. In PreparingRebalance the
 * leader has joined again and waits, in CompletingRebalance nobody has synced.
 */
export const TRANSITIONS: Readonly<Record<TableEvent, Row>> = {
  'a newcomer joins': {
    Dead: 'waits, PreparingRebalance',
    Empty: 'waits, PreparingRebalance',
    PreparingRebalance: 'waits, PreparingRebalance',
    CompletingRebalance: 'waits, PreparingRebalance',
    Stable: 'waits, PreparingRebalance',
  },
  'a newcomer asks for an id': {
    Dead: 'MEMBER_ID_REQUIRED, Empty',
    Empty: 'MEMBER_ID_REQUIRED, Empty',
    PreparingRebalance: 'MEMBER_ID_REQUIRED, PreparingRebalance',
    CompletingRebalance: 'MEMBER_ID_REQUIRED, CompletingRebalance',
    Stable: 'MEMBER_ID_REQUIRED, Stable',
  },
  'a newcomer of another type joins': {
    Dead: 'waits, PreparingRebalance',
    Empty: 'waits, PreparingRebalance',
    PreparingRebalance: 'INCONSISTENT_GROUP_PROTOCOL, PreparingRebalance',
    CompletingRebalance: 'INCONSISTENT_GROUP_PROTOCOL, CompletingRebalance',
    Stable: 'INCONSISTENT_GROUP_PROTOCOL, Stable',
  },
  'the leader joins again': {
    ...STRANGER,
    PreparingRebalance: 'waits, PreparingRebalance',
    CompletingRebalance: 'NONE, CompletingRebalance',
    Stable: 'waits, PreparingRebalance',
  },
  'the follower joins again': {
    ...STRANGER,
    PreparingRebalance: 'NONE, CompletingRebalance',
    CompletingRebalance: 'NONE, CompletingRebalance',
    Stable: 'NONE, Stable',
  },
  'the follower joins again and reads something else': {
    ...STRANGER,
    PreparingRebalance: 'NONE, CompletingRebalance',
    CompletingRebalance: 'waits, PreparingRebalance',
    Stable: 'waits, PreparingRebalance',
  },
  'the follower comes back as a static member does': {
    Dead: 'waits, PreparingRebalance',
    Empty: 'waits, PreparingRebalance',
    PreparingRebalance: 'NONE, CompletingRebalance',
    CompletingRebalance: 'waits, PreparingRebalance',
    Stable: 'NONE, Stable',
  },
  'the leader syncs': {
    ...STRANGER,
    PreparingRebalance: 'REBALANCE_IN_PROGRESS, PreparingRebalance',
    CompletingRebalance: 'NONE, Stable',
    Stable: 'NONE, Stable',
  },
  'the follower syncs': {
    ...STRANGER,
    PreparingRebalance: 'REBALANCE_IN_PROGRESS, PreparingRebalance',
    CompletingRebalance: 'waits, CompletingRebalance',
    Stable: 'NONE, Stable',
  },
  'the follower syncs in an earlier generation': {
    ...STRANGER,
    PreparingRebalance: 'ILLEGAL_GENERATION, PreparingRebalance',
    CompletingRebalance: 'ILLEGAL_GENERATION, CompletingRebalance',
    Stable: 'ILLEGAL_GENERATION, Stable',
  },
  'the follower sends a heartbeat': {
    ...STRANGER,
    PreparingRebalance: 'REBALANCE_IN_PROGRESS, PreparingRebalance',
    CompletingRebalance: 'NONE, CompletingRebalance',
    Stable: 'NONE, Stable',
  },
  'the follower sends one in an earlier generation': {
    ...STRANGER,
    PreparingRebalance: 'ILLEGAL_GENERATION, PreparingRebalance',
    CompletingRebalance: 'ILLEGAL_GENERATION, CompletingRebalance',
    Stable: 'ILLEGAL_GENERATION, Stable',
  },
  'the follower commits': {
    Dead: 'GROUP_ID_NOT_FOUND, Dead',
    Empty: 'UNKNOWN_MEMBER_ID, Empty',
    PreparingRebalance: 'NONE, PreparingRebalance',
    CompletingRebalance: 'REBALANCE_IN_PROGRESS, CompletingRebalance',
    Stable: 'NONE, Stable',
  },
  'somebody commits who is no member': {
    Dead: 'NONE, Empty',
    Empty: 'NONE, Empty',
    PreparingRebalance: 'UNKNOWN_MEMBER_ID, PreparingRebalance',
    CompletingRebalance: 'UNKNOWN_MEMBER_ID, CompletingRebalance',
    Stable: 'UNKNOWN_MEMBER_ID, Stable',
  },
  'the follower commits in a transaction': {
    Dead: 'ILLEGAL_GENERATION, Dead',
    Empty: 'UNKNOWN_MEMBER_ID, Empty',
    PreparingRebalance: 'NONE, PreparingRebalance',
    CompletingRebalance: 'NONE, CompletingRebalance',
    Stable: 'NONE, Stable',
  },
  'the follower leaves': {
    ...STRANGER,
    // The leader was waiting for it alone.
    PreparingRebalance: 'NONE, CompletingRebalance',
    CompletingRebalance: 'NONE, PreparingRebalance',
    Stable: 'NONE, PreparingRebalance',
  },
  'all members leave': {
    ...STRANGER,
    PreparingRebalance: 'NONE, Empty',
    CompletingRebalance: 'NONE, Empty',
    Stable: 'NONE, Empty',
  },
  'the follower is not heard of': {
    ...NOBODY,
    PreparingRebalance: 'CompletingRebalance',
    CompletingRebalance: 'PreparingRebalance',
    Stable: 'PreparingRebalance',
  },
  'the time to join or to sync is over': {
    ...NOBODY,
    // The follower keeps its place, for it is a static member.
    PreparingRebalance: 'CompletingRebalance',
    // Nobody has synced, so nobody is left.
    CompletingRebalance: 'Empty',
    Stable: 'Stable',
  },
  'the group is deleted': {
    Dead: 'GROUP_ID_NOT_FOUND, Dead',
    Empty: 'NONE, Dead',
    PreparingRebalance: 'NON_EMPTY_GROUP, PreparingRebalance',
    CompletingRebalance: 'NON_EMPTY_GROUP, CompletingRebalance',
    Stable: 'NON_EMPTY_GROUP, Stable',
  },
  'the coordinator moves': {
    ...NOBODY,
    // What was agreed on last was written.
    PreparingRebalance: 'Stable',
    CompletingRebalance: 'Stable',
    Stable: 'Stable',
  },
}
