/** The transaction coordinator: who may write, and how transactions end. */
import {
  addOffsets,
  addPartitions,
  commitInTransaction,
  describeTransactions,
  endTransaction,
  initProducer,
  listTransactions,
  NOBODYS_ID,
} from '../actions/transactions.ts'
import { produce, read } from '../actions/records.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { versionsOf } from './versions.ts'

const TOPICS = [
  { name: 't', partitions: 2 },
  { name: 'u', partitions: 1 },
]

function about(name: string, steps: readonly Step[]): Scenario {
  return scenario(name, steps, TOPICS)
}

const RESULTS = ['commit', 'abort'] as const

const initialising: readonly Scenario[] = [
  ...versionsOf(0, 5).flatMap((version) => [
    about(`init producer: version ${version}`, [
      initProducer('a', { version }),
      initProducer('a', { version }),
      describeTransactions(),
      initProducer('b', { version, transactionalId: null }),
      initProducer('c', { version, transactionalId: '' }),
    ]),
    about(`init producer: version ${version}, timeouts`, [
      initProducer('a', { version, timeoutMs: 0 }),
      initProducer('a', { version, timeoutMs: -1 }),
      initProducer('a', { version, timeoutMs: 900_000 }),
      initProducer('a', { version, timeoutMs: 900_001 }),
      initProducer('a', { version, transactionalId: null, timeoutMs: 0 }),
      describeTransactions(),
    ]),
    about(`init producer: version ${version}, fences who has an open transaction`, [
      initProducer('a'),
      addPartitions('a'),
      produce('a', ['1']),
      initProducer('b', { version, isSentOnce: true }),
      initProducer('b', { version }),
      addPartitions('a', [['t', 1]]),
      produce('a', ['2']),
      endTransaction('a', 'commit'),
      describeTransactions(),
      read('r', 'read_committed'),
    ]),
  ]),
  ...versionsOf(3, 5).flatMap((version) => [
    about(`init producer: version ${version}, goes on with the next epoch`, [
      initProducer('a', { version }),
      initProducer('a', { version, isBump: true }),
      initProducer('a', { version, isBump: true, epochOffset: -1 }),
      initProducer('a', { version, isBump: true, epochOffset: -2 }),
      initProducer('a', { version, isBump: true, epochOffset: 1 }),
      initProducer('a', { version, isBump: true, producerId: NOBODYS_ID }),
      describeTransactions(),
    ]),
    about(`init producer: version ${version}, a zombie cannot go on`, [
      initProducer('a', { version }),
      initProducer('b', { version }),
      initProducer('a', { version, isBump: true }),
      initProducer('b', { version, isBump: true }),
      initProducer('b', { version, isBump: true }),
      initProducer('a', { version, isBump: true }),
      describeTransactions(),
    ]),
    about(`init producer: version ${version}, names an id before there is one`, [
      initProducer('a', { version, isBump: true, producerId: NOBODYS_ID, epoch: 3 }),
      initProducer('b', { version, isBump: true, transactionalId: null, producerId: NOBODYS_ID, epoch: 3 }),
      describeTransactions(),
    ]),
    about(`init producer: version ${version}, goes on while its transaction is open`, [
      initProducer('a', { version }),
      addPartitions('a'),
      initProducer('a', { version, isBump: true, isSentOnce: true }),
      initProducer('a', { version, isBump: true }),
      describeTransactions(),
    ]),
  ]),
]

const adding: readonly Scenario[] = [
  ...versionsOf(0, 3).map((version) =>
    about(`add partitions: version ${version}`, [
      addPartitions('a', [['t', 0]], { version }),
      initProducer('a'),
      addPartitions(
        'a',
        [
          ['t', 0],
          ['t', 1],
        ],
        { version },
      ),
      addPartitions(
        'a',
        [
          ['t', 0],
          ['u', 0],
        ],
        { version },
      ),
      addPartitions(
        'a',
        [
          ['unknown', 0],
          ['u', 0],
        ],
        { version },
      ),
      addPartitions('a', [['t', 7]], { version }),
      addPartitions('a', [], { version }),
      addPartitions('a', [['t', 0]], { version, epochOffset: -1 }),
      addPartitions('a', [['t', 0]], { version, epochOffset: 1 }),
      addPartitions('a', [['t', 0]], { version, producerId: NOBODYS_ID }),
      addPartitions('a', [['t', 0]], { version, transactionalId: 'nobody' }),
      addPartitions('a', [['t', 0]], { version, transactionalId: '' }),
      describeTransactions(),
    ]),
  ),
  ...[4, 5].map((version) =>
    about(`add partitions: version ${version}, as brokers ask`, [
      initProducer('a'),
      addPartitions('a', [['t', 0]], { version, verifyOnly: true }),
      addPartitions('a', [['t', 0]], { version }),
      addPartitions('a', [['t', 0]], { version, verifyOnly: true }),
      addPartitions(
        'a',
        [
          ['t', 0],
          ['u', 0],
        ],
        { version, verifyOnly: true },
      ),
      addPartitions('a', [['t', 0]], { version, verifyOnly: true, epochOffset: 1 }),
      addPartitions('a', [['t', 0]], { version, verifyOnly: true, transactionalId: 'nobody' }),
      addPartitions('a', [['t', 0]], { version, producerId: NOBODYS_ID }),
      describeTransactions(),
    ]),
  ),
  ...versionsOf(0, 4).map((version) =>
    about(`add offsets: version ${version}`, [
      addOffsets('a', { version }),
      initProducer('a'),
      addOffsets('a', { version }),
      addOffsets('a', { version }),
      addOffsets('a', { version, group: '' }),
      addOffsets('a', { version, epochOffset: -1 }),
      addOffsets('a', { version, epochOffset: 1 }),
      addOffsets('a', { version, producerId: NOBODYS_ID }),
      addOffsets('a', { version, transactionalId: 'nobody' }),
      describeTransactions(),
    ]),
  ),
]

