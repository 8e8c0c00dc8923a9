/** Kafka's wire: bytes to plain objects and back. Pure: nothing here touches time, chance, disk or network. */
export { APIS } from './apis.ts'
export { ERROR_CODES, errorName, isRetriable, type ErrorCode, type ErrorName } from './error-codes.ts'
export { uuidFromBytes, uuidToBytes, ZERO_UUID } from './primitives/uuid.ts'
export { joinChunks, type Chunk, type ExternalRecords } from './primitives/writer.ts'
export { PROTOCOL_ERROR_CODES, ProtocolError, type ProtocolErrorCode } from './protocol-error.ts'
export {
  apiByKey,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequestFrame,
  encodeResponseFrame,
  type RequestHeader,
} from './request-frame.ts'
export { defineApi, type ApiDefinition } from './schema/define-api.ts'
export { defineMessage, type Decoded, type Encodable, type MessageDefinition } from './schema/define-message.ts'
export {
  array,
  bigint64,
  bool,
  bytes,
  float64,
  int16,
  int32,
  int64,
  int8,
  records,
  string,
  struct,
  uint16,
  uint32,
  uuid,
  type DecodedFields,
  type EncodableFields,
  type Field,
  type FieldKind,
  type FieldOptions,
  type Fields,
} from './schema/field.ts'
export { decodeMessage, encodeMessage, encodeToChunks } from './schema/message-codec.ts'
export {
  CONSUMER_PROTOCOL_TYPE,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './messages/consumer-protocol.ts'
export { produceApi, produceRequest, produceResponse } from './messages/00-produce.ts'
export { fetchApi, fetchRequest, fetchResponse } from './messages/01-fetch.ts'
export { listOffsetsApi, listOffsetsRequest, listOffsetsResponse } from './messages/02-list-offsets.ts'
export { metadataApi, metadataRequest, metadataResponse } from './messages/03-metadata.ts'
export { offsetCommitApi, offsetCommitRequest, offsetCommitResponse } from './messages/08-offset-commit.ts'
export { offsetFetchApi, offsetFetchRequest, offsetFetchResponse } from './messages/09-offset-fetch.ts'
export { findCoordinatorApi, findCoordinatorRequest, findCoordinatorResponse } from './messages/10-find-coordinator.ts'
export { joinGroupApi, joinGroupRequest, joinGroupResponse } from './messages/11-join-group.ts'
export { heartbeatApi, heartbeatRequest, heartbeatResponse } from './messages/12-heartbeat.ts'
export { leaveGroupApi, leaveGroupRequest, leaveGroupResponse } from './messages/13-leave-group.ts'
export { syncGroupApi, syncGroupRequest, syncGroupResponse } from './messages/14-sync-group.ts'
export { describeGroupsApi, describeGroupsRequest, describeGroupsResponse } from './messages/15-describe-groups.ts'
export { listGroupsApi, listGroupsRequest, listGroupsResponse } from './messages/16-list-groups.ts'
export { apiVersionsApi, apiVersionsRequest, apiVersionsResponse } from './messages/18-api-versions.ts'
export { createTopicsApi, createTopicsRequest, createTopicsResponse } from './messages/19-create-topics.ts'
export { deleteTopicsApi, deleteTopicsRequest, deleteTopicsResponse } from './messages/20-delete-topics.ts'
export { deleteRecordsApi, deleteRecordsRequest, deleteRecordsResponse } from './messages/21-delete-records.ts'
export { initProducerIdApi, initProducerIdRequest, initProducerIdResponse } from './messages/22-init-producer-id.ts'
export {
  offsetForLeaderEpochApi,
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from './messages/23-offset-for-leader-epoch.ts'
export { addPartitionsToTxnApi, addPartitionsToTxnRequest, addPartitionsToTxnResponse } from './messages/24-add-partitions-to-txn.ts'
export { addOffsetsToTxnApi, addOffsetsToTxnRequest, addOffsetsToTxnResponse } from './messages/25-add-offsets-to-txn.ts'
export { endTxnApi, endTxnRequest, endTxnResponse } from './messages/26-end-txn.ts'
export { writeTxnMarkersApi, writeTxnMarkersRequest, writeTxnMarkersResponse } from './messages/27-write-txn-markers.ts'
export { txnOffsetCommitApi, txnOffsetCommitRequest, txnOffsetCommitResponse } from './messages/28-txn-offset-commit.ts'
export { describeAclsApi, describeAclsRequest, describeAclsResponse } from './messages/29-describe-acls.ts'
export { createAclsApi, createAclsRequest, createAclsResponse } from './messages/30-create-acls.ts'
export { deleteAclsApi, deleteAclsRequest, deleteAclsResponse } from './messages/31-delete-acls.ts'
export { describeConfigsApi, describeConfigsRequest, describeConfigsResponse } from './messages/32-describe-configs.ts'
export { alterConfigsApi, alterConfigsRequest, alterConfigsResponse } from './messages/33-alter-configs.ts'
export { describeLogDirsApi, describeLogDirsRequest, describeLogDirsResponse } from './messages/35-describe-log-dirs.ts'
export { createPartitionsApi, createPartitionsRequest, createPartitionsResponse } from './messages/37-create-partitions.ts'
export { deleteGroupsApi, deleteGroupsRequest, deleteGroupsResponse } from './messages/42-delete-groups.ts'
export { electLeadersApi, electLeadersRequest, electLeadersResponse } from './messages/43-elect-leaders.ts'
export {
  incrementalAlterConfigsApi,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from './messages/44-incremental-alter-configs.ts'
export {
  alterPartitionReassignmentsApi,
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from './messages/45-alter-partition-reassignments.ts'
export {
  listPartitionReassignmentsApi,
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from './messages/46-list-partition-reassignments.ts'
export { offsetDeleteApi, offsetDeleteRequest, offsetDeleteResponse } from './messages/47-offset-delete.ts'
export { describeClientQuotasApi, describeClientQuotasRequest, describeClientQuotasResponse } from './messages/48-describe-client-quotas.ts'
export {
  describeUserScramCredentialsApi,
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from './messages/50-describe-user-scram-credentials.ts'
export { describeQuorumApi, describeQuorumRequest, describeQuorumResponse } from './messages/55-describe-quorum.ts'
export { updateFeaturesApi, updateFeaturesRequest, updateFeaturesResponse } from './messages/57-update-features.ts'
export { describeClusterApi, describeClusterRequest, describeClusterResponse } from './messages/60-describe-cluster.ts'
export { describeProducersApi, describeProducersRequest, describeProducersResponse } from './messages/61-describe-producers.ts'
export { unregisterBrokerApi, unregisterBrokerRequest, unregisterBrokerResponse } from './messages/64-unregister-broker.ts'
export { describeTransactionsApi, describeTransactionsRequest, describeTransactionsResponse } from './messages/65-describe-transactions.ts'
export { listTransactionsApi, listTransactionsRequest, listTransactionsResponse } from './messages/66-list-transactions.ts'
export {
  consumerGroupHeartbeatApi,
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from './messages/68-consumer-group-heartbeat.ts'
export {
  consumerGroupDescribeApi,
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from './messages/69-consumer-group-describe.ts'
export { listConfigResourcesApi, listConfigResourcesRequest, listConfigResourcesResponse } from './messages/74-list-config-resources.ts'
export {
  describeTopicPartitionsApi,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from './messages/75-describe-topic-partitions.ts'
export { addRaftVoterApi, addRaftVoterRequest, addRaftVoterResponse } from './messages/80-add-raft-voter.ts'
export { removeRaftVoterApi, removeRaftVoterRequest, removeRaftVoterResponse } from './messages/81-remove-raft-voter.ts'
export {
  addToSequence,
  ATTRIBUTES,
  baseTimestamp,
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchCodec,
  batchCrc,
  type BatchHeader,
  type BatchInput,
  batchLastOffset,
  batchLastSequence,
  batchMagic,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  type BatchRefusal,
  type BatchRules,
  batchSizeInBytes,
  buildBatch,
  buildMarker,
  checkBatch,
  checkedBytes,
  checkRecords,
  type Codec,
  CODECS,
  CONTROL_TYPES,
  crc32cByTables,
  decodeBatchHeader,
  type DecodedRecord,
  type Decompress,
  type EndTransactionMarker,
  hasLogAppendTime,
  isControl,
  isTransactional,
  lastOffsetDelta,
  MAGIC,
  type MarkerInput,
  maxTimestamp,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  partitionLeaderEpoch,
  readMarker,
  readRecords,
  rebuildBatch,
  type RebuildInput,
  recordBytes,
  RecordCursor,
  RecordError,
  type RecordInput,
  type RecordRefusal,
  type RecordRules,
  type RecordsCheck,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
  type TransactionMarker,
  uncompressedRecords,
  updateCrc,
  varintSize,
  writeVarint,
} from './records/index.ts'
