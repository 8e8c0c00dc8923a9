/**
 * Where each situation leads from each state, as docs/spec/transactions.md has it: the code that is answered, then the state with the
 * producer's id and epoch if a record is written, then `tell` if partitions are told. Where the protocols differ, the first comes before
 * the bar. The compiler finds the hole where a situation or a state is added.
 */
import { ERROR_CODES } from '@millrace/protocol'
import { ID, named, ORDERS, type Producer, type Protocol, SECOND_PROTOCOL, type TransactionScene } from '../testing/transaction-scene.ts'
import type { Transaction, TransactionState } from './state.ts'

export const STATES = ['unknown', 'Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'] as const
export type StartState = (typeof STATES)[number]

/** The producer of each state: in the second protocol it had epoch 4 before the end that is decided or complete, and has 5 since. */
export const PRODUCER: Producer = { producerId: 70, producerEpoch: 5 }
const EARLIER: Producer = { producerId: 70, producerEpoch: 4 }
const SHUT_OUT: Producer = { producerId: 70, producerEpoch: 2 }
const STRANGER: Producer = { producerId: 60, producerEpoch: 5 }

export function startingFrom(state: StartState, protocol: Protocol): Transaction | null {
  if (state === 'unknown') return null
  const transactionVersion = protocol === SECOND_PROTOCOL ? 2 : 0
  const isOpen = state === 'Ongoing' || state === 'PrepareCommit' || state === 'PrepareAbort'
  return {
    ...PRODUCER,
    previousProducerId: transactionVersion === 2 ? PRODUCER.producerId : -1,
    nextProducerId: -1,
    timeoutMs: 60_000,
    state: state satisfies TransactionState,
    partitions: isOpen ? ORDERS : [],
    startMs: state === 'Empty' ? -1 : 990_000,
    updateMs: 990_000,
    transactionVersion,
  }
}

/** Gives the code that is answered, if anybody is. */
type Happening = (scene: TransactionScene) => unknown

const MORE = [{ topic: 'orders', partitions: [1, 2] }]
const OFFSETS = { topic: '__consumer_offsets', partitions: [3] }

const verify = (scene: TransactionScene, partition: number): number => {
  const request = { api: 'AddPartitionsToTxn', transactionalId: ID, ...PRODUCER, verifyOnly: true } as const
  const { topicResults } = scene.ask({ ...request, topics: [{ topic: 'orders', partitions: [partition] }] }, 4)
  return topicResults[0]?.resultsByPartition[0]?.partitionErrorCode as number
}

export const SITUATIONS = {
  'a producer begins': (scene) => scene.init().errorCode,
  'a producer begins with a timeout that is too long': (scene) => scene.init(undefined, { timeoutMs: 900_001 }).errorCode,
  'its producer goes on': (scene) => scene.init(PRODUCER).errorCode,
  'a producer goes on that was shut out': (scene) => scene.init(SHUT_OUT).errorCode,
  'it adds a partition': (scene) => scene.add(PRODUCER, MORE),
  'it adds partitions that are there': (scene) => scene.add(PRODUCER, ORDERS),
  'a producer adds that was shut out': (scene) => scene.add(SHUT_OUT),
  'a stranger adds': (scene) => scene.add(STRANGER),
  'it adds offsets': (scene) =>
    scene.ask({ api: 'AddOffsetsToTxn', transactionalId: ID, ...PRODUCER, offsetsPartition: OFFSETS }, 4).errorCode,
  'a partition is verified that may be there': (scene) => verify(scene, 1),
  'a partition is verified that is not there': (scene) => verify(scene, 2),
  'it commits': (scene) => scene.end(PRODUCER, 'commit').errorCode,
  'it aborts': (scene) => scene.end(PRODUCER, 'abort').errorCode,
  'a commit comes of the epoch before': (scene) => scene.end(EARLIER, 'commit').errorCode,
  'an abort comes of the epoch before': (scene) => scene.end(EARLIER, 'abort').errorCode,
  'a producer commits that was shut out': (scene) => scene.end(SHUT_OUT, 'commit').errorCode,
  'a stranger aborts': (scene) => scene.end(STRANGER, 'abort').errorCode,
  'all markers are written': (scene) => scene.answerMarkers(),
  'all partitions are deleted': (scene) => scene.answerMarkers('deleted'),
  'no leader can be told': (scene) => scene.answerMarkers(ERROR_CODES.LEADER_NOT_AVAILABLE),
  'markers of another transaction are answered': (scene) =>
    scene.markers.map((each) => scene.answerMarker({ ...each, producerEpoch: 3 }, ERROR_CODES.NONE)),
  'its time is up': (scene) => scene.pass(70_000),
  'nobody uses it for long': (scene) => scene.pass(604_800_000 + 3_600_000),
  'another broker leads': (scene) => scene.restart(),
} as const satisfies Readonly<Record<string, Happening>>

export type Situation = keyof typeof SITUATIONS