const ending: readonly Scenario[] = versionsOf(0, 5).flatMap((version) =>
  RESULTS.flatMap((result) => {
    const other = result === 'commit' ? 'abort' : 'commit'
    return [
      about(`end: version ${version}, ${result} of a transaction with records`, [
        initProducer('a'),
        addPartitions('a', [
          ['t', 0],
          ['u', 0],
        ]),
        produce('a', ['1', '2']),
        endTransaction('a', result, { version }),
        describeTransactions(),
        read('r', 'read_uncommitted'),
        read('r', 'read_committed'),
        addPartitions('a'),
        produce('a', ['3']),
        read('r', 'read_committed'),
        endTransaction('a', 'commit', { version }),
        read('r', 'read_committed'),
      ]),
      about(`end: version ${version}, ${result} of nothing, and again`, [
        endTransaction('a', result, { version }),
        initProducer('a'),
        endTransaction('a', result, { version }),
        endTransaction('a', result, { version }),
        endTransaction('a', other, { version }),
        describeTransactions(),
      ]),
      about(`end: version ${version}, ${result} sent twice`, [
        initProducer('a'),
        addPartitions('a'),
        endTransaction('a', result, { version, epoch: 0 }),
        endTransaction('a', result, { version, epoch: 0 }),
        endTransaction('a', other, { version, epoch: 0 }),
        describeTransactions(),
      ]),
      about(`end: version ${version}, ${result} by others`, [
        initProducer('a'),
        addPartitions('a'),
        endTransaction('a', result, { version, epochOffset: -1 }),
        endTransaction('a', result, { version, epochOffset: 1 }),
        endTransaction('a', result, { version, producerId: NOBODYS_ID }),
        endTransaction('a', result, { version, transactionalId: 'nobody' }),
        endTransaction('a', result, { version, transactionalId: '' }),
        describeTransactions(),
      ]),
      about(`end: version ${version}, ${result} comes after a new producer`, [
        initProducer('a'),
        addPartitions('a'),
        produce('a', ['1']),
        initProducer('b'),
        addPartitions('b'),
        produce('b', ['2']),
        endTransaction('a', result, { version }),
        endTransaction('b', result, { version }),
        endTransaction('a', result, { version }),
        read('r', 'read_committed'),
      ]),
    ]
  }),
)

const looking: readonly Scenario[] = [
  about('describe transactions: in every state', [
    describeTransactions(['x', 'nobody', '']),
    initProducer('a'),
    describeTransactions(),
    addPartitions('a', [
      ['t', 0],
      ['t', 1],
      ['u', 0],
    ]),
    addOffsets('a'),
    describeTransactions(),
    endTransaction('a', 'commit'),
    describeTransactions(),
    addPartitions('a'),
    endTransaction('a', 'abort'),
    describeTransactions(),
    describeTransactions([]),
  ]),
  ...versionsOf(0, 2).map((version) =>
    about(`list transactions: version ${version}`, [
      initProducer('a', { transactionalId: 'one' }),
      initProducer('b', { transactionalId: 'two' }),
      addPartitions('b', [['t', 0]], { transactionalId: 'two' }),
      initProducer('c', { transactionalId: 'three' }),
      addPartitions('c', [['t', 0]], { transactionalId: 'three' }),
      endTransaction('c', 'abort', { transactionalId: 'three' }),
      listTransactions({ version }),
      listTransactions({ version, states: ['Ongoing', 'Empty'] }),
      listTransactions({ version, states: ['CompleteAbort', 'nonsense'] }),
      listTransactions({ version, of: 'b' }),
      ...(version >= 1 ? [listTransactions({ version, durationMs: 0 }), listTransactions({ version, durationMs: 3_600_000 })] : []),
      ...(version >= 2
        ? [
            listTransactions({ version, pattern: '^t.*' }),
            listTransactions({ version, pattern: '' }),
            listTransactions({ version, pattern: '(' }),
          ]
        : []),
    ]),
  ),
]

const committing: readonly Scenario[] = [
  about('end: offsets alone', [
    initProducer('a'),
    addOffsets('a'),
    commitInTransaction('a'),
    endTransaction('a', 'commit'),
    describeTransactions(),
  ]),
]

export const TRANSACTIONS: readonly Scenario[] = [...initialising, ...adding, ...ending, ...looking, ...committing]
