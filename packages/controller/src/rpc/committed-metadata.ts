/**
 * Hands out what is committed: batches of the metadata log as they lie there, or a snapshot to those who are further behind
 * than the log reaches.
 *
 * Where an observer stands is checked with each request, against the entry that it says it applied last.
 */
import { CONTROLLER_ERROR_CODES, ControllerError, type MetadataFeed } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import { reasonOf } from '../shell/errors.ts'
import { unreachable } from './controller-errors.ts'
import { type CommittedLog, readCommitted } from './committed-log.ts'
import { HandedOutSnapshot } from './handed-out-snapshot.ts'
import type {
  FetchedBatches,
  FetchedSnapshot,
  LaggingController,
  MetadataAlarm,
  MetadataFetchRequest,
  MetadataSnapshotChunk,
  MetadataSnapshotRequest,
} from './metadata-fetch.ts'

export type MetadataAnswer = FetchedBatches | FetchedSnapshot | LaggingController | MetadataAlarm

export interface CommittedMetadataOptions {
  readonly feed: MetadataFeed
  readonly log: CommittedLog
  readonly clock: Clock
  readonly crc32c: (bytes: Uint8Array) => number
}

/** Observers that wait at a time. */
const WAITING_MAX = 1_000
/** Whatever is asked for: one answer must fit into one message. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024
const WAIT_MS_MAX = 30_000

const NOTHING_NEW: FetchedBatches = { type: 'batches', batches: [] }

export class CommittedMetadata {
  readonly #options: CommittedMetadataOptions
  readonly #snapshot: HandedOutSnapshot
  /** What wakes those who wait. */
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  constructor(options: CommittedMetadataOptions) {
    this.#options = options
    this.#snapshot = new HandedOutSnapshot(options)
  }

  /** Rejects with a `ControllerError` when the log cannot be read, or too many wait. */
  async fetch(request: MetadataFetchRequest): Promise<MetadataAnswer> {
    try {
      const answer = await this.#answer(request)
      if (answer !== NOTHING_NEW) return answer
      await this.#untilNew(request.offset, Math.min(request.maxWaitMs, WAIT_MS_MAX))
      return await this.#answer(request)
    } catch (error) {
      throw error instanceof ControllerError ? error : unreachable(`the metadata log cannot be read: ${reasonOf(error)}`, error)
    }
  }

  async fetchSnapshot({ clusterId, snapshot, position, maxBytes }: MetadataSnapshotRequest): Promise<MetadataSnapshotChunk> {
    if (clusterId !== this.#options.feed.image().clusterId) throw unreachable(`this controller does not belong to cluster ${clusterId}`)
    return this.#snapshot.chunk(snapshot, position, Math.min(maxBytes, ANSWER_BYTES_MAX))
  }

  /** Those who wait are answered. */
  close(): void {
    this.#isClosed = true
    this.#snapshot.close()
    for (const wake of this.#waiting) wake()
  }

  async #answer({ clusterId, nodeId, offset, epoch, maxBytes }: MetadataFetchRequest): Promise<MetadataAnswer> {
    const { feed, log } = this.#options
    const image = feed.image()
    if (clusterId !== image.clusterId) {
      return alarm('other-cluster', `node ${nodeId} belongs to cluster ${clusterId}, and this controller to ${image.clusterId}`)
    }
    const diverged = (own: string): MetadataAlarm => {
      return alarm('diverged', `node ${nodeId} applied offset ${offset} in epoch ${epoch}, and this controller has ${own}`)
    }
    if (offset > image.offset) {
      // Epochs do not fall along the log: what comes after our last entry cannot be of an older one.
      if (epoch < image.epoch) return diverged(`offset ${image.offset} in epoch ${image.epoch} already`)
      return { type: 'lagging', offset: image.offset }
    }
    if (offset === image.offset) return epoch === image.epoch ? NOTHING_NEW : diverged(`it in epoch ${image.epoch}`)
    // Who has nothing gets a snapshot even if the log has everything: what a cluster was formatted with is in no log.
    if (offset < 0 || offset < log.logStartOffset) return { type: 'snapshot', snapshot: this.#snapshot.current() }
    const limitBytes = Math.min(maxBytes, ANSWER_BYTES_MAX)
    const [first, ...rest] = await readCommitted(log, {
      fromOffset: offset,
      endOffset: image.offset + 1,
      maxBytes: limitBytes,
    })
    // The log begins anew when this controller gets a snapshot itself. Only an entry that is there can tell of a divergence.
    if (first?.offset !== offset) throw unreachable(`the log of this controller does not hold offset ${offset} at the moment`)
    if (first.epoch !== epoch) return diverged(`epoch ${first.epoch} there`)
    if (rest.length > 0) return { type: 'batches', batches: rest }
    // The answer's bytes went into the entry that was only looked at.
    return {
      type: 'batches',
      batches: await readCommitted(log, { fromOffset: offset + 1, endOffset: image.offset + 1, maxBytes: limitBytes }),
    }
  }

  /** Resolves when something after the offset is committed, the time is up, or this closes. */
  #untilNew(offset: number, waitMs: number): Promise<void> {
    const { feed, clock } = this.#options
    if (this.#isClosed || waitMs <= 0) return Promise.resolve()
    if (this.#waiting.size >= WAITING_MAX) {
      const message = `${WAITING_MAX} observers wait for metadata already`
      return Promise.reject(new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, message))
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        unsubscribe()
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = clock.setTimer(waitMs, wake)
      const unsubscribe = feed.subscribe((image) => {
        if (image.offset > offset) wake()
      })
      this.#waiting.add(wake)
    })
  }
}

function alarm(reason: MetadataAlarm['reason'], message: string): MetadataAlarm {
  return { type: 'alarm', reason, message }
}
