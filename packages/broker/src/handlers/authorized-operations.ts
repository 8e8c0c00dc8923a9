/**
 * What a client is told that it may do, as a set of bits whose numbers are those of the ACL operations. There is no authoriser,
 * and as with Kafka in that case, everything that can be done with a resource is allowed.
 */
const OPERATIONS = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

type Operation = keyof typeof OPERATIONS

/** The client did not ask. */
export const OPERATIONS_NOT_ASKED = -2_147_483_648

export const TOPIC_OPERATIONS: number = bitsOf('read', 'write', 'create', 'delete', 'alter', 'describe', 'describeConfigs', 'alterConfigs')

export const GROUP_OPERATIONS: number = bitsOf('read', 'delete', 'describe', 'describeConfigs', 'alterConfigs')

export const CLUSTER_OPERATIONS: number = bitsOf(
  'create',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
)

function bitsOf(...operations: readonly Operation[]): number {
  return operations.reduce((bits, operation) => bits | (1 << OPERATIONS[operation]), 0)
}
