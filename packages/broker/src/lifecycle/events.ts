/** What happens to a broker in the cluster. Every event says when it happened, by the monotonic clock. */
import type { ErrorCode } from '@millrace/protocol'

export type LifecycleEvent = { readonly nowMs: number } & (
  | { readonly type: 'started' }
  /** The registration is committed, and the image shows it. */
  | { readonly type: 'registered'; readonly callId: number; readonly brokerEpoch: number }
  | ({ readonly type: 'registration-refused'; readonly callId: number } & Refusal)
  | {
      readonly type: 'heartbeat-accepted'
      readonly callId: number
      readonly brokerEpoch: number
      readonly sentMs: number
      readonly isFenced: boolean
      readonly shouldShutdown: boolean
    }
  | ({ readonly type: 'heartbeat-refused'; readonly callId: number; readonly brokerEpoch: number } & Refusal)
  /** Nobody answered, or nobody was there to ask. */
  | { readonly type: 'call-failed'; readonly callId: number; readonly reason: string }
  /** The metadata that is applied here shows a registration under this broker's id. */
  | { readonly type: 'registration-shown'; readonly brokerEpoch: number; readonly isFenced: boolean }
  | {
      readonly type: 'shutdown-requested'
      /** There are other brokers that could take over. */
      readonly hasPeers: boolean
    }
  /** No other broker could take anything over any more: all are gone, or stop as well. */
  | { readonly type: 'peers-left' }
  | {
      readonly type: 'directory-failed'
      readonly error: Error
      /** There are other brokers that could take over. */
      readonly hasPeers: boolean
    }
  /** The line to the controller broke. It may be gone, or doubt by now that this broker lives. */
  | { readonly type: 'controller-lost' }
  /** The broker is given up while it starts. */
  | { readonly type: 'start-timed-out' }
  | { readonly type: 'time-passed' }
)

interface Refusal {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}
