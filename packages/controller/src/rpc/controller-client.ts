/**
 * The controller as a broker sees it: one port, behind which the active controller is found, lost and found again.
 *
 * A command goes to the controller of this node while that is the active one, else to the one that is said to be, else to all in
 * turn, until it is answered or its time is up. What certainly did not happen is tried again. When nobody knows whether it
 * happened, it is tried again only if doing it twice does no harm; otherwise the caller is told so (REQUEST_TIMED_OUT), and
 * never that it succeeded.
 *
 * An answer comes when this node's own metadata shows what was answered.
 */
import { CONTROLLER_ERROR_CODES, ControllerError, type ControllerPort, type MetadataFeed } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type Clock, type Logger, type Random, unreachable as unreachableCode } from '@millrace/runtime'
import { Backoff } from './backoff.ts'
import { BrokerLine, type LineTarget } from './broker-line.ts'
import { NotActiveError, unanswered, unreachable } from './controller-errors.ts'
import { CONTROLLER_METHODS, type ControllerMethodName } from './controller-methods.ts'
import type { ControllerConnector, ControllerService } from './controller-service.ts'
import { KnownControllers, registeredControllers } from './known-controllers.ts'
import type { ControllerEndpoint } from './metadata-fetch.ts'
import { pause, within } from './waiting.ts'

/** The controller of this node, where it has one. */
export interface LocalController extends ControllerService {
  isActive(): boolean
  /** The active controller as far as this node's own knows. */
  leader(): ControllerEndpoint | null
}

export interface ControllerClientOptions {
  readonly nodeId: number
  readonly local: LocalController | null
  /** To the controllers of other nodes; null where there are none. */
  readonly connector: ControllerConnector | null
  /** Where controllers are said to be, by the configuration. */
  readonly bootstrap: readonly ControllerEndpoint[]
  /** This node's metadata. */
  readonly feed: MetadataFeed
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** The active controller is not heard any more: its process ended, or there is a new one. A heartbeat finds out. */
  readonly onControllerLost?: () => void
  /** Until a command is answered, one way or the other; 15 s when absent. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 15_000
/** A heartbeat that comes so late says nothing any more; the next one does. */
const HEARTBEAT_TIMEOUT_MS = 2_000
/** Short: a command waits for the next active controller, which takes about a second to be found. */
const BACKOFF = { baseMs: 20, maxMs: 200 }

export class ControllerClient implements ControllerPort {
  readonly #options: ControllerClientOptions
  readonly #controllers: KnownControllers
  readonly #line: BrokerLine
  #isClosed = false

