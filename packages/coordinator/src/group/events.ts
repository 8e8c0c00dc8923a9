/** What can happen to a group coordinator. Each event carries the time; the machine has no clock. */
import type { MachineTime, ReplyToken } from '../machine.ts'
import type { GroupClient, GroupRequest } from './requests.ts'

export type GroupEvent = MachineTime &
  (
    | {
        readonly type: 'request'
        readonly token: ReplyToken
        readonly apiVersion: number
        readonly client: GroupClient
        readonly request: GroupRequest
      }
    | { readonly type: 'timer'; readonly key: string }
    | { readonly type: 'disconnected'; readonly connectionId: number }
    /** Topics came, went, or have more partitions. Said once for many changes. */
    | { readonly type: 'topics-changed' }
    /** Offsets committed for them are of no use to anybody. */
    | { readonly type: 'topics-deleted'; readonly topics: readonly DeletedTopic[] }
  )

export interface DeletedTopic {
  readonly name: string
  readonly id: string
}
