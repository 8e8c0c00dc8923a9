import type { PartitionChangeRecord, PartitionImage } from '@millrace/metadata'
import { describe, expect, it } from 'vitest'
import { changePartition, type PartitionChange } from './change-partition.ts'

const BEFORE: PartitionImage = {
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  recoveryState: 'recovered',
}

const only =
  (...ids: number[]) =>
  (id: number) =>
    ids.includes(id)

type Given = Partial<Omit<PartitionChange, 'before' | 'rules'>> & {
  readonly before?: Partial<PartitionImage>
  readonly minIsr?: number
  readonly unclean?: boolean
}

/** What the record says beside where; null: there is none. */
function change({
  before,
  minIsr = 2,
  unclean = false,
  ...wanted
}: Given): Omit<PartitionChangeRecord, 'type' | 'topicId' | 'partition'> | null {
  const changed = changePartition({
    topicId: 'topic',
    partition: 0,
    before: { ...BEFORE, ...before },
    rules: { minInsyncReplicas: minIsr, allowsUncleanElection: unclean, isLostByCrash: false },
    mayLead: () => true,
    ...wanted,
  })
  if (changed === null) return null
  const { type: _type, topicId: _topicId, partition: _partition, ...rest } = changed.record
  return rest
}

type Row = [string, Given, ReturnType<typeof change>]

describe('the ISR', () => {
  it.each<Row>([
    ['as it is needs no record', {}, null],
    ['in another order needs none either', { isr: [3, 2, 1] }, null],
    ['may shrink without a new leader epoch', { isr: [1, 2] }, { isr: [1, 2] }],
    ['may grow, in the order of assignment', { before: { isr: [1] }, isr: [3, 1, 2], minIsr: 1 }, { isr: [1, 2, 3] }],
    ['loses the leader to the next', { isr: [2, 3], mayLead: only(2, 3) }, { isr: [2, 3], leader: 2 }],
    ['has no brokers that are no replicas', { isr: [1, 2, 3, 9] }, null],
  ])('%s', (_what, given, record) => expect(change(given)).toEqual(record))
})

describe('the ELR', () => {
  it.each<Row>([
    ['is empty while enough are in sync', { isr: [1, 2] }, { isr: [1, 2] }],
    ['has who left when too few were', { before: { isr: [1, 2] }, isr: [1] }, { isr: [1], elr: [2] }],
    [
      'keeps who left before',
      { before: { isr: [1], elr: [2] }, isr: [], mayLead: only() },
      { isr: [], elr: [1, 2], leader: -1, lastKnownElr: [1] },
    ],
    ['has all who left at once', { isr: [1] }, { isr: [1], elr: [2, 3] }],
    ['is empty again when enough are in sync', { before: { isr: [1], elr: [2] }, isr: [1, 3] }, { isr: [1, 3], elr: [] }],
    ['loses who comes back into sync', { before: { isr: [1], elr: [2, 3] }, minIsr: 3, isr: [1, 3] }, { isr: [1, 3], elr: [2] }],
    ['has nobody who lost something', { before: { isr: [1, 2] }, isr: [1], hasLost: only(2) }, { isr: [1] }],
    ['loses whoever lost something', { before: { isr: [1], elr: [2] }, hasLost: only(2) }, { elr: [] }],
    ['counts no more replicas than there are', { before: { replicas: [1, 2], isr: [1, 2] }, minIsr: 5, isr: [1] }, { isr: [1], elr: [2] }],
    ['is forgotten when its meaning changes', { before: { isr: [1], elr: [2] }, minIsr: 3, forgetsElr: true }, { elr: [] }],
    [
      'is kept then while nobody leads: nothing can have been committed',
      { before: { isr: [], elr: [2], leader: -1 }, minIsr: 1, forgetsElr: true, mayLead: only() },
      null,
    ],
    [
      'gives a leader when the ISR is empty, and keeps the others while too few are in sync',
      { before: { isr: [], elr: [2, 3], leader: -1, lastKnownElr: [1] } },
      { isr: [2], elr: [3], leader: 2, lastKnownElr: [] },
    ],
    ['and forgets them when one is enough', { before: { isr: [], elr: [2, 3], leader: -1 }, minIsr: 1 }, { isr: [2], elr: [], leader: 2 }],
  ])('%s', (_what, given, record) => expect(change(given)).toEqual(record))
})

