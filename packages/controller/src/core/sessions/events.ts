/** What happens to the sessions of brokers. `now` is the monotonic clock in milliseconds. */
import type { BrokerImage, TopicIdPartition } from '@millrace/metadata'

export type SessionEvent =
  /** This controller may decide from now on. The metadata are at `offset`. */
  | {
      readonly type: 'became-active'
      readonly now: number
      readonly offset: number
      readonly brokers: ReadonlyMap<number, BrokerImage>
      /** The broker of this very process. Another incarnation of that id is known to be dead, unless it is not known which this is. */
      readonly own: { readonly brokerId: number; readonly incarnationId: string | null }
    }
  | { readonly type: 'became-inactive' }
  /** A batch at `offset` was committed that says something about these brokers. */
  | {
      readonly type: 'registrations-changed'
      readonly now: number
      readonly offset: number
      readonly brokers: ReadonlyMap<number, BrokerImage>
      readonly changed: Iterable<number>
    }
  /** A heartbeat came. It counts before anything else is done with it. */
  | {
      readonly type: 'contacted'
      readonly now: number
      readonly brokerId: number
      readonly brokerEpoch: number
      readonly metadataOffset: number
      readonly failedPartitions: readonly TopicIdPartition[]
    }
  /** The broker is known to have applied the metadata up to here, by another way than a heartbeat. */
  | { readonly type: 'metadata-applied'; readonly brokerId: number; readonly brokerEpoch: number; readonly metadataOffset: number }
  /** The broker's line to this controller broke, and nobody meant it to. */
  | { readonly type: 'line-lost'; readonly now: number; readonly brokerId: number; readonly brokerEpoch: number }
  /** The fence that was asked for came to nothing. */
  | { readonly type: 'fence-failed'; readonly brokerId: number; readonly brokerEpoch: number }
  | { readonly type: 'ticked'; readonly now: number }

export interface FenceBroker {
  readonly type: 'fence-broker'
  readonly brokerId: number
  readonly brokerEpoch: number
}

/** To be carried out by whoever steps the machine, which tells it when that came to nothing. */
export type SessionEffect = FenceBroker
