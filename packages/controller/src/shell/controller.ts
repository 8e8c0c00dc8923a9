/**
 * The controller at work: takes commands, decides them one after the other, has the quorum commit what follows from them,
 * and answers. Commands that arrive while a group is being committed form the next one.
 */
import {
  BrokerConfig,
  type ClusterImage,
  type ConfigOverrides,
  CONTROLLER_ERROR_CODES,
  ControllerError,
  type ControllerPort,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type Clock, invariant, type Logger, type Random } from '@millrace/runtime'
import { alterConfigs, incrementalAlterConfigs } from '../core/alter-configs.ts'
import type { Command, CommandContext } from '../core/command.ts'
import { createPartitions } from '../core/create-partitions.ts'
import { createTopics } from '../core/create-topics.ts'
import { deleteTopics } from '../core/delete-topics.ts'
import { allocateProducerIds } from '../core/producer-ids.ts'
import { heartbeat } from '../core/heartbeat.ts'
import { registerBroker } from '../core/register-broker.ts'
import { registerController } from '../core/register-controller.ts'
import { unregisterBroker } from '../core/unregister-broker.ts'
import { decideGroup, type WaitingCommand } from './command-group.ts'
import { reasonOf } from './errors.ts'
import type { ImageFeed } from './image-feed.ts'
import type { Leadership, MetadataQuorum } from './metadata-quorum.ts'

/** More waiting commands than this are refused: whoever sends them does not wait for answers. */
const QUEUE_LENGTH_MAX = 10_000

export interface ControllerOptions {
  readonly nodeId: number
  /** Started, with `feed` among those who observe it. */
  readonly quorum: MetadataQuorum
  readonly feed: ImageFeed
  /** Broker configs from the command line and the configuration file. */
  readonly staticConfigs: ConfigOverrides
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** This controller failed at what the quorum did not foresee: all further commands will be refused with this. */
  readonly onOffline: (error: ControllerError) => void
}

export class Controller implements ControllerPort {
  readonly #options: ControllerOptions
  #waiting: WaitingCommand[] = []
  #isScheduled = false
  #isClosed = false
  #offline: ControllerError | null = null
  /** Resolves when all commands taken so far are answered. */
  #work: Promise<void> = Promise.resolve()
  /** The config that follows from an image's, for as long as commands leave those as they are. */
  #config: { readonly of: ClusterImage['configs']; readonly value: BrokerConfig } | null = null

  constructor(options: ControllerOptions) {
    this.#options = options
  }

