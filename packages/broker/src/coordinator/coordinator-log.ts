/**
 * The log of one coordinator as its host writes to it: batches of its own, and the order in which what depends on them may happen.
 *
 * Nobody else appends to the partition while this broker leads it, so what was appended last says how far the high watermark has to
 * come before an answer may leave.
 */
import type { AppendOptions, AppendOutcome, PartitionLog } from '@millrace/log'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock, Logger } from '@millrace/runtime'
import type { AppendTurn } from '../partition/append-turn.ts'
import type { Partition } from '../partition/partition.ts'
import { type Committable, CommitQueue } from './commit-queue.ts'
import { COORDINATOR_ERRORS, type CoordinatorError } from './coordinator-kind.ts'

export interface CoordinatorLogServices {
  readonly clock: Clock
  readonly logger: Logger
  readonly turn: AppendTurn
  /** After which an answer that is not committed yet is given up. */
  commitTimeoutMs(): number
}

/** `refused`: by the log, for what it is; `failed`: the log takes nothing now. */
export type Appended =
  | { readonly type: 'staged' }
  | { readonly type: 'refused'; readonly errorCode: ErrorCode; readonly message: string }
  | { readonly type: 'failed'; readonly errorCode: CoordinatorError }

export class CoordinatorLog {
  readonly #partition: Partition
  readonly #services: CoordinatorLogServices
  readonly #commits: CommitQueue
  readonly #onFailed: (errorCode: CoordinatorError) => void
  #isCommitPlanned = false
  #isClosed = false

  /** `onFailed` is told, in a later turn or while something is added, that what was appended will not be committed here. */
  constructor(partition: Partition, services: CoordinatorLogServices, onFailed: (errorCode: CoordinatorError) => void) {
    this.#partition = partition
    this.#services = services
    this.#commits = new CommitQueue(services.clock, () => services.commitTimeoutMs())
    this.#onFailed = onFailed
  }

  /** Resolves when all that the log holds is committed, or it has been said that it will not be. */
  whenLoadedPartIsCommitted(log: PartitionLog): Promise<void> {
    const endOffset = log.logEndOffset
    return new Promise((resolve) => {
      this.#partition.whenAcknowledged({
        requiredOffset: endOffset,
        onOutcome: (errorCode) => {
          this.#acknowledged(errorCode, endOffset)
          resolve()
        },
      })
    })
  }

  /** The batch is written at the end of the turn, and becomes this log's. */
  append(batch: Uint8Array, options: Omit<AppendOptions, 'leaderEpoch' | 'origin'> = {}): Appended {
    const partition = this.#partition
    const { maxMessageBytes } = partition.config
    if (batch.length > maxMessageBytes) {
      const message = `a batch of ${batch.length} bytes is larger than max.message.bytes (${maxMessageBytes})`
      return { type: 'refused', errorCode: ERROR_CODES.MESSAGE_TOO_LARGE, message }
    }
    let outcome: AppendOutcome
    try {
      const from = { origin: 'internal', ...options } as const
      outcome = partition.stage(batch, (errorCode) => this.#written(errorCode, requiredOffset), from)
    } catch (error) {
      this.#services.logger.error('a coordinator could not append', { topic: partition.topic, partition: partition.index, error })
      return { type: 'failed', errorCode: COORDINATOR_ERRORS.moved }
    }
    if (outcome.type === 'refused') return outcome
    const requiredOffset = outcome.lastOffset + 1
    this.#commits.appended(requiredOffset)
    this.#services.turn.touch(partition)
    this.#planCommit()
    return { type: 'staged' }
  }

  /** At once, if all that was appended is committed. */
  whenCommitted(what: Committable): void {
    this.#commits.add(what)
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#isClosed = true
    this.#commits.close()
  }

  /** Within a connection's turn the appends are written at its end; this is for all other occasions. */
  #planCommit(): void {
    if (this.#isCommitPlanned) return
    this.#isCommitPlanned = true
    this.#services.clock.defer(() => {
      this.#isCommitPlanned = false
      this.#services.turn.commit()
    })
  }

  #written(errorCode: ErrorCode, requiredOffset: number): void {
    if (errorCode !== ERROR_CODES.NONE) return this.#acknowledged(errorCode, requiredOffset)
    this.#partition.whenAcknowledged({ requiredOffset, onOutcome: (outcome) => this.#acknowledged(outcome, requiredOffset) })
  }

  #acknowledged(errorCode: ErrorCode, offset: number): void {
    if (this.#isClosed) return
    if (errorCode === ERROR_CODES.NONE) this.#commits.committed(offset)
    else this.#onFailed(errorOf(errorCode))
  }
}

/** The partition's error in the coordinator's words. */
function errorOf(errorCode: ErrorCode): CoordinatorError {
  const isLost = errorCode === ERROR_CODES.NOT_LEADER_OR_FOLLOWER || errorCode === ERROR_CODES.KAFKA_STORAGE_ERROR
  return isLost ? COORDINATOR_ERRORS.moved : COORDINATOR_ERRORS.notAvailable
}
