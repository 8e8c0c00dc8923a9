/** The coordinators: what the broker hosts for groups, offsets and transactions. */
export type { CoordinatorEffect, CoordinatorMachine, RecordOrigin, ReplyToken, TransactionalOrigin } from './machine.ts'
