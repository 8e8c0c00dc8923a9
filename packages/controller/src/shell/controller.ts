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
import { alterPartitions } from '../core/alter-partitions.ts'
import type { Command, CommandContext } from '../core/command.ts'
import { createPartitions } from '../core/create-partitions.ts'
import { createTopics } from '../core/create-topics.ts'
import { deleteTopics } from '../core/delete-topics.ts'
import { electLeaders } from '../core/elect-leaders.ts'
import { fenceBroker } from '../core/fence-broker.ts'
import { allocateProducerIds } from '../core/producer-ids.ts'
import { heartbeat } from '../core/heartbeat.ts'
import { alterPartitionReassignments } from '../core/reassign-partitions.ts'
import { registerBroker } from '../core/register-broker.ts'
import { registerController } from '../core/register-controller.ts'
import { DEFAULT_SESSION_SETTINGS } from '../core/sessions/state.ts'
import { unregisterBroker } from '../core/unregister-broker.ts'
import { updateFeatures } from '../core/update-features.ts'
import { ActiveDuties } from './active-duties.ts'
import { decideGroup, newTopicId, type WaitingCommand } from './command-group.ts'
import { reasonOf } from './errors.ts'
import type { ImageFeed } from './image-feed.ts'
import type { Leadership, MetadataQuorum } from './metadata-quorum.ts'
import { reportLosses } from './loss-reports.ts'
import { SessionKeeper } from './session-keeper.ts'

/** More waiting commands than this are refused: whoever sends them does not wait for answers. */
const QUEUE_LENGTH_MAX = 10_000
/** How long the creation of a topic waits for brokers to know of it. One that is silent for so long is fenced, and not waited for. */
const APPLIED_TIMEOUT_MS = 5_000

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
  /** Of the broker in this process; null when it has none. Any other process of that id is known to be dead. */
  readonly ownIncarnationId?: string | null
  /** This controller failed at what the quorum did not foresee: all further commands will be refused with this. */
  readonly onOffline: (error: ControllerError) => void
}

export interface BrokerLife {
  readonly brokerId: number
  readonly brokerEpoch: number
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

  readonly #sessions: SessionKeeper
  readonly #unsubscribe: () => void
  #isActive = false
  readonly #duties: ActiveDuties

