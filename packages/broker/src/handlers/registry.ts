/**
 * Every API that the broker serves, in the order of keys. What is not in this list is neither advertised nor answered.
 *
 * What every client asks for is loaded with the broker, and so is what serves fewer versions than its messages have; everything
 * else when it is first asked for.
 */
import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  addRaftVoterApi,
  alterConfigsApi,
  alterPartitionReassignmentsApi,
  consumerGroupDescribeApi,
  consumerGroupHeartbeatApi,
  createAclsApi,
  createPartitionsApi,
  createTopicsApi,
  deleteAclsApi,
  deleteGroupsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeAclsApi,
  describeClientQuotasApi,
  describeClusterApi,
  describeConfigsApi,
  describeGroupsApi,
  describeLogDirsApi,
  describeProducersApi,
  describeQuorumApi,
  describeTopicPartitionsApi,
  describeTransactionsApi,
  describeUserScramCredentialsApi,
  electLeadersApi,
  endTxnApi,
  findCoordinatorApi,
  heartbeatApi,
  incrementalAlterConfigsApi,
  initProducerIdApi,
  joinGroupApi,
  leaveGroupApi,
  listConfigResourcesApi,
  listGroupsApi,
  listPartitionReassignmentsApi,
  listTransactionsApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  offsetForLeaderEpochApi,
  removeRaftVoterApi,
  syncGroupApi,
  txnOffsetCommitApi,
  unregisterBrokerApi,
  updateFeaturesApi,
  writeTxnMarkersApi,
} from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { produceHandler } from './00-produce.ts'
import { fetchHandler } from './01-fetch.ts'
import { listOffsetsHandler } from './02-list-offsets.ts'
import { metadataHandler } from './03-metadata.ts'
import { apiVersionsHandler } from './18-api-versions.ts'
import { DeferredHandler, whenAsked } from './deferred-handler.ts'
import type { Handler, HandlerFactory } from './handler.ts'