describe('a partition that nobody can lead', () => {
  const offline = { isr: [], elr: [], leader: -1, lastKnownElr: [3] }

  it.each<Row>([
    ['remembers who led', { isr: [], mayLead: only() }, { isr: [], elr: [1, 2, 3], leader: -1, lastKnownElr: [1] }],
    ['but not a leader whose log failed', { before: { replicas: [1], isr: [1] }, hasFailed: only(1) }, { isr: [], leader: -1 }],
    ['waits', { before: offline, mayLead: only(1, 2) }, null],
    [
      'is led by who led last, which has to recover',
      { before: offline },
      { isr: [3], leader: 3, lastKnownElr: [], recoveryState: 'recovering' },
    ],
    [
      'is led by anybody where that is allowed',
      { before: offline, mayLead: only(2), unclean: true },
      { isr: [2], leader: 2, lastKnownElr: [], recoveryState: 'recovering' },
    ],
    [
      'or where an operator wants it',
      { before: offline, mayLead: only(2), election: 'unclean' },
      { isr: [2], leader: 2, lastKnownElr: [], recoveryState: 'recovering' },
    ],
    [
      'though somebody eligible is away',
      { before: { ...offline, elr: [1] }, mayLead: only(2), election: 'unclean' },
      { isr: [2], elr: [], leader: 2, lastKnownElr: [], recoveryState: 'recovering' },
    ],
    ['never by a replica whose log failed', { before: offline, mayLead: only(3), hasFailed: only(3), unclean: true }, { lastKnownElr: [] }],
  ])('%s', (_what, given, record) => expect(change(given)).toEqual(record))
})

describe('the leader epoch', () => {
  it.each<Row>([
    ['rises when the leader may have lost something, whoever leads then', { hasLost: only(1) }, { isr: [2, 3], leader: 2 }],
    [
      'rises when it leads again because nobody else can',
      { before: { replicas: [1], isr: [1] }, hasLost: only(1) },
      { leader: 1, recoveryState: 'recovering' },
    ],
    ['rises when a replica leaves', { replicas: [1, 2] }, { replicas: [1, 2], isr: [1, 2], leader: 1 }],
    ['stays when one comes', { replicas: [1, 2, 3, 4], addingReplicas: [4] }, { replicas: [1, 2, 3, 4], addingReplicas: [4] }],
  ])('%s', (_what, given, record) => expect(change(given)).toEqual(record))
})

describe('a reassignment', () => {
  const moving = { replicas: [4, 5, 1, 2], addingReplicas: [4, 5], removingReplicas: [1, 2] }

  it.each<Row>([
    ['goes on while a target is not in sync', { before: { ...moving, isr: [1, 2] }, isr: [1, 2, 4] }, { isr: [4, 1, 2] }],
    [
      'is over when all targets are, and gives the partition to them',
      { before: { ...moving, isr: [1, 2, 4] }, isr: [1, 2, 4, 5] },
      { replicas: [4, 5], isr: [4, 5], addingReplicas: [], removingReplicas: [], leader: 4 },
    ],
    [
      'that only takes replicas away is over at once',
      { replicas: [2, 1, 3], removingReplicas: [3] },
      { replicas: [2, 1], isr: [2, 1], leader: 1 },
    ],
    [
      'that only takes replicas away waits for those that stay',
      { before: { isr: [1, 3] }, replicas: [1, 2, 3], removingReplicas: [3] },
      { removingReplicas: [3] },
    ],
    ['to another order is over at once', { replicas: [3, 2, 1] }, { replicas: [3, 2, 1] }],
  ])('%s', (_what, given, record) => expect(change(given)).toEqual(record))
})
