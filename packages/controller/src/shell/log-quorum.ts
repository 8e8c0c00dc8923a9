/**
 * A quorum of one: the log on the local disk is the majority. What is flushed is committed.
 *
 * Invariants: the observer sees a batch only after the flush that covers it, and in the order of the log; a failed append
 * leaves the log as it was; after a failed flush nothing is appended any more, because nobody can say what the disk kept.
 */
import {
  type ClusterImage,
  CONTROLLER_ERROR_CODES,
  ControllerError,
  encodeRecords,
  type MetadataRecord,
  type Outcome,
  type QuorumDescription,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import { type Clock, invariant, type Logger } from '@millrace/runtime'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, reasonOf } from './errors.ts'
import { replayLog } from './log-replay.ts'
import type { MetadataLog } from './metadata-log.ts'
import type { CommittedBatch, Leadership, MetadataQuorum, ProposedBatch, QuorumObserver } from './metadata-quorum.ts'
import { encodeEntry } from './raft/entry-codec.ts'
import type { LoadedSnapshot, SnapshotStore } from './snapshot-store.ts'

const NO_PEERS: Outcome = { errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage: 'this node is the only controller there can be' }

/** Also what a Raft message can carry, so that a log written today can be replicated later. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024

export interface LogQuorumOptions {
  readonly nodeId: number
  readonly log: MetadataLog
  readonly snapshots: SnapshotStore
  readonly clock: Pick<Clock, 'now'>
  readonly crc32c: (bytes: Uint8Array) => number
  readonly logger: Logger
}

export class LogQuorum implements MetadataQuorum {
  readonly #options: LogQuorumOptions
  #observer: QuorumObserver | null = null
  #epoch = -1
  #isProposing = false
  /** Set once and for all when this quorum can go on no more. */
  #offline: ControllerError | null = null

  constructor(options: LogQuorumOptions) {
    this.#options = options
  }

  get leadership(): Leadership {
    const isActive = this.#epoch !== -1 && this.#offline === null
    return { epoch: this.#epoch, leaderId: isActive ? this.#options.nodeId : null, isActive }
  }

  get endOffset(): number {
    return this.#options.log.logEndOffset
  }

  async start(observer: QuorumObserver): Promise<void> {
    const { log, snapshots, crc32c, logger } = this.#options
    const snapshot = snapshots.load()
    const { image } = snapshot
    const fromOffset = image === null ? 0 : image.offset + 1
    this.#assertComplete(fromOffset, snapshot)
    if (image !== null) observer.onSnapshot(image)
    let epoch = image?.epoch ?? -1
    await replayLog({
      log,
      fromOffset,
      epoch,
      crc32c,
      onBatch: (batch) => {
        observer.onCommitted(batch)
        epoch = batch.epoch
      },
    })
    snapshots.setAside(snapshot.damaged)
    this.#epoch = Math.max(epoch, log.latestLeaderEpoch) + 1
    this.#observer = observer
    // Its flush also covers what a crash left in the log without one, and nobody outside has seen anything before.
    await this.propose([this.encode([{ type: 'no-op' }])])
    observer.onLeadership(this.leadership)
    logger.info('metadata was loaded', { snapshotOffset: image?.offset ?? -1, endOffset: log.logEndOffset, epoch: this.#epoch })
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
    if (this.#offline !== null) throw this.#offline
    invariant(!this.#isProposing, 'one proposal at a time')
    this.#isProposing = true
    try {
      const committed = this.#append(batches)
      await this.#flush()
      for (const batch of committed) this.#observer?.onCommitted(batch)
    } finally {
      this.#isProposing = false
    }
  }

  async saveSnapshot(image: ClusterImage): Promise<number> {
    const { log, snapshots } = this.#options
    const { sizeBytes, neededFrom } = await snapshots.save(image)
    // Segments that begin near snapshots can be removed as soon as the snapshots make them needless.
    log.roll()
    if (neededFrom > log.logStartOffset) log.deleteRecordsBefore(neededFrom)
    return sizeBytes
  }

  describe(): QuorumDescription {
    const { log, nodeId } = this.#options
    const self = { nodeId, directoryId: '', logEndOffset: log.logEndOffset, lastFetchMs: -1, lastCaughtUpMs: -1 }
    return { leaderId: nodeId, leaderEpoch: this.#epoch, highWatermark: log.durableEndOffset, voters: [self], observers: [], nodes: [] }
  }

  addVoter(): Promise<Outcome> {
    return Promise.resolve(NO_PEERS)
  }

  removeVoter(): Promise<Outcome> {
    return Promise.resolve(NO_PEERS)
  }

  transferLeadership(): Promise<Outcome> {
    return Promise.resolve(NO_PEERS)
  }

  close(): Promise<void> {
    this.#offline ??= new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'the controller is closed')
    return Promise.resolve()
  }

  /** All of the batches, or none. */
  #append(batches: readonly ProposedBatch[]): readonly CommittedBatch[] {
    const { log, clock, crc32c } = this.#options
    const endOffset = log.logEndOffset
    const epoch = this.#epoch
    const appended: CommittedBatch[] = []
    try {
      let offset = endOffset
      for (const { records, bytes: data } of batches) {
        const bytes = encodeEntry({ type: 'data', index: offset + 1, term: epoch, data }, clock.now(), crc32c)
        const outcome = log.stage(bytes, { leaderEpoch: epoch, origin: 'internal' })
        invariant(outcome.type === 'staged' && outcome.baseOffset === offset, 'the log takes metadata batches as they come', {
          outcome: outcome.type,
          offset,
        })
        appended.push({ offset, epoch, records, sizeBytes: bytes.length })
        offset += 1
      }
      log.commitStaged()
      return appended
    } catch (error) {
      const isUndone = log.logEndOffset === endOffset
      if (isUndone && isWantOfRoom(error)) {
        const message = `the change could not be stored: ${error.message}`
        throw new ControllerError(CONTROLLER_ERROR_CODES.storage, ERROR_CODES.KAFKA_STORAGE_ERROR, message, { cause: error })
      }
      throw this.#goOffline('written', error)
    }
  }

  async #flush(): Promise<void> {
    const { log } = this.#options
    try {
      await log.flush()
    } catch (error) {
      throw this.#goOffline('flushed', error)
    }
    log.setHighWatermark(log.durableEndOffset)
  }

  #goOffline(doing: string, error: unknown): ControllerError {
    const message = `the metadata log could not be ${doing}, so the controller is offline until it is restarted: ${reasonOf(error)}`
    this.#offline = new ControllerError(CONTROLLER_ERROR_CODES.offline, ERROR_CODES.KAFKA_STORAGE_ERROR, message, { cause: error })
    return this.#offline
  }

  /** Snapshot and log together have to make the whole image. */
  #assertComplete(fromOffset: number, { image, damaged }: LoadedSnapshot): void {
    const { logStartOffset, logEndOffset } = this.#options.log
    if (logStartOffset <= fromOffset && fromOffset <= logEndOffset) return
    const known = image === null ? 'there is no readable snapshot' : `the newest readable snapshot ends at ${fromOffset}`
    const also = damaged.length === 0 ? '' : `; damaged: ${damaged.join(', ')}`
    const lacking = logStartOffset > fromOffset ? `begins at offset ${logStartOffset}` : `ends at offset ${logEndOffset}`
    throw new MetadataStorageError(
      METADATA_STORAGE_ERROR_CODES.logIncomplete,
      `metadata is missing: the log ${lacking} and ${known}${also}; restore the directory of the metadata log from a backup`,
    )
  }
}

function isWantOfRoom(error: unknown): error is StorageError {
  return error instanceof StorageError && (error.code === STORAGE_ERROR_CODES.diskFull || error.code === STORAGE_ERROR_CODES.tooManyFiles)
}
