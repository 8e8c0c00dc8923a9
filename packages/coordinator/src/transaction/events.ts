/** What happens to a transaction coordinator, and when. */
import type { ErrorCode } from '@millrace/protocol'
import type { MachineTime, ReplyToken } from '../machine.ts'
import type { TopicPartitions } from './state.ts'

export type TransactionEvent =
  | (MachineTime & {
      readonly type: 'request'
      readonly token: ReplyToken
      /** Of the API that the request names. Some codes are too young for older versions, and EndTxn 5 is the second protocol. */
      readonly apiVersion: number
      readonly request: TransactionRequest
    })
  | (MachineTime & { readonly type: 'timer'; readonly key: string })
  | MarkersAnswered

/**
 * Requests about transactional ids of this coordinator. Whoever hands them in has seen to it that the client may use the id, that topics
 * exist and may be written to; a producer without a transactional id needs no coordinator.
 */
export type TransactionRequest = ProducerRequest | AdminRequest

/** What producers ask, and brokers on their behalf. */
export type ProducerRequest = InitProducerIdRequest | AddPartitionsToTxnRequest | AddOffsetsToTxnRequest | EndTxnRequest

export type AdminRequest = { readonly api: 'DescribeTransactions'; readonly transactionalIds: readonly string[] } | ListTransactionsRequest

/** -1 and -1: a producer that begins; else one that goes on with the id and epoch it has (KIP-360). */
export interface InitProducerIdRequest extends OfProducer {
  readonly api: 'InitProducerId'
  readonly timeoutMs: number
}

/** One transaction's part of an AddPartitionsToTxn request, or what a transactional Produce of version 12 and later asks for. */
export interface AddPartitionsToTxnRequest extends OfProducer {
  readonly api: 'AddPartitionsToTxn'
  /** Only say whether the partitions are in the transaction. */
  readonly verifyOnly: boolean
  readonly topics: readonly TopicPartitions[]
}

export interface AddOffsetsToTxnRequest extends OfProducer {
  readonly api: 'AddOffsetsToTxn'
  /** Where the group's offsets are. */
  readonly offsetsPartition: TopicPartitions
}

export interface EndTxnRequest extends OfProducer {
  readonly api: 'EndTxn'
  readonly committed: boolean
}

export interface ListTransactionsRequest {
  readonly api: 'ListTransactions'
  /** Empty: all. The names of unknown states are sent back. */
  readonly stateFilters: readonly string[]
  /** Empty: all. */
  readonly producerIdFilters: readonly number[]
  /** Only what runs for longer than this; negative: all. */
  readonly durationMs: number
}

export interface OfProducer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** What became of the markers of one transaction, partition by partition. Those that are not named are still under way. */
export interface MarkersAnswered extends MachineTime {
  readonly type: 'markers-answered'
  readonly transactionalId: string
  /** As the effect named them: an answer to what has ended by now is recognised and ignored. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly outcomes: readonly MarkerOutcome[]
}

export interface MarkerOutcome {
  readonly topic: string
  readonly partition: number
  /** What the partition's leader answered, or why it could not be asked; 'deleted' when there is no such partition any more. */
  readonly outcome: ErrorCode | 'deleted'
}
