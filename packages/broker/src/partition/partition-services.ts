/** What a partition works with, and whom it tells what. */
import type { PartitionLog, StorageError } from '@millrace/log'
import type { TopicConfig } from '@millrace/metadata'
import type { Clock, Logger } from '@millrace/runtime'
import type { EligibleBrokers } from '../replica/state.ts'
import type { Partition } from './partition.ts'
import type { RoomReports } from './room-reports.ts'

export interface PartitionServices {
  readonly nodeId: number
  readonly clock: Clock
  readonly logger: Logger
  /** What is said of writes that failed. */
  readonly reports: RoomReports
  openLog(topic: string, index: number, topicId: string, config: TopicConfig): Promise<PartitionLog>
  /** Brokers that may be in an ISR. */
  eligibleBrokers(): EligibleBrokers
  /** After which a follower that did not catch up leaves the ISR. */
  lagTimeMaxMs(): number
  /** The epoch of this broker's registration. */
  brokerEpoch(): number
  /** The metadata that is known shows the registration of this life: who leads by it does so in this life. */
  isRegistrationShown(): boolean
  /** The cluster counts on this broker: what it leads it may serve. */
  isServing(): boolean
  /** `isrRequest` of the partition is to be sent to the controller. */
  onIsrChange(partition: Partition): void
  /** The partition may be fetched from its leader, which it could not be before. */
  onFollowable(partition: Partition): void
  /** The log was found damaged; what it holds must not become anybody's truth. */
  onDamaged(partition: Partition, error: StorageError): void
}
