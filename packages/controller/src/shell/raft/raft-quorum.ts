/**
 * The quorum of controllers: Raft over the metadata log, with as many voters as there are. One voter alone is a quorum as well;
 * it asks nobody, so it leads at once.
 *
 * Invariants: the observer sees what is committed and durable here, in order; what is proposed is answered when it is applied
 * here, and refused when this controller stops leading, whatever becomes of it; once storage has failed nothing is said any
 * more that depends on it.
 */
import {
  type AddVoterCommand,
  type ClusterImage,
  CONTROLLER_ERROR_CODES,
  ControllerError,
  type ControllerImage,
  emptyImage,
  encodeRecords,
  type MetadataRecord,
  type Outcome,
  type QuorumDescription,
  type QuorumNode,
  type RemoveVoterCommand,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type Clock, type Disk, invariant, type Logger, type Random } from '@millrace/runtime'
import { type Accept, type Entry, entryBytes, isVoter, type Membership, type NodeStatus, RaftNode, type RefusalReason } from 'raft-ts'
import { MetadataStorageError, reasonOf } from '../errors.ts'
import { type MetadataDirectory, METADATA_LOG_NAME, type MetadataLog } from '../metadata-log.ts'
import type { Leadership, MetadataQuorum, ProposedBatch, QuorumObserver } from '../metadata-quorum.ts'
import type { StoredSnapshot } from '../snapshot-format.ts'
import { SnapshotStore } from '../snapshot-store.ts'
import { recordsIn } from './entry-records.ts'
import { MembershipChanges } from './membership-changes.ts'
import { saveOwnSnapshot } from './own-snapshots.ts'
import { isOnlyVoter, PeerDirectory } from './peer-directory.ts'
import { RaftDriver } from './raft-driver.ts'
import { recoverRaft } from './raft-recovery.ts'
import { RaftStorage } from './raft-storage.ts'
import { RaftNews } from './raft-news.ts'
import type { RaftEndpoint, RaftTransport } from './raft-transport.ts'
import { RaftRequests, refusalOf } from './raft-requests.ts'
import { hasRoom, noRoom, notStored } from './storage-refusals.ts'
import { fromRaftId, toRaftId, type VoterId } from './voter-id.ts'

/** More than this in one batch is refused. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024
/** A group of batches ends when it is larger than one, so that two fit. */
const PROPOSAL_BYTES_MAX = 3 * BATCH_BYTES_MAX
const BYTES_PER_APPLY = 64 * 1024
/** Should the others have no room either, the lead does not go round and round. */
const HAND_OVER_MS = 10_000
const FOUNDING_MS = 100
const FOUNDING_TRIES = 10

export interface RaftQuorumOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly logDirectory: MetadataDirectory
  /** Null for a controller that is alone and stays so. */
  readonly transport: RaftTransport | null
  /** Controllers that the configuration names, by node id. */
  readonly configured: ReadonlyMap<number, RaftEndpoint>
  /** Controllers that the metadata names, by node id. */
  readonly registered: () => ReadonlyMap<number, ControllerImage>
  /** Entries that are kept for followers that are a little behind, though a snapshot has what they did. */
  readonly trailingEntries: number
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly crc32c: (bytes: Uint8Array) => number
  readonly logger: Logger
  /** This controller takes part in nothing any more until it is restarted. */
  readonly onOffline: (error: ControllerError) => void
}

const CLOSED = new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'the controller is closed')

/** What there is once the quorum has been started. */
interface Started {
  readonly node: RaftNode
  readonly driver: RaftDriver
  readonly storage: RaftStorage
  readonly observer: QuorumObserver
  readonly log: MetadataLog
}

export class RaftQuorum implements MetadataQuorum {
  readonly #options: RaftQuorumOptions
  readonly #id: string
  readonly #snapshots: SnapshotStore
  readonly #peers: PeerDirectory
  readonly #requests = new RaftRequests()
  readonly #news: RaftNews
  readonly #changes: MembershipChanges
  /** Records of batches that were proposed here, so that they need not be decoded when they are applied. */
  readonly #proposedRecords = new WeakMap<Uint8Array, readonly MetadataRecord[]>()
  #started: Started | null = null
  #leadership: Leadership = { epoch: 0, leaderId: null, isActive: false }
  #status: NodeStatus | null = null
  #isProposing = false
  /** Set once and for all when this quorum can go on no more. */
  #offline: ControllerError | null = null
  #closing: Promise<void> | null = null
  #handedOverMs = Number.NEGATIVE_INFINITY
  /** Who waits for a leadership to end, or for the start to be complete. */
  readonly #watchers = new Set<() => void>()

