/** What a transaction coordinator wants done, beyond what every coordinator does; and its answers, as the wire has them. */
import type {
  addPartitionsToTxnResponse,
  Decoded,
  describeTransactionsResponse,
  ErrorCode,
  listTransactionsResponse,
} from '@millrace/protocol'
import type { CoordinatorEffect } from '../machine.ts'
import type { TransactionRecord } from '../records/transaction-record.ts'
import type { TopicPartitions } from './state.ts'

export type TransactionEffect = CoordinatorEffect<TransactionRecord, TransactionResponse> | WriteMarkers

export type TransactionResult = 'commit' | 'abort'

/**
 * Tell these partitions how their transaction ended, and hand in what they say as `markers-answered`. To be done when everything that
 * was appended up to this step is committed, for the decision must not change once a partition knows it.
 *
 * One attempt is enough: what may succeed later is asked for again, after a pause. Partitions without a leader are answered with
 * LEADER_NOT_AVAILABLE, those that were deleted with 'deleted'. The coordinator epoch of the markers is the leader epoch of this partition.
 */
export interface WriteMarkers {
  readonly type: 'write-markers'
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly result: TransactionResult
  /** What the marker's epoch is held to: from 2 on it is higher than that of the records. */
  readonly transactionVersion: number
  readonly topics: readonly TopicPartitions[]
}

/** Everything that a response holds, but for the throttle time. */
export type TransactionResponse =
  | InitProducerIdResponse
  | AddPartitionsToTxnResponse
  | { readonly api: 'AddOffsetsToTxn'; readonly errorCode: ErrorCode }
  | EndTxnResponse
  | { readonly api: 'DescribeTransactions'; readonly transactionStates: readonly DescribedTransaction[] }
  | ListTransactionsResponse

export interface InitProducerIdResponse {
  readonly api: 'InitProducerId'
  readonly errorCode: ErrorCode
  readonly producerId: number
  readonly producerEpoch: number
}

export interface AddPartitionsToTxnResponse {
  readonly api: 'AddPartitionsToTxn'
  readonly topicResults: readonly AddedTopic[]
}

export type AddedTopic = Decoded<typeof addPartitionsToTxnResponse>['resultsByTopicV3AndBelow'][number]

export interface EndTxnResponse {
  readonly api: 'EndTxn'
  readonly errorCode: ErrorCode
  /** What the producer goes on with; -1 where it keeps what it has, or failed. */
  readonly producerId: number
  readonly producerEpoch: number
}

export type DescribedTransaction = Decoded<typeof describeTransactionsResponse>['transactionStates'][number]

export interface ListTransactionsResponse {
  readonly api: 'ListTransactions'
  readonly errorCode: ErrorCode
  readonly unknownStateFilters: readonly string[]
  readonly transactionStates: readonly ListedTransaction[]
}

export type ListedTransaction = Decoded<typeof listTransactionsResponse>['transactionStates'][number]
