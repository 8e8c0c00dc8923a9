/**
 * What to tell a person about an error that a broker named but did not explain, and which errors mean that the client's
 * picture of the cluster is out of date.
 */
import { ERROR_CODES, type ErrorName, errorName } from '@millrace/protocol'

const MESSAGES: { readonly [Name in ErrorName]?: string } = {
  UNKNOWN_SERVER_ERROR: 'the broker failed in a way it did not expect; its log has the cause',
  OFFSET_OUT_OF_RANGE: 'the log does not have this offset (any more)',
  CORRUPT_MESSAGE: 'the record batch was damaged on its way',
  UNKNOWN_TOPIC_OR_PARTITION: 'the topic or partition does not exist',
  LEADER_NOT_AVAILABLE: 'the partition has no leader at the moment',
  NOT_LEADER_OR_FOLLOWER: 'another broker leads this partition',
  REQUEST_TIMED_OUT: 'the broker could not complete the request in time',
  MESSAGE_TOO_LARGE: 'the batch is larger than max.message.bytes allows',
  INVALID_TOPIC_EXCEPTION: 'a topic name has 1 to 249 letters, digits, ".", "_" or "-"',
  RECORD_LIST_TOO_LARGE: 'the batch is larger than a segment',
  NOT_ENOUGH_REPLICAS: 'fewer replicas are in sync than min.insync.replicas asks for',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'replicas fell out of sync before they stored the records',
  INVALID_REQUIRED_ACKS: 'acks must be 0, 1 or all',
  TOPIC_AUTHORIZATION_FAILED: 'no permission for this topic',
  CLUSTER_AUTHORIZATION_FAILED: 'no permission for this cluster',
  INVALID_TIMESTAMP: 'the timestamp is too far from the time of the broker',
  UNSUPPORTED_VERSION: 'the broker does not know this version of the request',
  TOPIC_ALREADY_EXISTS: 'the topic exists already',
  INVALID_PARTITIONS: 'the number of partitions is not possible',
  INVALID_REPLICATION_FACTOR: 'there are not enough brokers for this replication factor',
  INVALID_REPLICA_ASSIGNMENT: 'the assignment of replicas is not possible',
  INVALID_CONFIG: 'a config is unknown or has a value that is not allowed',
  NOT_CONTROLLER: 'this broker is not the controller',
  INVALID_REQUEST: 'the broker does not accept the request as it is',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 'the log is in a format that cannot do this',
  POLICY_VIOLATION: 'the configuration of the topic or cluster forbids it',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'the broker has lost records of this producer that it had acknowledged',
  INVALID_PRODUCER_EPOCH: 'a newer producer has taken over this producer id',
  KAFKA_STORAGE_ERROR: 'the disk of the broker fails or is full',
  LOG_DIR_NOT_FOUND: 'the broker has no such log directory',
  SASL_AUTHENTICATION_FAILED: 'the name or password was not accepted',
  TOPIC_DELETION_DISABLED: 'the broker does not allow topics to be deleted (delete.topic.enable)',
  COORDINATOR_LOAD_IN_PROGRESS: 'the coordinator has just taken over and is reading its log',
  COORDINATOR_NOT_AVAILABLE: 'the group has no coordinator at the moment',
  NOT_COORDINATOR: 'another broker coordinates this group',
  INVALID_GROUP_ID: 'a group needs a name',
  UNKNOWN_MEMBER_ID: 'the group does not know this member; offsets of a group with members can only be changed by them',
  REBALANCE_IN_PROGRESS: 'the group is dividing its partitions anew',
  OFFSET_METADATA_TOO_LARGE: 'the metadata is longer than offset.metadata.max.bytes allows',
  NON_EMPTY_GROUP: 'the group has members',
  GROUP_ID_NOT_FOUND: 'the group does not exist',
  GROUP_SUBSCRIBED_TO_TOPIC: 'a member of the group subscribes to this topic',
  UNSUPPORTED_COMPRESSION_TYPE: 'the broker does not accept this codec',
  INVALID_RECORD: 'the broker refused a record',
  THROTTLING_QUOTA_EXCEEDED: 'the quota is used up for the moment',
  UNKNOWN_TOPIC_ID: 'the topic was deleted or created anew',
}

export function errorMessage(code: number): string {
  return MESSAGES[errorName(code)] ?? `the broker refused the request with error ${code}`
}

/** The errors after which to ask for metadata before trying again. */
const STALE_METADATA: ReadonlySet<number> = new Set([
  ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
  ERROR_CODES.LEADER_NOT_AVAILABLE,
  ERROR_CODES.NOT_LEADER_OR_FOLLOWER,
  ERROR_CODES.REPLICA_NOT_AVAILABLE,
  ERROR_CODES.NETWORK_EXCEPTION,
  ERROR_CODES.KAFKA_STORAGE_ERROR,
  ERROR_CODES.LISTENER_NOT_FOUND,
  ERROR_CODES.FENCED_LEADER_EPOCH,
  ERROR_CODES.UNKNOWN_LEADER_EPOCH,
  ERROR_CODES.UNKNOWN_TOPIC_ID,
  ERROR_CODES.INCONSISTENT_TOPIC_ID,
])

export function meansStaleMetadata(code: number): boolean {
  return STALE_METADATA.has(code)
}
