/** The record of a partition that begins its life, and the checks of brokers that somebody chose for it by hand. */
import { activeBrokers, type BrokerImage, type ClusterImage, type Outcome, type PartitionRecord } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { failure } from './command.ts'

/** Replicas that are active now are in sync from the start: there is nothing yet that they could lack. */
export function newPartition(
  topicId: string,
  partition: number,
  replicas: readonly number[],
  isActive: (brokerId: number) => boolean,
): PartitionRecord {
  const isr = replicas.filter(isActive)
  return {
    type: 'partition',
    topicId,
    partition,
    replicas,
    isr,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: isr[0] ?? -1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    recoveryState: 'recovered',
  }
}

export function isActiveBroker(broker: BrokerImage | undefined): boolean {
  return broker !== undefined && !broker.isFenced && !broker.isInControlledShutdown
}

/** Brokers that replicas can be placed on. Those that are away come last: they get followers only when the others do not suffice. */
export function placeableBrokers(image: ClusterImage): { readonly brokers: BrokerImage[]; readonly absent: BrokerImage[] } {
  const absent = [...image.brokers.values()].filter((broker) => !isActiveBroker(broker))
  return { brokers: activeBrokers(image), absent: absent.sort((left, right) => left.id - right.id) }
}

/** Null: as many replicas can be placed. */
export function placementProblem(image: ClusterImage, replicationFactor: number): Outcome | null {
  const { brokers, absent } = placeableBrokers(image)
  const registered = brokers.length + absent.length
  if (brokers.length > 0 && replicationFactor <= registered) return null
  const problem =
    brokers.length === 0
      ? `none of the ${registered} registered brokers is active, and a new partition needs a leader`
      : `replication factor ${replicationFactor} is more than the ${registered} registered ${registered === 1 ? 'broker' : 'brokers'}`
  return failure(ERROR_CODES.INVALID_REPLICATION_FACTOR, problem)
}

/** What is wrong with the brokers that a client chose for a partition; null when nothing is. */
export function assignmentProblem(
  image: ClusterImage,
  partition: number,
  brokerIds: readonly number[],
  replicationFactor: number,
): Outcome | null {
  const refuse = (problem: string) => failure(ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, `partition ${partition}: ${problem}`)
  if (brokerIds.length === 0) return refuse('the assignment names no broker')
  if (brokerIds.length !== replicationFactor) {
    return refuse(`the assignment names ${brokerIds.length} brokers, other partitions have ${replicationFactor}`)
  }
  if (new Set(brokerIds).size !== brokerIds.length) return refuse('the assignment names a broker twice')
  const unknown = brokerIds.find((id) => !image.brokers.has(id))
  if (unknown !== undefined) return refuse(`there is no broker ${unknown}`)
  if (!brokerIds.some((id) => isActiveBroker(image.brokers.get(id)))) return refuse('none of the brokers is active')
  return null
}
