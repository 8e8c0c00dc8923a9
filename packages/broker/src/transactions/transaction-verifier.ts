/**
 * Who is asked whether a batch may begin a transaction in a partition: the transaction's coordinator, wherever it is. Without that a
 * batch that comes after its transaction's end would begin one that nobody ends, and readers of committed records would see nothing
 * behind it (KIP-890).
 */
import type { ErrorCode } from '@millrace/protocol'

export interface PartitionOfTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly topic: string
  readonly partition: number
  /** Only say whether the partition is in the transaction: the producer has added it. Otherwise it is added now. */
  readonly verifyOnly: boolean
}

export interface TransactionVerifier {
  /** NONE when the partition is in the transaction; else what the coordinator answers, or why it could not be asked. Never rejects. */
  confirm(asked: PartitionOfTransaction): Promise<ErrorCode>
}