export const SERVED: readonly (HandlerFactory | DeferredHandler)[] = [
  produceHandler,
  fetchHandler,
  listOffsetsHandler,
  metadataHandler,
  whenAsked(offsetCommitApi, async () => (await import('./08-offset-commit.ts')).offsetCommitHandler),
  whenAsked(offsetFetchApi, async () => (await import('./09-offset-fetch.ts')).offsetFetchHandler),
  whenAsked(findCoordinatorApi, async () => (await import('./10-find-coordinator.ts')).findCoordinatorHandler),
  whenAsked(joinGroupApi, async () => (await import('./11-join-group.ts')).joinGroupHandler),
  whenAsked(heartbeatApi, async () => (await import('./12-heartbeat.ts')).heartbeatHandler),
  whenAsked(leaveGroupApi, async () => (await import('./13-leave-group.ts')).leaveGroupHandler),
  whenAsked(syncGroupApi, async () => (await import('./14-sync-group.ts')).syncGroupHandler),
  whenAsked(describeGroupsApi, async () => (await import('./15-describe-groups.ts')).describeGroupsHandler),
  whenAsked(listGroupsApi, async () => (await import('./16-list-groups.ts')).listGroupsHandler),
  apiVersionsHandler,
  whenAsked(createTopicsApi, async () => (await import('./19-create-topics.ts')).createTopicsHandler),
  whenAsked(deleteTopicsApi, async () => (await import('./20-delete-topics.ts')).deleteTopicsHandler),
  whenAsked(deleteRecordsApi, async () => (await import('./21-delete-records.ts')).deleteRecordsHandler),
  whenAsked(initProducerIdApi, async () => (await import('./22-init-producer-id.ts')).initProducerIdHandler),
  whenAsked(offsetForLeaderEpochApi, async () => (await import('./23-offset-for-leader-epoch.ts')).offsetForLeaderEpochHandler),
  whenAsked(addPartitionsToTxnApi, async () => (await import('./24-add-partitions-to-txn.ts')).addPartitionsToTxnHandler),
  whenAsked(addOffsetsToTxnApi, async () => (await import('./25-add-offsets-to-txn.ts')).addOffsetsToTxnHandler),
  whenAsked(endTxnApi, async () => (await import('./26-end-txn.ts')).endTxnHandler),
  whenAsked(writeTxnMarkersApi, async () => (await import('./27-write-txn-markers.ts')).writeTxnMarkersHandler),
  whenAsked(txnOffsetCommitApi, async () => (await import('./28-txn-offset-commit.ts')).txnOffsetCommitHandler),
  whenAsked(describeAclsApi, async () => (await import('./29-describe-acls.ts')).describeAclsHandler),
  whenAsked(createAclsApi, async () => (await import('./30-create-acls.ts')).createAclsHandler),
  whenAsked(deleteAclsApi, async () => (await import('./31-delete-acls.ts')).deleteAclsHandler),
  whenAsked(describeConfigsApi, async () => (await import('./32-describe-configs.ts')).describeConfigsHandler),
  whenAsked(alterConfigsApi, async () => (await import('./33-alter-configs.ts')).alterConfigsHandler),
  whenAsked(describeLogDirsApi, async () => (await import('./35-describe-log-dirs.ts')).describeLogDirsHandler),
  whenAsked(createPartitionsApi, async () => (await import('./37-create-partitions.ts')).createPartitionsHandler),
  whenAsked(deleteGroupsApi, async () => (await import('./42-delete-groups.ts')).deleteGroupsHandler),
  whenAsked(electLeadersApi, async () => (await import('./43-elect-leaders.ts')).electLeadersHandler),
  whenAsked(incrementalAlterConfigsApi, async () => (await import('./44-incremental-alter-configs.ts')).incrementalAlterConfigsHandler),
  whenAsked(
    alterPartitionReassignmentsApi,
    async () => (await import('./45-alter-partition-reassignments.ts')).alterPartitionReassignmentsHandler,
  ),
  whenAsked(
    listPartitionReassignmentsApi,
    async () => (await import('./46-list-partition-reassignments.ts')).listPartitionReassignmentsHandler,
  ),
  whenAsked(offsetDeleteApi, async () => (await import('./47-offset-delete.ts')).offsetDeleteHandler),
  whenAsked(describeClientQuotasApi, async () => (await import('./48-describe-client-quotas.ts')).describeClientQuotasHandler),
  whenAsked(
    describeUserScramCredentialsApi,
    async () => (await import('./50-describe-user-scram-credentials.ts')).describeUserScramCredentialsHandler,
  ),
  whenAsked(describeQuorumApi, async () => (await import('./55-describe-quorum.ts')).describeQuorumHandler),
  whenAsked(updateFeaturesApi, async () => (await import('./57-update-features.ts')).updateFeaturesHandler),
  whenAsked(describeClusterApi, async () => (await import('./60-describe-cluster.ts')).describeClusterHandler),
  whenAsked(describeProducersApi, async () => (await import('./61-describe-producers.ts')).describeProducersHandler),
  whenAsked(unregisterBrokerApi, async () => (await import('./64-unregister-broker.ts')).unregisterBrokerHandler),
  whenAsked(describeTransactionsApi, async () => (await import('./65-describe-transactions.ts')).describeTransactionsHandler),
  whenAsked(listTransactionsApi, async () => (await import('./66-list-transactions.ts')).listTransactionsHandler),
  whenAsked(consumerGroupHeartbeatApi, async () => (await import('./68-consumer-group-heartbeat.ts')).consumerGroupHeartbeatHandler),
  whenAsked(consumerGroupDescribeApi, async () => (await import('./69-consumer-group-describe.ts')).consumerGroupDescribeHandler),
  whenAsked(listConfigResourcesApi, async () => (await import('./74-list-config-resources.ts')).listConfigResourcesHandler),
  whenAsked(describeTopicPartitionsApi, async () => (await import('./75-describe-topic-partitions.ts')).describeTopicPartitionsHandler),
  whenAsked(addRaftVoterApi, async () => (await import('./80-add-raft-voter.ts')).addRaftVoterHandler),
  whenAsked(removeRaftVoterApi, async () => (await import('./81-remove-raft-voter.ts')).removeRaftVoterHandler),
]

export function createHandlers(services: BrokerServices): readonly Handler[] {
  return SERVED.map((served) => (served instanceof DeferredHandler ? served.create(services) : served(services)))
}

/** After this nothing is loaded when it is first asked for. */
export async function loadHandlers(): Promise<void> {
  await Promise.all(SERVED.filter((served) => served instanceof DeferredHandler).map((served) => served.load()))
}
