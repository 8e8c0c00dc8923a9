/**
 * What is true of a transaction, and of how it moves on, at any time (docs/spec/transactions.md). Asserted after every step of the
 * tests.
 */
import { isEnding, isIdle, NO_PRODUCER_ID, NO_TIME, PRODUCER_EPOCH_MAX } from './state.ts'
import type { Transaction, TransactionState } from './state.ts'

/** What may stand before each state; null: nothing was known of the id. */
const PREDECESSORS: Readonly<Record<TransactionState, readonly (TransactionState | null)[]>> = {
  Empty: [null, 'Empty', 'CompleteCommit', 'CompleteAbort'],
  Ongoing: ['Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  PrepareCommit: ['Ongoing'],
  PrepareAbort: ['Ongoing', 'PrepareEpochFence'],
  CompleteCommit: ['PrepareCommit', 'Ongoing'],
  // An abort of nothing is complete at once.
  CompleteAbort: ['PrepareAbort', 'Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  Dead: [],
  PrepareEpochFence: [],
}

export function assertTransaction(transaction: Transaction): void {
  const { producerId, producerEpoch, nextProducerId, partitions, startMs, state } = transaction
  hold(producerEpoch >= 0 && producerEpoch <= PRODUCER_EPOCH_MAX, 'T1: a producer has an epoch that exists', transaction)
  hold(
    isEnding(transaction) || producerEpoch < PRODUCER_EPOCH_MAX || state === 'CompleteAbort',
    'T3: no producer has the last epoch',
    transaction,
  )
  hold(!isIdle(transaction) || partitions.length === 0, 'T4: what is not open has no partitions', transaction)
  hold(!isEnding(transaction) || partitions.length > 0, 'T4: who is to be told is known', transaction)
  hold(nextProducerId === NO_PRODUCER_ID || isEnding(transaction), 'T5: another id is for what comes next', transaction)
  hold(
    nextProducerId === NO_PRODUCER_ID || producerEpoch === PRODUCER_EPOCH_MAX,
    'T5: an id is left when its epochs are used up',
    transaction,
  )
  hold(nextProducerId !== producerId, 'T5: another id is another', transaction)
  hold((startMs === NO_TIME) === (state === 'Empty'), 'T6: a transaction has a beginning', transaction)
}

/** `hadBefore`: the producer ids that this transactional id had before `before`. */
export function assertTransition(before: Transaction | null, after: Transaction | null, hadBefore: ReadonlySet<number>): void {
  if (after === null) return hold(before === null || isIdle(before), 'T7: only an idle id is forgotten', before)
  assertTransaction(after)
  hold(
    PREDECESSORS[after.state].includes(before?.state ?? null),
    `T2: ${before?.state ?? 'nothing'} is not followed by ${after.state}`,
    after,
  )
  if (before === null) return
  if (after.producerId === before.producerId) {
    hold(after.producerEpoch >= before.producerEpoch, 'T1: the epoch never falls', { before, after })
    hold(after.producerEpoch <= before.producerEpoch + 1, 'T1: epochs are not left out', { before, after })
  } else {
    hold(after.producerEpoch === 0, 'T1: another id begins with epoch 0', after)
    hold(!hadBefore.has(after.producerId), 'T1: an id never comes back', after)
  }
  if (before.state === 'Ongoing' && (after.state === 'Ongoing' || isEnding(after))) {
    hold(after.startMs === before.startMs, 'T6: the beginning stays', { before, after })
    hold(containsAll(after, before), 'T4: partitions are not lost before they are told', { before, after })
  }
  if (isEnding(after)) hold(containsAll(before, after), 'T4: nothing joins what is being ended', { before, after })
}

function containsAll(larger: Transaction, smaller: Transaction): boolean {
  const names = new Set(namesOf(larger))
  return namesOf(smaller).every((name) => names.has(name))
}

function namesOf({ partitions }: Transaction): readonly string[] {
  return partitions.flatMap(({ topic, partitions: ids }) => ids.map((id) => `${topic}-${id}`))
}

function hold(condition: boolean, claim: string, values: unknown): void {
  if (!condition) throw new Error(`${claim}: ${JSON.stringify(values)}`)
}
