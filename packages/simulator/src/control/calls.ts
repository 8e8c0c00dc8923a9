/** What goes over a simulated connection to a controller, in both directions. */
import type { ControllerEndpoint } from '@millrace/controller'
import type { ControllerErrorCode } from '@millrace/metadata'
import type { ErrorCode } from '@millrace/protocol'

export type Call =
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly request: unknown }
  | { readonly type: 'attend'; readonly id: number; readonly brokerId: number; readonly brokerEpoch: number }
  | { readonly type: 'applied'; readonly id: number; readonly metadataOffset: number }
  | { readonly type: 'hang-up'; readonly id: number; readonly reason: 'done' | 'lost' }

export type Answer =
  | {
      readonly type: 'answer'
      readonly id: number
      readonly response: unknown
      readonly metadataOffset: number
      readonly failure: Failure | null
    }
  | { readonly type: 'hung-up'; readonly id: number }

export interface Failure {
  readonly code: ControllerErrorCode
  readonly errorCode: ErrorCode
  readonly message: string
  readonly leader: ControllerEndpoint | null
}
