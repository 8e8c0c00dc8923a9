/**
 * Every call of a controller that travels: its messages in the schemas, and whether it may be made again when nobody knows what
 * became of it.
 *
 * What is not repeatable would tell the second time that there is nothing to do, or that it cannot be done: the caller would
 * hear of a failure where there was none.
 */
import type { ControllerPort } from '@millrace/metadata'

export interface ControllerMethod {
  readonly request: string
  readonly response: string
  readonly isRepeatable: boolean
  /** Who asked may look into the metadata of its own node for what it was answered. */
  readonly isSeenInFeed: boolean
}

export type ControllerMethodName = keyof ControllerPort

export const CONTROLLER_METHODS = {
  createTopics: { request: 'CreateTopicsCommand', response: 'CreateTopicsOutcome', isRepeatable: false, isSeenInFeed: true },
  deleteTopics: { request: 'DeleteTopicsCommand', response: 'DeleteTopicsOutcome', isRepeatable: false, isSeenInFeed: true },
  createPartitions: { request: 'CreatePartitionsCommand', response: 'CreatePartitionsOutcome', isRepeatable: false, isSeenInFeed: true },
  alterConfigs: { request: 'AlterConfigsCommand', response: 'AlterConfigsOutcome', isRepeatable: true, isSeenInFeed: true },
  // May append to a list.
  incrementalAlterConfigs: {
    request: 'IncrementalAlterConfigsCommand',
    response: 'AlterConfigsOutcome',
    isRepeatable: false,
    isSeenInFeed: true,
  },
  updateFeatures: { request: 'UpdateFeaturesCommand', response: 'UpdateFeaturesOutcome', isRepeatable: false, isSeenInFeed: true },
  // Of the same incarnation: registered once more under a new epoch.
  registerBroker: { request: 'RegisterBrokerCommand', response: 'RegisteredBroker', isRepeatable: true, isSeenInFeed: false },
  heartbeat: { request: 'BrokerHeartbeatCommand', response: 'BrokerHeartbeatOutcome', isRepeatable: true, isSeenInFeed: false },
  unregisterBroker: { request: 'UnregisterBrokerCommand', response: 'Outcome', isRepeatable: false, isSeenInFeed: true },
  // A block that nobody heard of is skipped.
  allocateProducerIds: { request: 'AllocateProducerIdsCommand', response: 'ProducerIdBlock', isRepeatable: true, isSeenInFeed: false },
  // Names the state that it starts from, and the state that it asks for is a success.
  alterPartitions: { request: 'AlterPartitionsCommand', response: 'AlterPartitionsOutcome', isRepeatable: true, isSeenInFeed: false },
  electLeaders: { request: 'ElectLeadersCommand', response: 'PartitionsOutcome', isRepeatable: false, isSeenInFeed: true },
  alterPartitionReassignments: {
    request: 'AlterPartitionReassignmentsCommand',
    response: 'PartitionsOutcome',
    isRepeatable: false,
    isSeenInFeed: true,
  },
  registerController: { request: 'RegisterControllerCommand', response: 'Outcome', isRepeatable: true, isSeenInFeed: false },
  describeQuorum: { request: 'DescribeQuorumCommand', response: 'QuorumDescription', isRepeatable: true, isSeenInFeed: false },
  addVoter: { request: 'AddVoterCommand', response: 'Outcome', isRepeatable: false, isSeenInFeed: false },
  removeVoter: { request: 'RemoveVoterCommand', response: 'Outcome', isRepeatable: false, isSeenInFeed: false },
} as const satisfies Readonly<Record<ControllerMethodName, ControllerMethod>>
