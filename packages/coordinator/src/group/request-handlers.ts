/** Who answers which API: the one list. A handler answers through its turn, at once or in a later step. */
import { onConsumerGroupDescribe } from '../consumer/describe.ts'
import { onConsumerGroupHeartbeat } from '../consumer/heartbeat.ts'
import { onOffsetCommit } from '../offsets/offset-commit.ts'
import { onOffsetDelete } from '../offsets/offset-delete.ts'
import { onOffsetFetch } from '../offsets/offset-fetch.ts'
import { onTxnOffsetCommit } from '../offsets/txn-offset-commit.ts'
import type { GroupApi, GroupCall } from './requests.ts'
import type { GroupTurn } from './turn.ts'

type RequestHandlers = { readonly [Api in GroupApi]: (turn: GroupTurn, call: GroupCall<Api>) => void }

export const REQUEST_HANDLERS: RequestHandlers = {
  ConsumerGroupDescribe: onConsumerGroupDescribe,
  ConsumerGroupHeartbeat: onConsumerGroupHeartbeat,
  OffsetCommit: onOffsetCommit,
  OffsetDelete: onOffsetDelete,
  OffsetFetch: onOffsetFetch,
  TxnOffsetCommit: onTxnOffsetCommit,
}
