/** Records and offsets in transactions: what partitions accept, what consumers see, what coordinators tell partitions. */
import { heartbeat, STRANGER } from '../actions/classic.ts'
import { deleteOffsets, commit, fetchOffsets } from '../actions/offsets.ts'
import { describeProducers, endOffset, produce, read } from '../actions/records.ts'
import {
  addOffsets,
  addPartitions,
  commitInTransaction,
  describeTransactions,
  endTransaction,
  initProducer,
  NOBODYS_ID,
  writeMarkers,
} from '../actions/transactions.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { stableAlone } from './classic-join.ts'
import { versionsOf } from './versions.ts'

const TOPICS = [
  { name: 't', partitions: 2 },
  { name: 'u', partitions: 1 },
]

function about(name: string, steps: readonly Step[]): Scenario {
  return scenario(name, steps, TOPICS)
}

const FIRST_IMPLICIT_PRODUCE = 12
const FIRST_IMPLICIT_COMMIT = 5

const producing: readonly Scenario[] = versionsOf(3, 13).flatMap((version) => {
  const endVersion = version >= FIRST_IMPLICIT_PRODUCE ? 5 : 3
  const added = version >= FIRST_IMPLICIT_PRODUCE ? [] : [addPartitions('a')]
  return [
    about(`transactional produce: version ${version}, committed and aborted`, [
      initProducer('a'),
      ...added,
      produce('a', ['1'], { version }),
      produce('a', ['2'], { version }),
      read('r', 'read_committed'),
      endOffset('r', 'read_committed'),
      endTransaction('a', 'commit', { version: endVersion }),
      read('r', 'read_committed'),
      ...added,
      produce('a', ['3'], { version }),
      endTransaction('a', 'abort', { version: endVersion }),
      read('r', 'read_committed'),
      endOffset('r', 'read_committed'),
      describeProducers(),
    ]),
    about(`transactional produce: version ${version}, to a partition that was not added`, [
      initProducer('a'),
      produce('a', ['1'], { version }),
      addPartitions('a'),
      produce('a', ['2'], { version, partition: 1 }),
      describeTransactions(),
      read('r', 'read_uncommitted'),
    ]),
    about(`transactional produce: version ${version}, by zombies and strangers`, [
      initProducer('a'),
      addPartitions('a'),
      produce('a', ['1'], { version, epochOffset: 1, sequence: 0 }),
      produce('a', ['1'], { version, producerId: NOBODYS_ID, sequence: 0 }),
      produce('a', ['1'], { version, transactionalId: 'nobody', sequence: 0 }),
      produce('a', ['1'], { version, sequence: 0 }),
      initProducer('b'),
      produce('a', ['2'], { version, sequence: 1 }),
      addPartitions('b'),
      produce('b', ['3'], { version }),
      produce('a', ['4'], { version, sequence: 1 }),
      endTransaction('b', 'commit', { version: endVersion }),
      read('r', 'read_committed'),
    ]),
  ]
})

const sequences: readonly Scenario[] = [
  about('sequences: in a transaction', [
    initProducer('a'),
    addPartitions('a'),
    produce('a', ['1', '2'], { sequence: 0 }),
    produce('a', ['1', '2'], { sequence: 0 }),
    produce('a', ['4'], { sequence: 3 }),
    produce('a', ['3'], { sequence: 2 }),
    produce('a', ['2'], { sequence: 1 }),
    endTransaction('a', 'commit'),
    addPartitions('a'),
    produce('a', ['4'], { sequence: 3 }),
    endTransaction('a', 'commit'),
    read('r', 'read_committed'),
  ]),
  about('sequences: every transaction begins at nothing, in the second version', [
    initProducer('a'),
    produce('a', ['1'], { version: 12, sequence: 0 }),
    endTransaction('a', 'commit', { version: 5 }),
    produce('a', ['2'], { version: 12, sequence: 1 }),
    produce('a', ['2'], { version: 12, sequence: 0 }),
    produce('a', ['0'], { version: 12, sequence: 0, epochOffset: -1 }),
    endTransaction('a', 'commit', { version: 5 }),
    read('r', 'read_committed'),
  ]),
  about('sequences: a stranger to the partition may begin anywhere, in the first version', [
    initProducer('a'),
    addPartitions('a'),
    produce('a', ['1'], { sequence: 41 }),
    endTransaction('a', 'commit'),
    read('r', 'read_committed'),
  ]),
  about('sequences: a stranger to the partition begins at nothing, in the second version', [
    initProducer('a'),
    produce('a', ['1'], { version: 12, sequence: 41 }),
    describeTransactions(),
    read('r', 'read_uncommitted'),
  ]),
  about('sequences: idempotent, and no transaction', [
    initProducer('a', { transactionalId: null }),
    produce('a', ['1'], { isTransactional: false }),
    produce('a', ['1'], { isTransactional: false, sequence: 0 }),
    produce('a', ['3'], { isTransactional: false, sequence: 2 }),
    produce('a', ['2'], { isTransactional: false, sequence: 1 }),
    produce('a', ['0'], { isTransactional: false, sequence: 0, epochOffset: 1 }),
    produce('a', ['9'], { isTransactional: false, sequence: 2 }),
    read('r', 'read_committed'),
  ]),
  about('a record that is no part of the transaction that is open', [
    initProducer('a'),
    addPartitions('a'),
    produce('a', ['1']),
    produce('a', ['2'], { isTransactional: false, sequence: 1 }),
    endTransaction('a', 'commit'),
    produce('a', ['2'], { isTransactional: false, sequence: 1 }),
    read('r', 'read_committed'),
  ]),
]

