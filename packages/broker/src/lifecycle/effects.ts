/** What the life cycle wants done. The shell does it, and tells what came of it as events. */
import type { LogFields } from '@millrace/runtime'
import type { LifecycleFailure, LifecycleState } from './state.ts'

export type LifecycleEffect =
  | { readonly type: 'send-registration'; readonly callId: number; readonly previousBrokerEpoch: number }
  | {
      readonly type: 'send-heartbeat'
      readonly callId: number
      readonly brokerEpoch: number
      readonly wantFence: boolean
      readonly wantShutdown: boolean
      readonly isDirectoryOffline: boolean
    }
  /** Partitions that are led here may be written to and read, or may not. */
  | { readonly type: 'set-serving'; readonly isServing: boolean }
  /** Nothing more follows. */
  | { readonly type: 'finish'; readonly failure: LifecycleFailure | null }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly event: string; readonly fields: LogFields }

export interface Transition {
  readonly state: LifecycleState
  readonly effects: readonly LifecycleEffect[]
}
