/**
 * A controller that writes down what it is asked and answers what the test says. What is not said succeeds: what matters to a
 * handler is which command it makes of a request, and what it makes of the outcome.
 */
import type {
  AllocateProducerIdsCommand,
  AlterConfigsCommand,
  AlterPartitionReassignmentsCommand,
  AlterPartitionsCommand,
  AlterPartitionsOutcome,
  BrokerHeartbeatCommand,
  BrokerHeartbeatOutcome,
  ConfigResourceOutcome,
  ControllerPort,
  CreatedTopic,
  CreatePartitionsCommand,
  CreateTopicsCommand,
  DeletedTopic,
  DeleteTopicsCommand,
  ElectLeadersCommand,
  IncrementalAlterConfigsCommand,
  Outcome,
  PartitionsOutcome,
  ProducerIdBlock,
  QuorumDescription,
  RegisteredBroker,
  TopicOutcome,
  UpdateFeaturesCommand,
  UpdateFeaturesOutcome,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'

export const SUCCESS: Outcome = { errorCode: ERROR_CODES.NONE, errorMessage: null }

const PRODUCER_ID_BLOCK = 2

type Answers = Partial<Record<keyof ControllerPort, (command: never) => unknown>>

export class RecordingController implements ControllerPort {
  /** In the order in which they came. */
  readonly commands: { readonly name: keyof ControllerPort; readonly command: unknown }[] = []
  /** By command; an error is thrown. */
  readonly answers: Answers = {}
  #nextProducerId = 1000

  async createTopics(command: CreateTopicsCommand): Promise<readonly CreatedTopic[]> {
    return this.#run('createTopics', command, () =>
      command.topics.map(({ name }) => ({ name, ...SUCCESS, topicId: null, partitionCount: 1, replicationFactor: 1, configs: [] })),
    )
  }

  async deleteTopics(command: DeleteTopicsCommand): Promise<readonly DeletedTopic[]> {
    return this.#run('deleteTopics', command, () => command.topics.map((topic) => ({ ...topic, ...SUCCESS })))
  }

  async createPartitions(command: CreatePartitionsCommand): Promise<readonly TopicOutcome[]> {
    return this.#run('createPartitions', command, () => command.topics.map(({ name }) => ({ name, ...SUCCESS })))
  }

  async alterConfigs(command: AlterConfigsCommand): Promise<readonly ConfigResourceOutcome[]> {
    return this.#run('alterConfigs', command, () => command.resources.map(({ type, name }) => ({ type, name, ...SUCCESS })))
  }

  async incrementalAlterConfigs(command: IncrementalAlterConfigsCommand): Promise<readonly ConfigResourceOutcome[]> {
    return this.#run('incrementalAlterConfigs', command, () => command.resources.map(({ type, name }) => ({ type, name, ...SUCCESS })))
  }

  async allocateProducerIds(command: AllocateProducerIdsCommand): Promise<ProducerIdBlock> {
    return this.#run('allocateProducerIds', command, () => {
      const firstProducerId = this.#nextProducerId
      this.#nextProducerId += PRODUCER_ID_BLOCK
      return { ...SUCCESS, firstProducerId, count: PRODUCER_ID_BLOCK }
    })
  }

  async registerBroker(): Promise<RegisteredBroker> {
    return this.#run('registerBroker', null, () => ({ ...SUCCESS, brokerEpoch: 0 }))
  }

  async heartbeat(command: BrokerHeartbeatCommand): Promise<BrokerHeartbeatOutcome> {
    return this.#run('heartbeat', command, () => ({ ...SUCCESS, isFenced: false, isCaughtUp: true, shouldShutdown: command.wantShutdown }))
  }

  async unregisterBroker(command: unknown): Promise<Outcome> {
    return this.#run('unregisterBroker', command, () => SUCCESS)
  }

  async alterPartitions(command: AlterPartitionsCommand): Promise<AlterPartitionsOutcome> {
    return this.#run('alterPartitions', command, () => ({
      ...SUCCESS,
      partitions: command.partitions.map(({ topicId, partition, leaderEpoch, partitionEpoch, newIsr, recoveryState }) => ({
        topicId,
        partition,
        errorCode: ERROR_CODES.NONE,
        leader: command.brokerId,
        leaderEpoch,
        partitionEpoch: partitionEpoch + 1,
        isr: newIsr.map(({ brokerId }) => brokerId),
        recoveryState,
      })),
    }))
  }

  async electLeaders(command: ElectLeadersCommand): Promise<PartitionsOutcome> {
    return this.#run('electLeaders', command, () => partitionsOutcome(command.partitions ?? []))
  }

  async alterPartitionReassignments(command: AlterPartitionReassignmentsCommand): Promise<PartitionsOutcome> {
    return this.#run('alterPartitionReassignments', command, () => partitionsOutcome(command.partitions))
  }

  async updateFeatures(command: UpdateFeaturesCommand): Promise<UpdateFeaturesOutcome> {
    return this.#run('updateFeatures', command, () => ({ ...SUCCESS, results: command.updates.map(({ name }) => ({ name, ...SUCCESS })) }))
  }

  async registerController(command: unknown): Promise<Outcome> {
    return this.#run('registerController', command, () => SUCCESS)
  }

  async describeQuorum(): Promise<QuorumDescription> {
    return this.#run('describeQuorum', null, () => ({
      leaderId: 1,
      leaderEpoch: 1,
      highWatermark: 1,
      voters: [],
      observers: [],
      nodes: [],
    }))
  }

  async addVoter(command: unknown): Promise<Outcome> {
    return this.#run('addVoter', command, () => SUCCESS)
  }

  async removeVoter(command: unknown): Promise<Outcome> {
    return this.#run('removeVoter', command, () => SUCCESS)
  }

  #run<Result>(name: keyof ControllerPort, command: unknown, succeed: () => Result): Result {
    this.commands.push({ name, command })
    const answer = this.answers[name] as ((command: unknown) => unknown) | undefined
    const result = answer === undefined ? succeed() : answer(command)
    if (result instanceof Error) throw result
    return result as Result
  }
}

function partitionsOutcome(partitions: readonly { readonly topic: string; readonly partition: number }[]): PartitionsOutcome {
  return { ...SUCCESS, partitions: partitions.map(({ topic, partition }) => ({ topic, partition, ...SUCCESS })) }
}