  createTopics: ControllerPort['createTopics'] = (request) => this.#submit(createTopics, request)
  deleteTopics: ControllerPort['deleteTopics'] = (request) => this.#submit(deleteTopics, request)
  createPartitions: ControllerPort['createPartitions'] = (request) => this.#submit(createPartitions, request)
  alterConfigs: ControllerPort['alterConfigs'] = (request) => this.#submit(alterConfigs, request)
  incrementalAlterConfigs: ControllerPort['incrementalAlterConfigs'] = (request) => this.#submit(incrementalAlterConfigs, request)
  allocateProducerIds: ControllerPort['allocateProducerIds'] = (request) => this.#submit(allocateProducerIds, request)
  registerBroker: ControllerPort['registerBroker'] = (request) => this.#submit(registerBroker, request)
  heartbeat: ControllerPort['heartbeat'] = (request) => this.#submit(heartbeat, request)
  unregisterBroker: ControllerPort['unregisterBroker'] = (request) => this.#submit(unregisterBroker, request)
  alterPartitions: ControllerPort['alterPartitions'] = () => Promise.reject(notYet())
  electLeaders: ControllerPort['electLeaders'] = () => Promise.reject(notYet())
  alterPartitionReassignments: ControllerPort['alterPartitionReassignments'] = () => Promise.reject(notYet())
  updateFeatures: ControllerPort['updateFeatures'] = () => Promise.reject(notYet())
  registerController: ControllerPort['registerController'] = (request) => this.#submit(registerController, request)
  describeQuorum: ControllerPort['describeQuorum'] = async () => this.#options.quorum.describe()
  /** Its address goes into the metadata first, or nobody could reach it. */
  addVoter: ControllerPort['addVoter'] = async (request) => {
    const registered = await this.registerController({ clusterId: this.#options.feed.image().clusterId, ...request })
    return registered.errorCode === ERROR_CODES.NONE ? this.#options.quorum.addVoter(request) : registered
  }
  removeVoter: ControllerPort['removeVoter'] = (request) => this.#options.quorum.removeVoter(request)

  /** To be told of each change of leadership, after all that was committed before it was shown. */
  onLeadership({ isActive }: Leadership): void {
    if (!isActive) this.#refuseWaiting(this.#notActive())
  }

  /** The quorum is at its end: all that waits is refused, and whatever comes. */
  quorumFailed(error: ControllerError): void {
    this.#offline ??= error
    this.#refuseWaiting(error)
  }

  /** Takes nothing more; resolves when all that was taken is answered. Idempotent. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#work
  }

  #submit<Request, Response>(command: Command<Request, Response>, request: Request): Promise<Response> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const decide = (context: CommandContext) => command(request, context)
      this.#waiting.push({ decide, resolve: (response) => resolve(response as Response), reject })
      this.#schedule()
    })
  }

  /** Why no command is taken now; null when one is. */
  #refusal(): ControllerError | null {
    if (this.#isClosed) return new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'the controller is closed')
    if (this.#offline !== null) return this.#offline
    if (!this.#options.quorum.leadership.isActive) return this.#notActive()
    if (this.#waiting.length < QUEUE_LENGTH_MAX) return null
    const message = `${QUEUE_LENGTH_MAX} commands are waiting already`
    return new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, message)
  }

  /** Begins after the current turn, so that all commands of the turn are in the first group. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#work = this.#work
      .then(() => new Promise<void>((resolve) => this.#options.clock.defer(resolve)))
      .then(async () => {
        while (this.#waiting.length > 0) await this.#commitGroup()
        this.#isScheduled = false
      })
  }

  /** Never rejects: whatever goes wrong is told to those who asked. */
  async #commitGroup(): Promise<void> {
    const { feed, quorum } = this.#options
    const group = decideGroup(this.#waiting, { ...this.#options, image: feed.image(), configOf: (image) => this.#configOf(image) })
    this.#waiting = this.#waiting.slice(group.commandCount)
    try {
      if (group.batches.length > 0) {
        await quorum.propose(group.batches)
        const { offset } = feed.image()
        invariant(offset >= group.endOffset - 1, 'what was committed is applied', { offset, endOffset: group.endOffset })
      }
    } catch (error) {
      group.refuse(this.#failed(error, group.batches.length))
      return
    }
    group.answer()
  }

  /** What those who asked are told. Anything that the quorum did not foresee is the end: image and log may differ now. */
  #failed(error: unknown, batchCount: number): ControllerError {
    const { logger, onOffline } = this.#options
    if (error instanceof ControllerError) {
      logger.warn('metadata was not committed', { batches: batchCount, error })
      return error
    }
    logger.error('metadata was not committed', { batches: batchCount, error })
    const refusal = unforeseen(error)
    this.quorumFailed(refusal)
    onOffline(refusal)
    return refusal
  }

  #refuseWaiting(refusal: ControllerError): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(refusal)
  }

  #notActive(): ControllerError {
    const { leaderId } = this.#options.quorum.leadership
    const known = leaderId === null ? 'which one is is not known' : `controller ${leaderId} is`
    return new ControllerError(
      CONTROLLER_ERROR_CODES.notLeader,
      ERROR_CODES.NOT_CONTROLLER,
      `this controller is not the active one; ${known}`,
    )
  }

  #configOf(image: ClusterImage): BrokerConfig {
    const { configs } = image
    if (this.#config?.of === configs) return this.#config.value
    const { staticConfigs, nodeId } = this.#options
    const value = new BrokerConfig({ fromFile: staticConfigs, allBrokers: configs.defaultBroker(), thisBroker: configs.broker(nodeId) })
    this.#config = { of: configs, value }
    return value
  }
}

function notYet(): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.UNSUPPORTED_VERSION, 'this controller does not do that yet')
}

function unforeseen(error: unknown): ControllerError {
  const message = `the controller failed and is offline until it is restarted: ${reasonOf(error)}`
  return new ControllerError(CONTROLLER_ERROR_CODES.offline, ERROR_CODES.UNKNOWN_SERVER_ERROR, message, { cause: error })
}