const seeing: readonly Scenario[] = [
  about('read committed: two transactions that overlap', [
    initProducer('a', { transactionalId: 'x' }),
    initProducer('b', { transactionalId: 'y' }),
    addPartitions('a'),
    addPartitions('b', [['t', 0]], { transactionalId: 'y' }),
    produce('a', ['a1']),
    produce('b', ['b1'], { transactionalId: 'y' }),
    produce('a', ['a2']),
    endTransaction('b', 'abort', { transactionalId: 'y' }),
    read('r', 'read_committed'),
    endOffset('r', 'read_committed'),
    produce('a', ['a3']),
    endTransaction('a', 'commit'),
    read('r', 'read_committed'),
    read('r', 'read_uncommitted'),
    endOffset('r', 'read_uncommitted'),
  ]),
  about('read committed: several partitions', [
    initProducer('a'),
    addPartitions('a', [
      ['t', 0],
      ['t', 1],
      ['u', 0],
    ]),
    produce('a', ['1']),
    produce('a', ['2'], { partition: 1 }),
    endTransaction('a', 'commit'),
    read('r', 'read_committed'),
    read('r', 'read_committed', 't', 1),
    read('r', 'read_committed', 'u'),
  ]),
]

const offsets: readonly Scenario[] = versionsOf(0, 5).flatMap((version) => {
  const isImplicit = version >= FIRST_IMPLICIT_COMMIT
  const endVersion = isImplicit ? 5 : 3
  const added = isImplicit ? [] : [addOffsets('a')]
  return [
    about(`transactional offsets: version ${version}, committed`, [
      commit('c', { isSimple: true, offsets: [{ offset: 1 }] }),
      initProducer('a'),
      ...added,
      commitInTransaction('a', {
        version,
        offsets: [
          { offset: 2, metadata: 'note' },
          { topic: 'u', offset: 3 },
        ],
      }),
      fetchOffsets('r', { partitions: [{}, { topic: 'u' }], requireStable: false }),
      fetchOffsets('r', { partitions: [{}, { topic: 'u' }, { partition: 1 }], requireStable: true }),
      fetchOffsets('r', { partitions: null, requireStable: true }),
      endTransaction('a', 'commit', { version: endVersion }),
      fetchOffsets('r', { partitions: null, requireStable: true }),
    ]),
    about(`transactional offsets: version ${version}, aborted`, [
      commit('c', { isSimple: true, offsets: [{ offset: 1 }] }),
      initProducer('a'),
      ...added,
      commitInTransaction('a', { version, offsets: [{ offset: 2 }, { topic: 'u', offset: 3 }] }),
      endTransaction('a', 'abort', { version: endVersion }),
      fetchOffsets('r', { partitions: null, requireStable: true }),
    ]),
    about(`transactional offsets: version ${version}, by zombies and strangers`, [
      initProducer('a'),
      commitInTransaction('a', { version }),
      addOffsets('a'),
      commitInTransaction('a', { version, epochOffset: 1 }),
      commitInTransaction('a', { version, producerId: NOBODYS_ID }),
      commitInTransaction('a', { version, transactionalId: 'nobody' }),
      commitInTransaction('a', { version, group: 'other' }),
      initProducer('b'),
      commitInTransaction('a', { version }),
      fetchOffsets('r', { partitions: null }),
    ]),
    about(`transactional offsets: version ${version}, what cannot be kept`, [
      initProducer('a'),
      addOffsets('a'),
      commitInTransaction('a', {
        version,
        offsets: [{ metadata: 'm'.repeat(4_097) }, { topic: 'unknown' }, { partition: 7 }, { partition: 1 }],
      }),
      endTransaction('a', 'commit', { version: endVersion }),
      fetchOffsets('r', { partitions: null }),
    ]),
    ...(version >= 3
      ? [
          about(`transactional offsets: version ${version}, as a member`, [
            ...stableAlone('m'),
            initProducer('a'),
            ...added,
            commitInTransaction('a', { version, member: 'm' }),
            commitInTransaction('a', { version, member: 'm', generation: 0 }),
            commitInTransaction('a', { version, member: 'm', generation: 9 }),
            commitInTransaction('a', { version, member: 'm', memberId: STRANGER }),
            commitInTransaction('a', { version, member: 'm', instance: 'nobody' }),
            commitInTransaction('a', { version }),
            commitInTransaction('a', { version, member: 'm', memberId: '' }),
            endTransaction('a', 'commit', { version: endVersion }),
            heartbeat('m'),
            fetchOffsets('r', { partitions: null }),
          ]),
        ]
      : []),
  ]
})