  constructor(options: RaftQuorumOptions) {
    this.#options = options
    const { nodeId, logDirectory, disk, clock, crc32c, logger, transport, configured, registered } = options
    this.#id = toRaftId({ nodeId, directoryId: logDirectory.directoryId })
    this.#news = new RaftNews(clock, logger, transport === null)
    const directory = `${logDirectory.path}/${METADATA_LOG_NAME}`
    this.#snapshots = new SnapshotStore({ disk, directory, clock, crc32c, logger })
    this.#peers = new PeerDirectory({ id: this.#id, transport, configured, registered, clock })
    this.#changes = new MembershipChanges({
      node: () => this.#running().node,
      request: (event) => this.#request(event),
      transfer: (to) => this.#transfer(to),
      clock,
    })
  }

  get leadership(): Leadership {
    return this.#leadership
  }

  get endOffset(): number {
    return this.#running().node.lastLog.index
  }

  /** For those who read what is committed. Known once this was started. */
  get log(): Pick<MetadataLog, 'logStartOffset' | 'read'> {
    return this.#running().log
  }

  endpointOf(nodeId: number): QuorumNode | null {
    return this.#peers.endpointOfNode(nodeId)
  }

  /** Members whose address the metadata does not say, with what is known of it otherwise. */
  unregistered(): readonly (VoterId & RaftEndpoint)[] {
    const { registered } = this.#options
    const { voters, learners } = this.#running().node.membership
    return [...voters, ...learners].flatMap((member) => {
      const id = fromRaftId(member)
      const endpoint = registered().get(id.nodeId)?.directoryId === id.directoryId ? null : this.#peers.endpointOf(member)
      return endpoint === null ? [] : [{ ...id, ...endpoint }]
    })
  }

  async start(observer: QuorumObserver): Promise<void> {
    try {
      await this.#start(observer)
    } catch (error) {
      throw notStored(error)
    }
  }

  async #start(observer: QuorumObserver): Promise<void> {
    const { clusterId, transport, clock, random, crc32c, logger } = this.#options
    const hasPeers = transport !== null
    const snapshots = this.#snapshots
    const { initial, image, log, voteFile, durableMark } = await recoverRaft({
      ...this.#options,
      snapshots,
      id: this.#id,
      hasPeers,
    })
    const node = new RaftNode({
      id: this.#id,
      groupId: clusterId,
      random: () => random.uint32(),
      initial,
      limits: { bytesPerProposal: PROPOSAL_BYTES_MAX, bytesPerApply: BYTES_PER_APPLY },
    })
    const storage = new RaftStorage({ log, voteFile, durableMark, snapshots, clock, crc32c, logger, onFull: () => this.#onFull() })
    const application = {
      apply: (entry: Entry) => this.#apply(observer, entry),
      restore: ({ image: restored }: StoredSnapshot) => {
        observer.onSnapshot(restored)
        this.#peers.tell()
      },
      onAccepted: (accept: Accept) => this.#requests.accepted(accept),
      onRefused: (context: unknown, reason: RefusalReason) => this.#requests.refused(context, reason),
      onStatus: (status: NodeStatus) => this.#onStatus(observer, status),
      onMembership: (membership: Membership) => this.#peers.onMembership(membership),
      onProgress: () => this.#wake(),
      onFailed: (error: unknown) => this.#fail(observer, error),
    }
    const driver = new RaftDriver({ node, storage, snapshots, transport, clock, logger, application })
    this.#started = { node, driver, storage, observer, log }
    // What a group began with was in no entry: a controller that joins later, and observers, would not have it.
    const isBeginning = image.offset === -1
    if (isBeginning) this.#peers.setBeginning(image.controllers)
    observer.onSnapshot(isBeginning ? emptyImage(clusterId) : image)
    const shownIndex = node.commitIndex
    transport?.start(
      (message) => {
        this.#peers.onMessage(message, node.lastLog.index)
        driver.receive(message)
      },
      (peer) => driver.step(this.#peers.onUnreachable(peer)),
    )
    driver.start()
    const isAlone = isOnlyVoter(node.membership, this.#id)
    if (isAlone) driver.step({ type: 'campaign-requested' })
    else if (initial.hardState.term === 0) this.#found(driver, node)
    await this.#until(() => (isAlone ? this.#leadership.isActive || storage.isFull : node.appliedIndex >= shownIndex))
    if (storage.isFull && isAlone) throw noRoom()
    const { index } = initial.snapshot
    logger.info('metadata was loaded', { snapshotIndex: index, endOffset: node.lastLog.index, epoch: this.#leadership.epoch })
    if (!isVoter(node.membership, this.#id)) this.#news.hasNoVote(fromRaftId(this.#id))
  }

  encode(records: readonly MetadataRecord[]): ProposedBatch {
    const bytes = encodeRecords(records)
    if (bytes.length > BATCH_BYTES_MAX) {
      const message = `the change makes ${bytes.length} bytes of metadata, one batch holds ${BATCH_BYTES_MAX}; use several requests`
      throw new ControllerError(CONTROLLER_ERROR_CODES.tooLarge, ERROR_CODES.POLICY_VIOLATION, message)
    }
    return { records, bytes }
  }

  async propose(batches: readonly ProposedBatch[]): Promise<void> {
    invariant(!this.#isProposing, 'one proposal at a time')
    const { disk, logDirectory } = this.#options
    if (this.#running().storage.isFull || !hasRoom(disk, logDirectory.path, batches)) {
      this.#handOver()
      throw noRoom()
    }
    this.#isProposing = true
    try {
      for (const { bytes, records } of batches) this.#proposedRecords.set(bytes, records)
      const data = batches.map(({ bytes }) => bytes)
      const refusal = await this.#request((context) => ({ type: 'proposed', data, context }))
      if (refusal !== null) throw refusalOf(refusal)
    } finally {
      this.#isProposing = false
    }
  }

  async saveSnapshot(image: ClusterImage): Promise<number> {
    const { node, driver, storage } = this.#running()
    const { trailingEntries, logger } = this.#options
    await this.#until(() => node.appliedIndex > image.offset)
    return saveOwnSnapshot(image, { node, driver, storage, snapshots: this.#snapshots, trailingEntries, logger })
  }

  describe(): QuorumDescription {
    return this.#peers.describe(this.#running().node)
  }

  unreachablePeers(): readonly number[] {
    return this.#peers.unreachable()
  }

  addVoter(command: AddVoterCommand): Promise<Outcome> {
    return this.#changes.addVoter(command)
  }

  removeVoter(command: RemoveVoterCommand): Promise<Outcome> {
    return this.#changes.removeVoter(command)
  }

  async transferLeadership(nodeId: number | null): Promise<Outcome> {
    const to = nodeId === null ? null : this.#peers.voterOf(this.#running().node.membership, nodeId)
    if (nodeId !== null && to === null) return { errorCode: ERROR_CODES.VOTER_NOT_FOUND, errorMessage: `node ${nodeId} is no voter` }
    return this.#changes.transfer(to)
  }

  /** A leader hands over first, so that the others need not wait until they miss it. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { transport } = this.#options
    if (this.#started === null) {
      this.#offline ??= CLOSED
      await transport?.close()
      return
    }
    const { node, driver, storage, observer } = this.#started
    if (this.#offline === null && this.#leadership.isActive && node.membership.voters.length > 1) {
      await this.#changes.transfer(null).catch(() => null)
    }
    this.#offline ??= CLOSED
    driver.stop()
    this.#lead(observer, { ...this.#leadership, isActive: false })
    this.#requests.rejectAll(CLOSED)
    this.#wake()
    await transport?.close()
    const { commitIndex, durableIndex } = node
    await storage.close({ commitIndex: Math.min(commitIndex, durableIndex), durableIndex })
    this.#snapshots.close()
  }

  #apply(observer: QuorumObserver, entry: Entry): void {
    const { index, term } = entry
    const records = entry.type === 'data' ? (this.#proposedRecords.get(entry.data) ?? recordsIn(entry.data, index)) : []
    observer.onCommitted({ offset: index - 1, epoch: term, records, sizeBytes: entryBytes(entry) })
    this.#requests.applied(entry)
    if (records.some(({ type }) => type === 'register-controller')) this.#peers.tell()
  }

  #onStatus(observer: QuorumObserver, status: NodeStatus): void {
    const before = this.#status
    this.#status = status
    const { role, term, leader } = status
    this.#news.statusIs(status)
    if (before?.isRecovering === true && !status.isRecovering)
      this.#options.logger.info('this controller has again what it had lost', { term })
    const leaderId = leader === null ? null : fromRaftId(leader).nodeId
    this.#lead(observer, { epoch: term, leaderId, isActive: status.isReady && this.#offline === null })
    if (role !== 'leader') this.#requests.leadershipLost(this.#running().node.commitIndex)
  }

  #lead(observer: QuorumObserver, leadership: Leadership): void {
    const { epoch, leaderId, isActive } = this.#leadership
    if (epoch === leadership.epoch && leaderId === leadership.leaderId && isActive === leadership.isActive) return
    this.#leadership = leadership
    observer.onLeadership(leadership)
  }

  #fail(observer: QuorumObserver, error: unknown): void {
    const { logger, onOffline } = this.#options
    if (this.#offline !== null) return
    const message = `the metadata could not be stored or read, so the controller is offline until it is restarted: ${reasonOf(error)}`
    this.#offline = new ControllerError(CONTROLLER_ERROR_CODES.offline, ERROR_CODES.KAFKA_STORAGE_ERROR, message, { cause: error })
    logger.error('the controller failed; it takes part in nothing until it is restarted', { error })
    onOffline(this.#offline)
    this.#requests.rejectAll(this.#offline)
    this.#lead(observer, { ...this.#leadership, isActive: false })
    this.#wake()
  }

  #request(event: (context: unknown) => Parameters<RaftDriver['step']>[0]): Promise<RefusalReason | null> {
    if (this.#offline !== null) return Promise.reject(this.#offline)
    const { driver } = this.#running()
    return this.#requests.make((context) => driver.step(event(context)))
  }

  #transfer(to: string | null): Promise<RefusalReason | null> {
    if (this.#offline !== null) return Promise.reject(this.#offline)
    const { driver } = this.#running()
    return this.#requests.makeTransfer((context) => driver.step({ type: 'transfer-requested', to, context }))
  }

  /** Where there never was a leader nobody need wait to miss one. Asking disturbs nobody, and the others may not be there yet. */
  #found(driver: RaftDriver, node: RaftNode, triesLeft = FOUNDING_TRIES): void {
    if (triesLeft === 0 || node.membership.voters[0] !== this.#id || node.status.term > 0 || this.#offline !== null) return
    driver.step({ type: 'campaign-requested' })
    this.#options.clock.setTimer(FOUNDING_MS, () => this.#found(driver, node, triesLeft - 1))
  }

  #onFull(): void {
    this.#handOver()
    this.#wake()
  }

  /** Where there is no room for what is new, and others may have it. */
  #handOver(): void {
    const { clock, logger } = this.#options
    if (!this.#leadership.isActive || this.#running().node.membership.voters.length < 2) return
    const nowMs = clock.monotonic()
    if (nowMs - this.#handedOverMs < HAND_OVER_MS) return
    this.#handedOverMs = nowMs
    logger.warn('the lead is handed to another controller for want of room')
    this.#transfer(null).catch((error: unknown) => logger.warn('no other controller took the lead', { error }))
  }

  /** Rejects with why this quorum is offline, once it is. */
  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#offline === null && !isSo()) return
        this.#watchers.delete(look)
        if (this.#offline === null) resolve()
        else reject(this.#offline.cause instanceof MetadataStorageError ? this.#offline.cause : this.#offline)
      }
      this.#watchers.add(look)
      look()
    })
  }

  #wake(): void {
    for (const look of this.#watchers) look()
  }

  #running(): Started {
    invariant(this.#started !== null, 'the quorum was started')
    return this.#started
  }
}
