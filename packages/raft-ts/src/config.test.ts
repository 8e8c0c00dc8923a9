/** Options that cannot work, and disks that contradict themselves, are refused before anything is built on them. */
import { describe, expect, it } from 'vitest'
import {
  checkedConfig,
  checkInitialState,
  DEFAULT_LIMITS,
  type InitialState,
  NEW_HARD_STATE,
  RaftConfigError,
  type RaftOptions,
} from './config.ts'
import { membershipOf } from './membership/membership.ts'

const MEMBERSHIP = membershipOf(['a'])
const INITIAL: InitialState = {
  hardState: { ...NEW_HARD_STATE, term: 3, commitIndex: 6 },
  snapshot: { index: 5, term: 2, membership: MEMBERSHIP },
  log: {
    compacted: { index: 4, term: 1 },
    lastIndex: 8,
    termStarts: [
      { index: 5, term: 2 },
      { index: 7, term: 3 },
    ],
    memberships: [{ index: 6, membership: MEMBERSHIP }],
  },
  appliedIndex: 7,
}
const OPTIONS: RaftOptions = { id: 'a', groupId: 'g', random: () => 0, initial: INITIAL }

describe('options', () => {
  it('have defaults', () => {
    expect(checkedConfig(OPTIONS)).toMatchObject({ electionTicks: 12, heartbeatTicks: 2, leaseReads: false, limits: DEFAULT_LIMITS })
  })

  it.each<[string, Partial<RaftOptions>]>([
    ['no id', { id: '' }],
    ['no time for a heartbeat before an election', { electionTicks: 2, heartbeatTicks: 2 }],
    ['half a tick', { heartbeatTicks: 0.5 }],
    ['a limit of nothing', { limits: { inFlightMessages: 0 } }],
    ['a limit without end', { limits: { inFlightBytes: Infinity } }],
    ['no room for the largest proposal', { limits: { uncommittedBytes: 10, bytesPerProposal: 11 } }],
  ])('with %s are refused', (_name, change) => {
    expect(() => checkedConfig({ ...OPTIONS, ...change })).toThrow(RaftConfigError)
  })
})

describe('a disk', () => {
  it('that makes sense is taken', () => {
    expect(() => checkInitialState(INITIAL)).not.toThrow()
  })

  it.each<[string, Partial<InitialState> & { readonly change?: Partial<InitialState['log']> }]>([
    ['a hard state older than its log', { hardState: { ...NEW_HARD_STATE, term: 2 } }],
    ['a snapshot beyond its log', { snapshot: { index: 9, term: 3, membership: MEMBERSHIP } }],
    ['a gap between snapshot and log', { snapshot: { index: 3, term: 1, membership: MEMBERSHIP } }],
    ['an application that has applied more than there is', { appliedIndex: 9 }],
    ['a membership with somebody twice', { snapshot: { index: 5, term: 2, membership: { voters: ['a', 'a'], learners: [] } } }],
    ['a log that ends before it begins', { change: { lastIndex: 3 } }],
    ['terms that go back', { change: { termStarts: [INITIAL.log.termStarts[1] ?? { index: 5, term: 3 }, { index: 8, term: 2 }] } }],
    ['entries without a term', { change: { termStarts: [] } }],
    ['terms that begin too late', { change: { termStarts: [{ index: 6, term: 2 }] } }],
    [
      'terms of entries that are not there',
      {
        change: {
          termStarts: [
            { index: 5, term: 2 },
            { index: 9, term: 3 },
          ],
        },
      },
    ],
    ['a membership outside of its log', { change: { memberships: [{ index: 4, membership: MEMBERSHIP }] } }],
  ])('with %s is refused', (_name, { change, ...rest }) => {
    expect(() => checkInitialState({ ...INITIAL, ...rest, log: { ...INITIAL.log, ...change } })).toThrow(RaftConfigError)
  })
})