  constructor(options: ControllerClientOptions) {
    const { nodeId, local, feed, clock, onControllerLost = () => {} } = options
    const ownNodeId = local === null ? null : nodeId
    this.#options = options
    this.#controllers = new KnownControllers({ ...options, ownNodeId, registered: () => registeredControllers(feed) })
    this.#line = new BrokerLine({
      feed,
      clock,
      onLost: (endpoint) => {
        this.#controllers.noteFailure(endpoint)
        onControllerLost()
      },
    })
  }

  createTopics: ControllerPort['createTopics'] = (command) => this.#command('createTopics', (to) => to.createTopics(command))
  deleteTopics: ControllerPort['deleteTopics'] = (command) => this.#command('deleteTopics', (to) => to.deleteTopics(command))
  createPartitions: ControllerPort['createPartitions'] = (command) =>
    this.#command('createPartitions', (to) => to.createPartitions(command))
  alterConfigs: ControllerPort['alterConfigs'] = (command) => this.#command('alterConfigs', (to) => to.alterConfigs(command))
  incrementalAlterConfigs: ControllerPort['incrementalAlterConfigs'] = (command) =>
    this.#command('incrementalAlterConfigs', (to) => to.incrementalAlterConfigs(command))
  updateFeatures: ControllerPort['updateFeatures'] = (command) => this.#command('updateFeatures', (to) => to.updateFeatures(command))
  registerBroker: ControllerPort['registerBroker'] = (command) => this.#command('registerBroker', (to) => to.registerBroker(command))
  heartbeat: ControllerPort['heartbeat'] = (command) => this.#heartbeat(command)
  unregisterBroker: ControllerPort['unregisterBroker'] = (command) =>
    this.#command('unregisterBroker', (to) => to.unregisterBroker(command))
  allocateProducerIds: ControllerPort['allocateProducerIds'] = (command) =>
    this.#command('allocateProducerIds', (to) => to.allocateProducerIds(command))
  alterPartitions: ControllerPort['alterPartitions'] = (command) => this.#command('alterPartitions', (to) => to.alterPartitions(command))
  electLeaders: ControllerPort['electLeaders'] = (command) => this.#command('electLeaders', (to) => to.electLeaders(command))
  alterPartitionReassignments: ControllerPort['alterPartitionReassignments'] = (command) =>
    this.#command('alterPartitionReassignments', (to) => to.alterPartitionReassignments(command))
  registerController: ControllerPort['registerController'] = (command) =>
    this.#command('registerController', (to) => to.registerController(command))
  describeQuorum: ControllerPort['describeQuorum'] = () => this.#command('describeQuorum', (to) => to.describeQuorum())
  addVoter: ControllerPort['addVoter'] = (command) => this.#command('addVoter', (to) => to.addVoter(command))
  removeVoter: ControllerPort['removeVoter'] = (command) => this.#command('removeVoter', (to) => to.removeVoter(command))

  /**
   * Takes nothing more; what is under way is answered. The active controller is told that this broker leaves on purpose, unless it
   * is to look as if it was lost. Idempotent.
   */
  async close(reason: 'done' | 'lost' = 'done'): Promise<void> {
    this.#isClosed = true
    this.#line.close(reason)
    await this.#controllers.close()
  }

  async #heartbeat(command: Parameters<ControllerPort['heartbeat']>[0]): Promise<Awaited<ReturnType<ControllerPort['heartbeat']>>> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options
    const deadlineMs = clock.monotonic() + Math.min(timeoutMs, HEARTBEAT_TIMEOUT_MS)
    const { target, response } = await this.#untilAnswered('heartbeat', (to) => to.heartbeat(command), deadlineMs)
    if (response.errorCode === ERROR_CODES.NONE && !this.#isClosed) this.#line.keep(target, command)
    return response
  }

  async #command<Response>(name: ControllerMethodName, ask: (to: ControllerService) => Promise<Response>): Promise<Response> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options
    const deadlineMs = clock.monotonic() + timeoutMs
    const { target, response } = await this.#untilAnswered(name, ask, deadlineMs)
    const isElsewhere = target.endpoint !== null
    if (CONTROLLER_METHODS[name].isSeenInFeed && isElsewhere) await this.#untilSeen(name, target.service.metadataOffset(), deadlineMs)
    return response
  }

  async #untilAnswered<Response>(
    name: ControllerMethodName,
    ask: (to: ControllerService) => Promise<Response>,
    deadlineMs: number,
  ): Promise<{ readonly target: LineTarget; readonly response: Response }> {
    const { clock, random, logger } = this.#options
    const backoff = new Backoff(BACKOFF, random)
    /** That of an attempt which may have succeeded, if there was one: what came later does not make it undone. */
    let reason: ControllerError | null = null
    let hops = 0
    for (;;) {
      if (this.#isClosed) throw reason ?? closedError()
      const target = this.#target()
      const outcome = target === null ? unreachable('no controller is known') : await this.#attempt(target, ask, deadlineMs)
      if (!(outcome instanceof ControllerError)) return { target: target as LineTarget, response: outcome.response }
      if (!isRetried(outcome, CONTROLLER_METHODS[name].isRepeatable)) throw outcome
      if (reason === null || !isUnknown(reason)) reason = outcome
      // What a controller says of who is active is followed at once, but not in circles.
      const isHinted = outcome instanceof NotActiveError && outcome.leader !== null && hops < this.#controllers.count()
      hops = isHinted ? hops + 1 : 0
      const waitMs = isHinted ? 0 : backoff.nextMs()
      if (clock.monotonic() + waitMs >= deadlineMs) throw reason
      logger.debug('the controller is asked again', { command: name, reason: outcome.message })
      if (waitMs > 0) await pause(clock, waitMs)
    }
  }

  /** One controller, asked once. Learns from its failure who is not active, and who may be. */
  async #attempt<Response>(
    { service, endpoint }: LineTarget,
    ask: (to: ControllerService) => Promise<Response>,
    deadlineMs: number,
  ): Promise<{ readonly response: Response } | ControllerError> {
    const { clock } = this.#options
    const late = unanswered('the controller did not answer in time')
    try {
      const response = await within(clock, deadlineMs - clock.monotonic(), ask(service), late)
      if (endpoint !== null) this.#controllers.noteLeader(endpoint)
      return { response }
    } catch (error) {
      if (endpoint !== null) this.#controllers.noteFailure(endpoint)
      if (error instanceof NotActiveError && error.leader !== null) this.#controllers.noteLeader(error.leader)
      return error instanceof ControllerError ? error : unanswered('the controller failed unexpectedly', error)
    }
  }

  /** Ours while it is the active one; else whoever is said to be. Null when there is nobody to ask. */
  #target(): LineTarget | null {
    const { local } = this.#options
    if (local?.isActive() === true) return { service: local, endpoint: null }
    const leader = local?.leader() ?? null
    if (leader !== null && this.#controllers.leader() === null) this.#controllers.noteLeader(leader)
    const known = this.#controllers.next()
    return known === null ? null : { service: known.channel, endpoint: known.endpoint }
  }

  async #untilSeen(name: ControllerMethodName, offset: number, deadlineMs: number): Promise<void> {
    const { feed, clock } = this.#options
    if (feed.image().offset >= offset) return
    let unsubscribe = (): void => {}
    const seen = new Promise<void>((resolve) => {
      unsubscribe = feed.subscribe((image) => {
        if (image.offset >= offset) resolve()
      })
    })
    try {
      const late = unanswered(`${name} was carried out, and this broker has not heard of it yet`)
      await within(clock, deadlineMs - clock.monotonic(), seen, late)
    } finally {
      unsubscribe()
    }
  }
}

/** Nobody knows whether what was asked happened. */
function isUnknown({ code }: ControllerError): boolean {
  return code === CONTROLLER_ERROR_CODES.timeout || code === CONTROLLER_ERROR_CODES.offline
}

function isRetried(failure: ControllerError, isRepeatable: boolean): boolean {
  if (failure.errorCode === ERROR_CODES.UNSUPPORTED_VERSION) return false
  switch (failure.code) {
    case CONTROLLER_ERROR_CODES.notLeader:
    case CONTROLLER_ERROR_CODES.unreachable:
    case CONTROLLER_ERROR_CODES.busy:
    case CONTROLLER_ERROR_CODES.closed:
      return true
    case CONTROLLER_ERROR_CODES.timeout:
    case CONTROLLER_ERROR_CODES.offline:
      return isRepeatable
    case CONTROLLER_ERROR_CODES.storage:
    case CONTROLLER_ERROR_CODES.tooLarge:
      return false
    default:
      return unreachableCode(failure.code)
  }
}

function closedError(): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'this node is closing')
}
