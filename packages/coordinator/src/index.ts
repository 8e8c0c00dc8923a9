/** The coordinators: what the broker hosts for groups, offsets and transactions. */
export { ExpressionError } from './consumer/subscription/expression-syntax.ts'
export { compileTopicExpression } from './consumer/subscription/topic-expression.ts'
export type { GroupEffect } from './group/effects.ts'
export type { DeletedTopic, GroupEvent } from './group/events.ts'
export { GroupCoordinator } from './group/group-coordinator.ts'
export type { GroupApi, GroupApis, GroupClient, GroupRequest, GroupResponse } from './group/requests.ts'
export { type ConsumerGroupSettings, DEFAULT_GROUP_SETTINGS, type GroupSettings } from './group/settings.ts'
export type { TopicDescription, TopicsView } from './group/topics-view.ts'
export type { GroupContext } from './group/turn.ts'
export type { CoordinatorEffect, CoordinatorMachine, MachineTime, RecordOrigin, ReplyToken, TransactionalOrigin } from './machine.ts'
export { decodeGroupRecord, encodeGroupRecord, GROUP_RECORD_FORMATS, type GroupRecord } from './records/group-record.ts'
export type { RecordBytes } from './records/record-format.ts'
export {
  decodeTransactionRecord,
  encodeTransactionRecord,
  transactionLogRecord,
  type TransactionRecord,
} from './records/transaction-record.ts'
export { answerWithCode } from './transaction/answers.ts'
export type { TransactionEffect, TransactionResponse, WriteMarkers } from './transaction/effects.ts'
export type { MarkerOutcome, TransactionEvent, TransactionRequest } from './transaction/events.ts'
export { DEFAULT_TRANSACTION_SETTINGS, type TransactionSettings } from './transaction/settings.ts'
export type { TopicPartitions, Transaction } from './transaction/state.ts'
export { TransactionCoordinator, type TransactionCoordinatorOptions } from './transaction/transaction-coordinator.ts'
