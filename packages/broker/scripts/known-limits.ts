/** What the broker does not do of the APIs that it serves, by the API's name, in sentences for its users. */
import type { APIS } from '@millrace/protocol'

type ApiName = (typeof APIS)[number]['name']

const NO_TIMEOUT = 'The time limit of the request is not looked at: the controller answers at once or not at all.'
const NO_ACLS = 'There is no authorizer: refused with SECURITY_DISABLED.'
const OWN_RESOURCES = 'Topics, brokers and consumer groups have configs. Loggers and client metrics have none and are refused.'

export const KNOWN_LIMITS: Readonly<Partial<Record<ApiName, string>>> = {
  Produce: 'Topics of the coordinators are refused to all clients.',
  Fetch: 'Consumers are sent to a follower in their rack only where replica.selector.class says so.',
  ListOffsets: 'There is no tiered storage: the latest tiered and the earliest pending offset are answered with -1.',
  Metadata: 'Topics of the coordinators are not created by asking for them. The broker that is asked calls itself the controller.',
  FindCoordinator: 'Of groups and transactions. There are no coordinators of share groups.',
  CreateTopics: NO_TIMEOUT,
  DeleteTopics: NO_TIMEOUT,
  DeleteRecords: 'Compacted topics and topics of the coordinators are refused.',
  InitProducerId: 'No transactions in two phases (KIP-939).',
  DescribeAcls: NO_ACLS,
  CreateAcls: NO_ACLS,
  DeleteAcls: NO_ACLS,
  DescribeConfigs: `${OWN_RESOURCES} A broker describes itself and what is set for all brokers. A repeated resource is described once.`,
  AlterConfigs: OWN_RESOURCES,
  DescribeLogDirs: 'A broker has one log directory.',
  CreatePartitions: `${NO_TIMEOUT} Topics of the coordinators keep the partitions that they have.`,
  IncrementalAlterConfigs: OWN_RESOURCES,
  DescribeClientQuotas: 'There are no quotas, and none can be set.',
  DescribeUserScramCredentials: 'Nobody has credentials, and none can be given.',
  DescribeCluster: "Brokers only: a broker's address tells nothing of controllers.",
  ListConfigResources: 'Topics, brokers and consumer groups only: nothing else has configs.',
}