const pending: readonly Scenario[] = [
  about('transactional offsets: the later of two transactions counts', [
    initProducer('a', { transactionalId: 'x' }),
    initProducer('b', { transactionalId: 'y' }),
    addOffsets('a'),
    addOffsets('b', { transactionalId: 'y' }),
    commitInTransaction('a', { offsets: [{ offset: 5 }] }),
    commitInTransaction('b', { transactionalId: 'y', offsets: [{ offset: 6 }] }),
    endTransaction('b', 'commit', { transactionalId: 'y' }),
    fetchOffsets('r', { requireStable: true }),
    endTransaction('a', 'commit'),
    fetchOffsets('r', { requireStable: true }),
  ]),
  about('transactional offsets: a plain commit in between counts', [
    initProducer('a'),
    addOffsets('a'),
    commitInTransaction('a', { offsets: [{ offset: 5 }] }),
    commit('c', { isSimple: true, offsets: [{ offset: 9 }] }),
    fetchOffsets('r', { requireStable: false }),
    endTransaction('a', 'commit'),
    fetchOffsets('r', { requireStable: true }),
  ]),
  about('transactional offsets: deleted while they are pending', [
    initProducer('a'),
    addOffsets('a'),
    commitInTransaction('a', { offsets: [{ offset: 5 }, { topic: 'u', offset: 6 }] }),
    deleteOffsets('c', [{}]),
    endTransaction('a', 'commit'),
    fetchOffsets('r', { partitions: null, requireStable: true }),
  ]),
]

const markers: readonly Scenario[] = [1, 2].flatMap((version) => [
  about(`markers: version ${version}, an open transaction is ended from outside`, [
    initProducer('a'),
    addPartitions('a'),
    produce('a', ['1']),
    writeMarkers('admin', 'abort', { version, producerId: NOBODYS_ID, epoch: 0 }),
    writeMarkers('a', 'abort', { version, epochOffset: 1 }),
    describeProducers(),
    read('r', 'read_committed'),
    produce('a', ['2']),
  ]),
  about(`markers: version ${version}, by a coordinator of the past`, [
    initProducer('a'),
    addPartitions('a'),
    produce('a', ['1']),
    writeMarkers('a', 'commit', { version, coordinatorEpoch: 7, epochOffset: 1 }),
    writeMarkers('a', 'abort', { version, coordinatorEpoch: 6, epochOffset: 2 }),
    writeMarkers('a', 'abort', { version, coordinatorEpoch: 7, epochOffset: 2 }),
    describeProducers(),
    read('r', 'read_committed'),
  ]),
  about(`markers: version ${version}, with epochs past and present`, [
    initProducer('a'),
    initProducer('a'),
    addPartitions('a'),
    produce('a', ['1']),
    writeMarkers('a', 'commit', { version, epochOffset: -1 }),
    writeMarkers('a', 'commit', { version }),
    writeMarkers('a', 'commit', { version }),
    read('r', 'read_committed'),
  ]),
  about(`markers: version ${version}, to partitions that are not there`, [
    initProducer('a'),
    writeMarkers('a', 'commit', {
      version,
      partitions: [
        ['unknown', 0],
        ['t', 0],
        ['t', 9],
      ],
    }),
    read('r', 'read_uncommitted'),
  ]),
])

export const TRANSACTIONAL_RECORDS: readonly Scenario[] = [...producing, ...sequences, ...seeing, ...offsets, ...pending, ...markers]
