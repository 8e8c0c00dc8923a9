/** A broker made ready for scenarios: their topics are there, its coordinators serve, and each scenario has a world of its own. */
import { createHash, randomUUID } from 'node:crypto'
import {
  consumerGroupHeartbeatApi,
  createTopicsApi,
  describeProducersApi,
  ERROR_CODES,
  fetchApi,
  findCoordinatorApi,
  initProducerIdApi,
  listOffsetsApi,
  metadataApi,
  produceApi,
  writeTxnMarkersApi,
  ZERO_UUID,
} from '@millrace/protocol'
import { type BrokerAddress, WireConnection } from '../../integration/testing/wire-connection.ts'
import { runScenario } from './run-scenario.ts'
import type { Scenario, ScenarioTopic } from './scenario.ts'
import type { Transcript } from './transcript.ts'
import { World } from './world.ts'

/**
 * What both brokers are told. One partition of each internal topic, so that all groups and transactions have one coordinator, whose
 * order is everybody's; no delays that would only cost time; groups that are soon full.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
  'group.max.size': '4',
  'group.consumer.max.size': '4',
}

/** What only Apache Kafka has to be told: not to wait for more to write. */
export const KAFKA_SETTINGS: Readonly<Record<string, string>> = { ...SETTINGS, 'group.coordinator.append.linger.ms': '0' }

/** Who asks for these sees records, and so has topics of its own. */
const ABOUT_RECORDS: ReadonlySet<number> = new Set(
  [produceApi, fetchApi, listOffsetsApi, writeTxnMarkersApi, describeProducersApi].map(({ key }) => key),
)

const CREATE_VERSION = 7
const LIST_OFFSETS_VERSION = 7
const LATEST = -1
const METADATA_VERSION = 12
const HEARTBEAT_VERSION = 1
const FIND_VERSION = 4
const INIT_VERSION = 4
const GROUP = 0
const TRANSACTION = 1
const TIMEOUT_MS = 30_000
const POLL_MS = 20

export class Stage {
  readonly #address: BrokerAddress
  readonly #topicIds: ReadonlyMap<string, string>

  private constructor(address: BrokerAddress, topicIds: ReadonlyMap<string, string>) {
    this.#address = address
    this.#topicIds = topicIds
  }

  /** `round` tells apart runs of the same scenarios on one broker. */
  static async prepare(address: BrokerAddress, scenarios: readonly Scenario[], round = 0): Promise<Stage> {
    await using connection = await WireConnection.open(address)
    const topics = new Map(
      scenarios.flatMap((each) => each.topics.map((topic) => [topicName(each, topic, round), topic.partitions] as const)),
    )
    const topicIds = await createTopics(connection, topics)
    await coordinatorsServe(connection)
    const isAboutMembers = scenarios.some(({ steps }) => steps.some(({ api }) => api.key === consumerGroupHeartbeatApi.key))
    if (isAboutMembers) await coordinatorKnows(connection, topics)
    return new Stage(address, topicIds)
  }

  /** Follows what is expected, if anything is, and stops at the first difference. */
  run(scenario: Scenario, expected: Transcript | null, round = 0): Promise<Transcript> {
    const topics = scenario.topics.map((topic) => {
      const fullName = topicName(scenario, topic, round)
      return { name: topic.name, fullName, topicId: this.#topicIds.get(fullName) ?? ZERO_UUID }
    })
    return runScenario(scenario, this.#address, new World(prefixOf(scenario, round), topics), expected)
  }
}

/** Thousands of partitions would only take time: scenarios that are not about records share theirs. */
function topicName(scenario: Scenario, { name, partitions }: ScenarioTopic, round: number): string {
  const isAboutRecords = scenario.steps.some(({ api }) => ABOUT_RECORDS.has(api.key))
  return isAboutRecords ? prefixOf(scenario, round) + name : `shared-${name}-${partitions}`
}

/** The same for every broker, so that nothing differs that depends on a name's hash or length. */
function prefixOf({ name }: Scenario, round: number): string {
  return `d${createHash('sha256').update(`${name} ${round}`).digest('hex').slice(0, 10)}-`
}

/** Their ids by their names. */
async function createTopics(connection: WireConnection, topics: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, string>> {
  const creatable = [...topics].map(([name, numPartitions]) => ({
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }))
  const created = await connection.call(createTopicsApi, CREATE_VERSION, { topics: creatable, timeoutMs: TIMEOUT_MS, validateOnly: false })
  const refused = created.topics.find(({ errorCode }) => errorCode !== ERROR_CODES.NONE && errorCode !== ERROR_CODES.TOPIC_ALREADY_EXISTS)
  if (refused !== undefined) throw new Error(`${refused.name} was not created: ${refused.errorCode} ${refused.errorMessage}`)
  const wanted = [...topics].map(([name, partitions]) => ({
    name,
    partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: LATEST })),
  }))
  await eventually('the topics have leaders', async () => {
    const answer = await connection.call(listOffsetsApi, LIST_OFFSETS_VERSION, { replicaId: -1, isolationLevel: 0, topics: wanted })
    return answer.topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === ERROR_CODES.NONE))
  })
  const names = [...topics.keys()].map((name) => ({ name }))
  const metadata = await connection.call(metadataApi, METADATA_VERSION, { topics: names, includeTopicAuthorizedOperations: false })
  return new Map(metadata.topics.map(({ name, topicId }) => [name ?? '', topicId]))
}

/** A group coordinator hears of new topics a little later than their leaders do. */
async function coordinatorKnows(connection: WireConnection, topics: ReadonlyMap<string, number>): Promise<void> {
  await eventually('the group coordinator knows the topics', async () => {
    const { assignment } = await connection.call(consumerGroupHeartbeatApi, HEARTBEAT_VERSION, {
      groupId: `warm-up-${randomUUID()}`,
      memberId: 'warm-up',
      memberEpoch: 0,
      rebalanceTimeoutMs: TIMEOUT_MS,
      subscribedTopicNames: [...topics.keys()],
      topicPartitions: [],
    })
    return assignment?.topicPartitions.length === topics.size
  })
}

async function coordinatorsServe(connection: WireConnection): Promise<void> {
  for (const keyType of [GROUP, TRANSACTION]) {
    await eventually('the coordinators serve', async () => {
      const { coordinators } = await connection.call(findCoordinatorApi, FIND_VERSION, { keyType, coordinatorKeys: ['warm-up'] })
      return coordinators.every(({ errorCode }) => errorCode === ERROR_CODES.NONE)
    })
  }
  for (const transactionalId of [null, 'warm-up']) {
    await eventually('producers get ids', async () => {
      const { errorCode } = await connection.call(initProducerIdApi, INIT_VERSION, { transactionalId, transactionTimeoutMs: TIMEOUT_MS })
      return errorCode === ERROR_CODES.NONE
    })
  }
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`still not so: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
