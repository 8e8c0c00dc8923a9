/** The coordinators: what the broker hosts for groups, offsets and transactions. */
export type { CoordinatorEffect, CoordinatorMachine, RecordOrigin, ReplyToken, TransactionalOrigin } from './machine.ts'
export { decodeGroupRecord, encodeGroupRecord, GROUP_RECORD_FORMATS, type GroupRecord } from './records/group-record.ts'
export type { RecordBytes } from './records/record-format.ts'
export {
  decodeTransactionRecord,
  encodeTransactionRecord,
  transactionLogRecord,
  type TransactionRecord,
} from './records/transaction-record.ts'
export type { TopicPartitions, Transaction } from './transaction/state.ts'
