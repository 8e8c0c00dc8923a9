/**
 * Creates topics: names, partition and replica counts, assignments and configs are checked; each topic succeeds or fails on
 * its own and is created whole.
 */
import {
  checkTopicConfig,
  collisionKeyOf,
  type ConfigEntry,
  type ConfigOverrides,
  type ConfigRecord,
  type CreatableTopic,
  type CreatedTopic,
  type CreateTopicsCommand,
  topicConfigAsGiven,
  type MetadataRecord,
  type Outcome,
  topicNameProblem,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import {
  type CommandContext,
  type CommandResult,
  failure,
  isFailure,
  packBatches,
  PARTITIONS_PER_REQUEST_MAX,
  repeated,
  SUCCESS,
} from './command.ts'
import { assignmentProblem, isActiveBroker, newPartition, placeableBrokers, placementProblem } from './new-partition.ts'
import { placeReplicas } from './placement.ts'

/** The log of the metadata itself lives in a directory of this name. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['__cluster_metadata'])

export function createTopics(request: CreateTopicsCommand, context: CommandContext): CommandResult<readonly CreatedTopic[]> {
  const creation = new TopicCreation(context)
  const twice = repeated(request.topics.map((topic) => topic.name))
  const answered = new Set<string>()
  const response: CreatedTopic[] = []
  for (const topic of request.topics) {
    if (answered.has(topic.name)) continue
    answered.add(topic.name)
    if (twice.has(topic.name)) {
      response.push(refused(topic.name, failure(ERROR_CODES.INVALID_REQUEST, 'the request names this topic more than once')))
    } else {
      response.push(creation.create(topic, request.validateOnly))
    }
  }
  return { batches: request.validateOnly ? [] : packBatches(creation.units), response }
}

/** One request at work: it remembers what the topics before have taken. */
class TopicCreation {
  /** The records of each topic. */
  readonly units: MetadataRecord[][] = []
  readonly #context: CommandContext
  readonly #newCollisionKeys = new Map<string, string>()
  #partitionCount = 0
  /** Most topics set nothing; their configs are looked up once a request. */
  #defaultEntries: readonly ConfigEntry[] | null = null

  constructor(context: CommandContext) {
    this.#context = context
  }

  create(topic: CreatableTopic, validateOnly: boolean): CreatedTopic {
    const { image, config } = this.#context
    const nameOutcome = this.#checkName(topic.name)
    if (isFailure(nameOutcome)) return refused(topic.name, nameOutcome)

    const overrides = overridesOf(topic)
    if ('errorCode' in overrides) return refused(topic.name, overrides)
    const problems = checkTopicConfig(overrides, config)
    if (problems.length > 0) {
      return refused(topic.name, failure(ERROR_CODES.INVALID_CONFIG, problems.map((problem) => problem.message).join('; ')))
    }

    const replicas = topic.assignments.length > 0 ? this.#manualReplicas(topic) : this.#placedReplicas(topic)
    if ('errorCode' in replicas) return refused(topic.name, replicas)

    this.#partitionCount += replicas.length
    const key = collisionKeyOf(topic.name)
    if (key !== null) this.#newCollisionKeys.set(key, topic.name)
    const topicId = this.#context.newTopicId()
    const isActive = (brokerId: number) => isActiveBroker(image.brokers.get(brokerId))
    this.units.push([
      { type: 'topic', topicId, name: topic.name },
      ...replicas.map((brokerIds, partition) => newPartition(topicId, partition, brokerIds, isActive)),
      ...[...overrides].map(
        ([name, value]): ConfigRecord => ({ type: 'config', resourceType: 'topic', resourceName: topic.name, name, value }),
      ),
    ])
    return {
      name: topic.name,
      ...SUCCESS,
      topicId: validateOnly ? null : topicId,
      partitionCount: replicas.length,
      replicationFactor: replicas[0]?.length ?? 0,
      configs: this.#entries(overrides),
    }
  }

  #checkName(name: string): Outcome {
    const problem = topicNameProblem(name)
    if (problem !== null) return failure(ERROR_CODES.INVALID_TOPIC_EXCEPTION, problem)
    if (RESERVED_NAMES.has(name)) return failure(ERROR_CODES.INVALID_TOPIC_EXCEPTION, `the name ${name} is reserved`)
    const { topics } = this.#context.image
    if (topics.get(name) !== undefined) return failure(ERROR_CODES.TOPIC_ALREADY_EXISTS, `topic ${name} exists already`)
    const key = collisionKeyOf(name)
    const other = topics.collidingWith(name) ?? (key === null ? undefined : this.#newCollisionKeys.get(key))
    if (other === undefined) return SUCCESS
    return failure(
      ERROR_CODES.INVALID_TOPIC_EXCEPTION,
      `topic ${name} would collide with topic ${other}: '.' and '_' cannot be told apart in metric names`,
    )
  }

  /** The partitions' brokers as the client chose them. */
  #manualReplicas(topic: CreatableTopic): readonly (readonly number[])[] | Outcome {
    if (topic.partitionCount !== -1 || topic.replicationFactor !== -1) {
      return failure(ERROR_CODES.INVALID_REQUEST, 'with assignments given, partition count and replication factor have to be -1')
    }
    const outcome = this.#checkCount(topic.assignments.length)
    if (isFailure(outcome)) return outcome
    const replicas: (readonly number[] | undefined)[] = []
    const replicationFactor = topic.assignments[0]?.brokerIds.length ?? 0
    const inOrder = [...topic.assignments].sort((left, right) => left.partition - right.partition)
    for (const [index, { partition, brokerIds }] of inOrder.entries()) {
      if (partition !== index) {
        return failure(
          ERROR_CODES.INVALID_REPLICA_ASSIGNMENT,
          `assignments have to be for partitions 0 to ${inOrder.length - 1}, each once; there is one for ${partition}`,
        )
      }
      const problem = assignmentProblem(this.#context.image, partition, brokerIds, replicationFactor)
      if (problem !== null) return problem
      replicas.push(brokerIds)
    }
    return replicas.filter((brokerIds) => brokerIds !== undefined)
  }

  /** The partitions' brokers as the controller chooses them. */
  #placedReplicas(topic: CreatableTopic): readonly (readonly number[])[] | Outcome {
    const { image, config, random } = this.#context
    const partitionCount = topic.partitionCount === -1 ? config.get('num.partitions') : topic.partitionCount
    const replicationFactor = topic.replicationFactor === -1 ? config.get('default.replication.factor') : topic.replicationFactor
    if (partitionCount < 1) {
      return failure(ERROR_CODES.INVALID_PARTITIONS, `a topic cannot have ${partitionCount} partitions; at least 1, or -1 for the default`)
    }
    if (replicationFactor < 1) {
      return failure(
        ERROR_CODES.INVALID_REPLICATION_FACTOR,
        `the replication factor cannot be ${replicationFactor}; at least 1, or -1 for the default`,
      )
    }
    const problem = placementProblem(image, replicationFactor)
    if (problem !== null) return problem
    const outcome = this.#checkCount(partitionCount)
    if (isFailure(outcome)) return outcome
    return placeReplicas({ ...placeableBrokers(image), partitionCount, replicationFactor, random })
  }

  #checkCount(partitionCount: number): Outcome {
    if (this.#partitionCount + partitionCount <= PARTITIONS_PER_REQUEST_MAX) return SUCCESS
    return failure(
      ERROR_CODES.POLICY_VIOLATION,
      `one request can create at most ${PARTITIONS_PER_REQUEST_MAX} partitions; use several, or add partitions later`,
    )
  }

  #entries(overrides: ConfigOverrides): readonly ConfigEntry[] {
    if (overrides.size > 0) return topicConfigAsGiven(overrides, this.#context.config)
    this.#defaultEntries ??= topicConfigAsGiven(overrides, this.#context.config)
    return this.#defaultEntries
  }
}

function overridesOf(topic: CreatableTopic): ConfigOverrides | Outcome {
  const overrides = new Map<string, string>()
  for (const { name, value } of topic.configs) {
    if (value === null) return failure(ERROR_CODES.INVALID_CONFIG, `config ${name} has no value; leave it out to get the default`)
    if (overrides.has(name)) return failure(ERROR_CODES.INVALID_CONFIG, `config ${name} is given more than once`)
    overrides.set(name, value)
  }
  return overrides
}

function refused(name: string, outcome: Outcome): CreatedTopic {
  return { name, ...outcome, topicId: null, partitionCount: -1, replicationFactor: -1, configs: null }
}