  constructor(options: ControllerOptions) {
    this.#options = options
    const { nodeId, feed, clock, logger, ownIncarnationId = null } = options
    const sessionMs = this.#configOf(feed.image()).get('broker.session.timeout.ms')
    this.#unsubscribe = feed.subscribe((_image, delta) => {
      if (this.#isActive) reportLosses(delta, logger)
    })
    this.#sessions = new SessionKeeper({
      feed,
      settings: { ...DEFAULT_SESSION_SETTINGS, sessionMs },
      clock,
      logger,
      own: { brokerId: nodeId, incarnationId: ownIncarnationId },
      fence: (command) => this.#submit(fenceBroker, command),
    })
    this.#duties = new ActiveDuties({
      ...options,
      config: () => this.#configOf(feed.image()),
      submit: (command) => this.#submit(command, null),
      suspect: (brokerId, brokerEpoch) => this.#sessions.lineLost(brokerId, brokerEpoch),
    })
  }

  /** To be told of each change of leadership, after all that was committed before it was shown. */
  onLeadership({ isActive }: Leadership): void {
    if (!isActive && this.#waiting.length > 0) this.#refuseWaiting(this.#notActive())
    if (isActive === this.#isActive || this.#isClosed) return
    this.#isActive = isActive
    this.#sessions.setActive(isActive)
    this.#duties.end()
    if (isActive) this.#duties.begin()
  }

  /** A broker's line to this controller broke. */
  readonly onBrokerDisconnected = ({ brokerId, brokerEpoch }: BrokerLife): void => {
    this.#sessions.lineLost(brokerId, brokerEpoch)
  }

  /** A broker said, between two heartbeats, how far it has applied the metadata. */
  readonly onMetadataApplied = ({ brokerId, brokerEpoch, metadataOffset }: BrokerLife & { readonly metadataOffset: number }): void => {
    this.#sessions.metadataApplied(brokerId, brokerEpoch, metadataOffset)
  }

  /** Answered only when brokers know of it, so that the first use of a topic or a partition finds it. */
  createTopics: ControllerPort['createTopics'] = async (request) => {
    const created = await this.#submit(createTopics, request)
    if (!request.validateOnly) await this.#whenBrokersKnow()
    return created
  }

  createPartitions: ControllerPort['createPartitions'] = async (request) => {
    const created = await this.#submit(createPartitions, request)
    if (!request.validateOnly) await this.#whenBrokersKnow()
    return created
  }

  /** Counts as a sign of life before anything else. Most change nothing and do not wait for what does. */
  heartbeat: ControllerPort['heartbeat'] = (request) => {
    this.#sessions.heartbeatArrived(request)
    const refusal = this.#unavailable()
    if (refusal !== null) return Promise.reject(refusal)
    const { feed, quorum, random } = this.#options
    const image = feed.image()
    const { batches, response } = heartbeat(request, {
      image,
      config: this.#configOf(image),
      nextOffset: quorum.endOffset,
      sessions: this.#sessions.view(),
      step: 0,
      random: () => random.uint32(),
      newTopicId: () => newTopicId(random),
    })
    return batches.length === 0 ? Promise.resolve(response) : this.#submit(heartbeat, request)
  }

  deleteTopics: ControllerPort['deleteTopics'] = (request) => this.#submit(deleteTopics, request)
  alterConfigs: ControllerPort['alterConfigs'] = (request) => this.#submit(alterConfigs, request)
  incrementalAlterConfigs: ControllerPort['incrementalAlterConfigs'] = (request) => this.#submit(incrementalAlterConfigs, request)
  allocateProducerIds: ControllerPort['allocateProducerIds'] = (request) => this.#submit(allocateProducerIds, request)
  registerBroker: ControllerPort['registerBroker'] = (request) => this.#submit(registerBroker, request)
  unregisterBroker: ControllerPort['unregisterBroker'] = (request) => this.#submit(unregisterBroker, request)
  alterPartitions: ControllerPort['alterPartitions'] = (request) => this.#submit(alterPartitions, request)
  electLeaders: ControllerPort['electLeaders'] = (request) => this.#submit(electLeaders, request)
  alterPartitionReassignments: ControllerPort['alterPartitionReassignments'] = (request) =>
    this.#submit(alterPartitionReassignments, request)
  updateFeatures: ControllerPort['updateFeatures'] = (request) => this.#submit(updateFeatures, request)
  registerController: ControllerPort['registerController'] = (request) => this.#submit(registerController, request)
  describeQuorum: ControllerPort['describeQuorum'] = async () =>
    this.#sessions.observers.addTo(this.#options.quorum.describe(), this.#options.feed.image())

  /** Its address goes into the metadata first, or nobody could reach it. */
  addVoter: ControllerPort['addVoter'] = async (request) => {
    const registered = await this.registerController({ clusterId: this.#options.feed.image().clusterId, ...request })
    return registered.errorCode === ERROR_CODES.NONE ? this.#options.quorum.addVoter(request) : registered
  }
  removeVoter: ControllerPort['removeVoter'] = (request) => this.#options.quorum.removeVoter(request)

  /** The quorum is at its end: all that waits is refused, and whatever comes. */
  quorumFailed(error: ControllerError): void {
    this.#offline ??= error
    this.#refuseWaiting(error)
  }

  /** Takes nothing more; resolves when all that was taken is answered. Idempotent. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#sessions.close()
    this.#unsubscribe()
    this.#duties.end()
    return this.#work
  }

  #whenBrokersKnow(): Promise<void> {
    return this.#sessions.whenApplied(this.#options.feed.image().offset, APPLIED_TIMEOUT_MS)
  }

  #submit<Request, Response>(command: Command<Request, Response>, request: Request): Promise<Response> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const decide = (context: CommandContext) => command(request, context)
      this.#waiting.push({ step: 0, decide, resolve: (response) => resolve(response as Response), reject })
      this.#schedule()
    })
  }

  /** Why no command is taken now; null when one is. */
  #refusal(): ControllerError | null {
    const unavailable = this.#unavailable()
    if (unavailable !== null || this.#waiting.length < QUEUE_LENGTH_MAX) return unavailable
    const message = `${QUEUE_LENGTH_MAX} commands are waiting already`
    return new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, message)
  }

  /** Why this controller decides nothing now; null when it does. */
  #unavailable(): ControllerError | null {
    if (this.#isClosed) return new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'the controller is closed')
    if (this.#offline !== null) return this.#offline
    return this.#options.quorum.leadership.isActive ? null : this.#notActive()
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
    const group = decideGroup(this.#waiting, {
      ...this.#options,
      image: feed.image(),
      configOf: (image) => this.#configOf(image),
      sessions: this.#sessions.view(),
    })
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

function unforeseen(error: unknown): ControllerError {
  const message = `the controller failed and is offline until it is restarted: ${reasonOf(error)}`
  return new ControllerError(CONTROLLER_ERROR_CODES.offline, ERROR_CODES.UNKNOWN_SERVER_ERROR, message, { cause: error })
}
