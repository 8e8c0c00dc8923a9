/** A topic as the last Metadata answer described it. */
export interface TopicView {
  readonly name: string
  /** Null from brokers that know no topic ids. */
  readonly topicId: string | null
  readonly isInternal: boolean
  /** By partition number, without gaps. */
  readonly partitions: readonly PartitionView[]
}

export interface PartitionView {
  readonly partition: number
  /** Null while no broker leads it. */
  readonly leaderId: number | null
  /** -1 from brokers that know none. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
}

export interface BrokerView {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}
