import type { GroupDescription, GroupMember } from '@millrace/client'
import { describe, expect, it } from 'vitest'
import { diagnose, type Evidence } from './diagnosis.ts'
import type { PartitionProgress } from './group-progress.ts'

const member = (memberId: string, changes: Partial<GroupMember> = {}): GroupMember => ({
  memberId,
  instanceId: null,
  clientId: 'app',
  clientHost: '/10.0.0.1',
  topics: ['t'],
  topicPattern: null,
  epoch: null,
  assignment: [{ topic: 't', partition: 0 }],
  target: null,
  ...changes,
})

const group = (changes: Partial<GroupDescription> = {}): GroupDescription => ({
  groupId: 'g',
  type: 'classic',
  state: 'Stable',
  assignor: 'range',
  epoch: null,
  coordinatorId: 1,
  coordinatorAddress: 'h:1',
  members: [member('m')],
  ...changes,
})

const progress = (changes: Partial<PartitionProgress> = {}): PartitionProgress => ({
  topic: 't',
  partition: 0,
  committed: 5,
  startOffset: 0,
  endOffset: 9,
  stableEndOffset: 9,
  lag: 4,
  memberId: 'm',
  exists: true,
  hasLeader: true,
  ...changes,
})

const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  group: group(),
  partitions: [progress()],
  openTransactions: [],
  before: null,
  ...changes,
})

describe('a group that nothing holds up', () => {
  it.each([
    ['looked at once', evidence()],
    ['that commits', evidence({ before: { seconds: 5, partitions: [progress({ committed: 4 })] } })],
    [
      'that has read all',
      evidence({ partitions: [progress({ committed: 9, lag: 0 })], before: { seconds: 5, partitions: [progress({ committed: 9 })] } }),
    ],
  ])('%s has no findings', (_what, given) => {
    expect(diagnose(given)).toEqual([])
  })
})

describe('what holds a group up', () => {
  const rows: readonly [string, Evidence, string, RegExp][] = [
    [
      'nobody is there',
      evidence({ group: group({ state: 'Empty', members: [] }), partitions: [progress({ memberId: null })] }),
      'no-members',
      /4 records wait/,
    ],
    ['a rebalance', evidence({ group: group({ state: 'PreparingRebalance' }) }), 'rebalancing', /PreparingRebalance/],
    [
      'a member that does not let go',
      evidence({
        group: group({ type: 'consumer', state: 'Reconciling', epoch: 4, members: [member('m', { epoch: 3 }), member('n', { epoch: 4 })] }),
      }),
      'member-behind',
      /member m \(app at 10\.0\.0\.1\) is at epoch 3 of 4/,
    ],
    [
      'a topic that is gone',
      evidence({ partitions: [progress({ exists: false, hasLeader: false })] }),
      'topic-missing',
      /does not exist any more/,
    ],
    ['a partition without a leader', evidence({ partitions: [progress({ hasLeader: false })] }), 'no-leader', /t 0 has no leader/],
    [
      'records that are gone',
      evidence({ partitions: [progress({ committed: 2, startOffset: 3 })] }),
      'records-gone',
      /up to 2, but begins at 3/,
    ],
    ['an end that is gone', evidence({ partitions: [progress({ committed: 12, lag: 0 })] }), 'beyond-end', /up to 12, but ends at 9/],
    [
      'a transaction',
      evidence({
        partitions: [progress({ committed: 6, stableEndOffset: 6 })],
        openTransactions: [{ topic: 't', partition: 0, producerId: 77, transactionStartOffset: 6, lastTimestamp: 1 }],
      }),
      'open-transaction',
      /by producer 77 is open since offset 6/,
    ],
    ['a partition that nobody has', evidence({ partitions: [progress({ memberId: null })] }), 'no-owner', /read by no member/],
    [
      'too many members',
      evidence({ group: group({ members: [member('m'), member('n', { assignment: [] })] }) }),
      'idle-members',
      /1 member of 2 has no partition/,
    ],
    [
      'a member that has not begun',
      evidence({ partitions: [progress({ committed: null, lag: null })] }),
      'never-committed',
      /not committed anything yet/,
    ],
    [
      'a member that stands still',
      evidence({ before: { seconds: 5, partitions: [progress()] } }),
      'no-commits',
      /4 records before it, and committed nothing in 5 s/,
    ],
  ]

  it.each(rows)('%s', (_what, given, code, message) => {
    expect(diagnose(given)).toEqual([{ code, message: expect.stringMatching(message) }])
  })
})
