/**
 * The controller of this node as others see it: commands while it is active, committed metadata always.
 *
 * Whether it is active is looked at when a command comes. When it is not, nothing happened, and the caller is told who is; when
 * it ceases to be while the command is under way, nobody knows what becomes of the command, and that is what the caller is told.
 */
import { CONTROLLER_ERROR_CODES, ControllerError, type ControllerPort, type MetadataFeed } from '@millrace/metadata'
import type { Clock } from '@millrace/runtime'
import type { Leadership } from '../shell/metadata-quorum.ts'
import { NotActiveError, unanswered } from './controller-errors.ts'
import type { ControllerService, Line, LineCaller } from './controller-service.ts'
import type { CommittedLog } from './committed-log.ts'
import { CommittedMetadata } from './committed-metadata.ts'
import type {
  ControllerEndpoint,
  MetadataFetchRequest,
  MetadataFetchResponse,
  MetadataSnapshotChunk,
  MetadataSnapshotRequest,
} from './metadata-fetch.ts'

export interface LocalControllerServiceOptions {
  readonly controller: ControllerPort
  /** Of this node's own quorum. */
  readonly feed: MetadataFeed
  readonly log: CommittedLog
  readonly leadership: () => Leadership
  /** Where a controller is reached; null when nobody knows. */
  readonly endpointOf: (nodeId: number) => ControllerEndpoint | null
  /** The last of a broker's lines to this controller, which is the active one, broke. */
  readonly onBrokerDisconnected: (broker: { readonly brokerId: number; readonly brokerEpoch: number }) => void
  /** A broker said over its line how far it has applied the metadata. */
  readonly onMetadataApplied?: (broker: AppliedMetadata) => void
  readonly clock: Clock
  readonly crc32c: (bytes: Uint8Array) => number
}

export interface AppliedMetadata {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly metadataOffset: number
}

export class LocalControllerService implements ControllerService {
  readonly #options: LocalControllerServiceOptions
  readonly #committed: CommittedMetadata
  readonly #lines = new Set<OpenLine>()

  constructor(options: LocalControllerServiceOptions) {
    this.#options = options
    this.#committed = new CommittedMetadata(options)
  }

  createTopics: ControllerPort['createTopics'] = (command) => this.#command((controller) => controller.createTopics(command))
  deleteTopics: ControllerPort['deleteTopics'] = (command) => this.#command((controller) => controller.deleteTopics(command))
  createPartitions: ControllerPort['createPartitions'] = (command) => this.#command((controller) => controller.createPartitions(command))
  alterConfigs: ControllerPort['alterConfigs'] = (command) => this.#command((controller) => controller.alterConfigs(command))
  incrementalAlterConfigs: ControllerPort['incrementalAlterConfigs'] = (command) =>
    this.#command((controller) => controller.incrementalAlterConfigs(command))
  updateFeatures: ControllerPort['updateFeatures'] = (command) => this.#command((controller) => controller.updateFeatures(command))
  registerBroker: ControllerPort['registerBroker'] = (command) => this.#command((controller) => controller.registerBroker(command))
  heartbeat: ControllerPort['heartbeat'] = (command) => this.#command((controller) => controller.heartbeat(command))
  unregisterBroker: ControllerPort['unregisterBroker'] = (command) => this.#command((controller) => controller.unregisterBroker(command))
  allocateProducerIds: ControllerPort['allocateProducerIds'] = (command) =>
    this.#command((controller) => controller.allocateProducerIds(command))
  alterPartitions: ControllerPort['alterPartitions'] = (command) => this.#command((controller) => controller.alterPartitions(command))
  electLeaders: ControllerPort['electLeaders'] = (command) => this.#command((controller) => controller.electLeaders(command))
  alterPartitionReassignments: ControllerPort['alterPartitionReassignments'] = (command) =>
    this.#command((controller) => controller.alterPartitionReassignments(command))
  registerController: ControllerPort['registerController'] = (command) =>
    this.#command((controller) => controller.registerController(command))
  describeQuorum: ControllerPort['describeQuorum'] = () => this.#command((controller) => controller.describeQuorum())
  addVoter: ControllerPort['addVoter'] = (command) => this.#command((controller) => controller.addVoter(command))
  removeVoter: ControllerPort['removeVoter'] = (command) => this.#command((controller) => controller.removeVoter(command))

  async fetchMetadata(request: MetadataFetchRequest): Promise<MetadataFetchResponse> {
    const answer = await this.#committed.fetch(request)
    return { ...answer, leader: this.leader() }
  }

  fetchMetadataSnapshot(request: MetadataSnapshotRequest): Promise<MetadataSnapshotChunk> {
    return this.#committed.fetchSnapshot(request)
  }

  metadataOffset(): number {
    return this.#options.feed.image().offset
  }

  isActive(): boolean {
    return this.#options.leadership().isActive
  }

  /** Null while there is none, or nobody here knows where it is. */
  leader(): ControllerEndpoint | null {
    const { leadership, endpointOf } = this.#options
    const { leaderId } = leadership()
    return leaderId === null ? null : endpointOf(leaderId)
  }

  attend(caller: LineCaller): Line {
    const { onBrokerDisconnected, onMetadataApplied = () => {} } = this.#options
    const { brokerId, brokerEpoch } = caller
    const line = new OpenLine(caller, {
      onApplied: (metadataOffset) => onMetadataApplied({ brokerId, brokerEpoch, metadataOffset }),
      onHungUp: (reason) => {
        if (this.#lines.delete(line) && reason === 'lost' && !this.#isAttending(brokerId)) onBrokerDisconnected({ brokerId, brokerEpoch })
      },
    })
    if (this.isActive()) this.#lines.add(line)
    else line.close()
    return line
  }

  /** To be told of each change: brokers look for the active controller as soon as this one ceases to be it. */
  onLeadership({ isActive }: Leadership): void {
    if (isActive) return
    const lines = [...this.#lines]
    this.#lines.clear()
    for (const line of lines) line.close()
  }

  /** Answers those who wait for new metadata. */
  close(): void {
    this.#committed.close()
    this.onLeadership({ ...this.#options.leadership(), isActive: false })
  }

  /** A broker that lost a line may have opened another one before that was noticed here. */
  #isAttending(brokerId: number): boolean {
    for (const line of this.#lines) {
      if (line.brokerId === brokerId) return true
    }
    return false
  }

  async #command<Response>(ask: (controller: ControllerPort) => Promise<Response>): Promise<Response> {
    if (!this.isActive()) throw new NotActiveError(this.leader())
    try {
      return await ask(this.#options.controller)
    } catch (error) {
      // It was active when it took the command, so the command may have been appended before it was lost.
      const isLost = error instanceof ControllerError && error.code === CONTROLLER_ERROR_CODES.notLeader
      throw isLost ? unanswered('the controller ceased to be the active one before the command was committed', error) : error
    }
  }
}

interface LineEvents {
  readonly onApplied: (metadataOffset: number) => void
  readonly onHungUp: (reason: 'done' | 'lost') => void
}

class OpenLine implements Line {
  readonly #caller: LineCaller
  readonly #events: LineEvents
  #isOpen = true

  constructor(caller: LineCaller, events: LineEvents) {
    this.#caller = caller
    this.#events = events
  }

  get brokerId(): number {
    return this.#caller.brokerId
  }

  applied(metadataOffset: number): void {
    if (this.#isOpen) this.#events.onApplied(metadataOffset)
  }

  hangUp(reason: 'done' | 'lost'): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#events.onHungUp(reason)
  }

  /** From this side. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#caller.onClosed()
  }
}