/** What happened, in the words of the table. */
export function outcomeOf(situation: Situation, scene: TransactionScene): string {
  const records = scene.log.length
  scene.markers = situation.startsWith('another broker') ? [] : scene.markers
  const asked = scene.markers.length
  const answered = SITUATIONS[situation](scene)
  const code = typeof answered === 'number' ? named(answered) : '-'
  const transaction = scene.transaction()
  const state = transaction === null ? 'gone' : `${transaction.state} ${transaction.producerId}:${transaction.producerEpoch}`
  return [code, ...(scene.log.length > records ? [state] : []), ...(scene.markers.length > asked ? ['tell'] : [])].join(' ')
}

export const TRANSITIONS: Readonly<Record<Situation, Readonly<Record<StartState, string>>>> = {
  'a producer begins': row(
    'NONE Empty 1:0',
    'NONE Empty 70:6',
    'CONCURRENT_TRANSACTIONS PrepareAbort 70:6 tell',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'NONE Empty 70:6',
    'NONE Empty 70:6',
  ),
  'a producer begins with a timeout that is too long': row(
    'INVALID_TRANSACTION_TIMEOUT',
    'INVALID_TRANSACTION_TIMEOUT',
    'INVALID_TRANSACTION_TIMEOUT',
    'INVALID_TRANSACTION_TIMEOUT',
    'INVALID_TRANSACTION_TIMEOUT',
    'INVALID_TRANSACTION_TIMEOUT',
    'INVALID_TRANSACTION_TIMEOUT',
  ),
  'its producer goes on': row(
    'NONE Empty 1:0',
    'NONE Empty 70:6',
    'CONCURRENT_TRANSACTIONS PrepareAbort 70:6 tell',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'NONE Empty 70:6',
    'NONE Empty 70:6',
  ),
  'a producer goes on that was shut out': row(
    'NONE Empty 1:0',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
  ),
  'it adds a partition': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'NONE Ongoing 70:5',
    'NONE Ongoing 70:5',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'NONE Ongoing 70:5',
    'NONE Ongoing 70:5',
  ),
  'it adds partitions that are there': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'NONE Ongoing 70:5',
    'NONE',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'NONE Ongoing 70:5',
    'NONE Ongoing 70:5',
  ),
  'a producer adds that was shut out': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
  ),
  'a stranger adds': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING',
  ),
  'it adds offsets': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'NONE Ongoing 70:5',
    'NONE Ongoing 70:5',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'NONE Ongoing 70:5',
    'NONE Ongoing 70:5',
  ),
  'a partition is verified that may be there': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'TRANSACTION_ABORTABLE',
    'NONE',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTION_ABORTABLE',
    'TRANSACTION_ABORTABLE',
  ),
  'a partition is verified that is not there': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'TRANSACTION_ABORTABLE',
    'TRANSACTION_ABORTABLE',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'TRANSACTION_ABORTABLE',
    'TRANSACTION_ABORTABLE',
  ),
  'it commits': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_TXN_STATE',
    'NONE PrepareCommit 70:5 tell | NONE PrepareCommit 70:6 tell',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'NONE | INVALID_TXN_STATE',
    'INVALID_TXN_STATE',
  ),
  'it aborts': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_TXN_STATE | NONE CompleteAbort 70:6',
    'NONE PrepareAbort 70:5 tell | NONE PrepareAbort 70:6 tell',
    'CONCURRENT_TRANSACTIONS',
    'CONCURRENT_TRANSACTIONS',
    'INVALID_TXN_STATE | NONE CompleteAbort 70:6',
    'NONE | NONE CompleteAbort 70:6',
  ),
  'a commit comes of the epoch before': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED | CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED | CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED | NONE',
    'PRODUCER_FENCED | INVALID_TXN_STATE',
  ),
  'an abort comes of the epoch before': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED | CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED | CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED | INVALID_TXN_STATE',
    'PRODUCER_FENCED | NONE',
  ),
  'a producer commits that was shut out': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED | CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED | CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED',
    'PRODUCER_FENCED',
  ),
  'a stranger aborts': row(
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING | CONCURRENT_TRANSACTIONS',
    'INVALID_PRODUCER_ID_MAPPING | CONCURRENT_TRANSACTIONS',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_PRODUCER_ID_MAPPING',
  ),
  'all markers are written': row('-', '-', '-', '- CompleteCommit 70:5', '- CompleteAbort 70:5', '-', '-'),
  'all partitions are deleted': row('-', '-', '-', '- CompleteCommit 70:5', '- CompleteAbort 70:5', '-', '-'),
  'no leader can be told': row('-', '-', '-', '-', '-', '-', '-'),
  'markers of another transaction are answered': row('-', '-', '-', '-', '-', '-', '-'),
  'its time is up': row('-', '-', '- PrepareAbort 70:6 tell', '-', '-', '-', '-'),
  'nobody uses it for long': row('-', '- gone', '- PrepareAbort 70:6 tell', '-', '-', '- gone', '- gone'),
  'another broker leads': row('-', '-', '-', '- tell', '- tell', '-', '-'),
}

function row(...cells: readonly [string, string, string, string, string, string, string]): Readonly<Record<StartState, string>> {
  const [unknown, Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort] = cells
  return { unknown, Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort }
}
