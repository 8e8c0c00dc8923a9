/**
 * What each event makes of a group in each state: the table of docs/spec/consumer-groups.md, as data. The type has no gaps, so a new
 * state or event does not compile until all its cells are there.
 */
import type { ConsumerGroupState } from './consumer-group.ts'

export type TableState = 'Dead' | ConsumerGroupState

export type TableEvent =
  | 'a member joins'
  | 'a member is heard of'
  | 'a member lets go'
  | 'a member subscribes to something else'
  | 'a member leaves'
  | 'the last member leaves'
  | 'a member is not heard of'
  | 'a member does not let go in time'
  | 'a static member goes away'
  | 'a static member comes back'
  | 'topics change, and a member is heard of'
  | 'the coordinator moves'

/** null: there is nobody in this state whom it could happen to. */
export type TableCell = TableState | null

/**
 * The groups that stand for the states have two members, one of them static. In Assigning a third has left, which nobody has heard of
 * yet; in Reconciling one of the two has been told to let go of what the other waits for.
 */
export const TRANSITIONS: Readonly<Record<TableEvent, Readonly<Record<TableState, TableCell>>>> = {
  'a member joins': { Dead: 'Stable', Empty: 'Stable', Assigning: 'Reconciling', Reconciling: 'Reconciling', Stable: 'Reconciling' },
  'a member is heard of': { Dead: null, Empty: null, Assigning: 'Reconciling', Reconciling: 'Reconciling', Stable: 'Stable' },
  'a member lets go': { Dead: null, Empty: null, Assigning: null, Reconciling: 'Reconciling', Stable: null },
  'a member subscribes to something else': {
    Dead: null,
    Empty: null,
    Assigning: 'Reconciling',
    Reconciling: 'Reconciling',
    Stable: 'Reconciling',
  },
  'a member leaves': { Dead: null, Empty: null, Assigning: 'Assigning', Reconciling: 'Assigning', Stable: 'Assigning' },
  'the last member leaves': { Dead: null, Empty: null, Assigning: 'Empty', Reconciling: 'Empty', Stable: 'Empty' },
  'a member is not heard of': { Dead: null, Empty: null, Assigning: 'Assigning', Reconciling: 'Assigning', Stable: 'Assigning' },
  'a member does not let go in time': { Dead: null, Empty: null, Assigning: null, Reconciling: 'Assigning', Stable: null },
  'a static member goes away': { Dead: null, Empty: null, Assigning: 'Assigning', Reconciling: 'Reconciling', Stable: 'Reconciling' },
  'a static member comes back': { Dead: null, Empty: null, Assigning: 'Reconciling', Reconciling: 'Reconciling', Stable: 'Stable' },
  'topics change, and a member is heard of': {
    Dead: null,
    Empty: null,
    Assigning: 'Reconciling',
    Reconciling: 'Reconciling',
    Stable: 'Reconciling',
  },
  'the coordinator moves': { Dead: 'Dead', Empty: 'Empty', Assigning: 'Assigning', Reconciling: 'Reconciling', Stable: 'Stable' },
}
