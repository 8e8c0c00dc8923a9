/**
 * The metadata of a node that is no controller: pulled from one of the controllers, applied batch by batch, and kept, so that the
 * next start begins where this one ended.
 *
 * The active controller is preferred, because it knows first; any other will do. Each answer that is of no use, for whatever
 * reason, costs a pause and the turn of the controller that gave it: neither a controller that is down nor one that talks
 * nonsense is asked again and again, and nothing here runs in circles. What was applied is never taken back.
 */
import { type ClusterImage, METADATA_ERROR_CODES, MetadataError, type MetadataFeed, type MetadataListener } from '@millrace/metadata'
import type { Clock, Logger, Random } from '@millrace/runtime'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from '../shell/errors.ts'
import type { CommittedBatch } from '../shell/metadata-quorum.ts'
import { Backoff } from './backoff.ts'
import { unanswered } from './controller-errors.ts'
import type { ControllerConnector } from './controller-service.ts'
import { KnownControllers, type KnownController, registeredControllers } from './known-controllers.ts'
import type { ControllerEndpoint, MetadataBatch, MetadataFetchResponse, MetadataSnapshotId } from './metadata-fetch.ts'
import { MetadataFollowError } from './metadata-follow-error.ts'
import { RareReports } from './rare-reports.ts'
import { within } from './waiting.ts'

/** What was fetched, as this node keeps and shows it. */
export interface MetadataReplica extends MetadataFeed {
  /** Shows what was kept. */
  load(): Promise<void>
  /** Throws for bytes that are no batch of the metadata log. */
  decodeBatch(batch: MetadataBatch): CommittedBatch
  /** Keeps the batches, if it can, and shows them. They follow what is there. */
  append(batches: readonly MetadataBatch[], decoded: readonly CommittedBatch[]): void
  /** Throws for bytes that are no snapshot. */
  decodeSnapshot(bytes: Uint8Array): ClusterImage
  /** Keeps a snapshot, if it can, and shows it. It is newer than what is there. */
  install(image: ClusterImage): Promise<void>
  close(): Promise<void>
}

export interface RemoteMetadataFeedOptions {
  readonly clusterId: string
  readonly nodeId: number
  readonly replica: MetadataReplica
  readonly connector: ControllerConnector
  readonly bootstrap: readonly ControllerEndpoint[]
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** The metadata cannot be followed any more: the node has to stop, and people have to look. Called once. */
  readonly onAlarm: (error: MetadataFollowError) => void
}

const MAX_WAIT_MS = 500
/** Beyond the wait that was asked for. */
const ANSWER_TIMEOUT_MS = 3_000
const FETCH_BYTES = 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
const SNAPSHOT_BYTES_MAX = 1024 * 1024 * 1024
const BACKOFF = { baseMs: 20, maxMs: 1_000 }
/** What is said of a controller that failed is not believed for so long. */
const AVOID_MS = 2_000

/** An answer that is of no use; the message is for people. */
class UselessAnswer extends Error {}

export class RemoteMetadataFeed implements MetadataFeed {
  readonly #options: RemoteMetadataFeedOptions
  readonly #controllers: KnownControllers
  readonly #backoff: Backoff
  readonly #reports: RareReports
  #avoided: { readonly endpoint: ControllerEndpoint; readonly untilMs: number } | null = null
  #isClosed = false
  #work: Promise<void> = Promise.resolve()
  /** Ends whatever is waited for. */
  #stop: (reason: Error) => void = () => {}

  constructor(options: RemoteMetadataFeedOptions) {
    const { replica, clock, random } = options
    this.#options = options
    this.#controllers = new KnownControllers({ ...options, ownNodeId: null, registered: () => registeredControllers(replica) })
    this.#backoff = new Backoff(BACKOFF, random)
    this.#reports = new RareReports(clock)
  }

  image(): ClusterImage {
    return this.#options.replica.image()
  }

  subscribe(listener: MetadataListener): () => void {
    return this.#options.replica.subscribe(listener)
  }

  /** Resolves when what was kept is shown; what is committed since then follows by and by. To be called once. */
  async start(): Promise<void> {
    await this.#options.replica.load()
    this.#work = this.#follow()
  }

  /** Resolves when nothing is written any more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stop(new UselessAnswer('this node is closing'))
    await this.#controllers.close()
    await this.#work
    await this.#options.replica.close()
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      const known = this.#controllers.next()
      try {
        if (known === null) throw new UselessAnswer('no controller is known')
        await this.#fetchFrom(known)
        this.#backoff.reset()
      } catch (error) {
        if (this.#isClosed) return
        if (error instanceof MetadataFollowError) {
          this.#options.logger.error('the metadata cannot be followed', { code: error.code, reason: error.message })
          this.#options.onAlarm(error)
          return
        }
        this.#failed(known, error)
        await this.#pause(this.#backoff.nextMs())
      }
    }
  }

  async #fetchFrom(known: KnownController): Promise<void> {
    const { clusterId, nodeId, clock } = this.#options
    const { offset, epoch } = this.image()
    const askedAtMs = clock.monotonic()
    const request = { clusterId, nodeId, offset, epoch, maxBytes: FETCH_BYTES, maxWaitMs: MAX_WAIT_MS }
    const response = await this.#inTime(known.channel.fetchMetadata(request), MAX_WAIT_MS)
    if (this.#isClosed) return
    this.#noteLeader(response, known)
    switch (response.type) {
      case 'batches':
        if (response.batches.length > 0) this.#apply(response.batches)
        else if (clock.monotonic() - askedAtMs < MAX_WAIT_MS / 2) throw new UselessAnswer('it answers at once that there is nothing new')
        return
      case 'snapshot':
        return this.#fetchSnapshot(known, response.snapshot)
      case 'lagging':
        throw new UselessAnswer(`it has got to offset ${response.offset}, and this node to ${offset}`)
      case 'alarm':
        throw new MetadataFollowError(response.reason, `${response.message} (says controller ${known.endpoint.nodeId})`)
    }
  }

  /** All of them, or none: what cannot be read may be read from another controller. */
  #apply(batches: readonly MetadataBatch[]): void {
    const { replica } = this.#options
    let { offset, epoch } = this.image()
    for (const batch of batches) {
      if (batch.offset !== offset + 1) throw new UselessAnswer(`its batches go from offset ${offset} to ${batch.offset}`)
      if (batch.epoch < epoch) throw new UselessAnswer(`its batches go from epoch ${epoch} back to ${batch.epoch}`)
      ;({ offset, epoch } = batch)
    }
    const decoded = batches.map((batch) => this.#decoded(batch))
    for (const [index, { offset: own, epoch: ownEpoch }] of decoded.entries()) {
      const said = batches[index] as MetadataBatch
      if (own !== said.offset || ownEpoch !== said.epoch) throw new UselessAnswer(`a batch is of another place than offset ${said.offset}`)
    }
    try {
      replica.append(batches, decoded)
    } catch (error) {
      throw new MetadataFollowError('diverged', `what was committed after offset ${this.image().offset} does not fit`, { cause: error })
    }
  }

  #decoded(batch: MetadataBatch): CommittedBatch {
    try {
      return this.#options.replica.decodeBatch(batch)
    } catch (error) {
      if (!isOfNewerVersion(error)) throw error
      const message = `the metadata at offset ${batch.offset} was written by a newer version of Millrace`
      throw new MetadataFollowError('newer-version', message, { cause: error })
    }
  }

  async #fetchSnapshot({ channel }: KnownController, snapshot: MetadataSnapshotId): Promise<void> {
    const { clusterId, replica, logger } = this.#options
    const before = this.image().offset
    if (snapshot.offset <= before) throw new UselessAnswer(`its snapshot of offset ${snapshot.offset} is older than what this node has`)
    const chunks: Uint8Array[] = []
    let position = 0
    for (;;) {
      const request = { clusterId, snapshot, position, maxBytes: CHUNK_BYTES }
      const { sizeBytes, bytes } = await this.#inTime(channel.fetchMetadataSnapshot(request), 0)
      if (this.#isClosed) return
      if (sizeBytes === null) throw new UselessAnswer('its snapshot was replaced meanwhile')
      if (bytes.length === 0 || sizeBytes > SNAPSHOT_BYTES_MAX) throw new UselessAnswer(`its snapshot of ${sizeBytes} bytes does not come`)
      chunks.push(bytes)
      position += bytes.length
      if (position >= sizeBytes) break
    }
    const image = replica.decodeSnapshot(joined(chunks, position))
    if (image.clusterId !== clusterId) {
      throw new MetadataFollowError('other-cluster', `a snapshot belongs to cluster ${image.clusterId}, and this node to ${clusterId}`)
    }
    if (image.offset !== snapshot.offset || image.epoch !== snapshot.epoch)
      throw new UselessAnswer('its snapshot is of another place than it said')
    await replica.install(image)
    logger.info('a metadata snapshot was fetched', { fromOffset: before, offset: image.offset, sizeBytes: position })
  }

  /** The active controller is asked next, unless it has just failed. */
  #noteLeader({ leader }: MetadataFetchResponse, { endpoint }: KnownController): void {
    const now = this.#options.clock.monotonic()
    if (this.#avoided !== null && now >= this.#avoided.untilMs) this.#avoided = null
    const avoided = this.#avoided?.endpoint
    const isAvoided = leader !== null && avoided?.host === leader.host && avoided.port === leader.port
    this.#controllers.noteLeader(leader === null || isAvoided ? endpoint : leader)
  }

  #failed(known: KnownController | null, error: unknown): void {
    const { clock, logger } = this.#options
    const problem = error instanceof Error ? error.message : String(error)
    if (known !== null) {
      this.#controllers.noteFailure(known.endpoint)
      this.#avoided = { endpoint: known.endpoint, untilMs: clock.monotonic() + AVOID_MS }
    }
    const controller = known?.endpoint.nodeId ?? null
    if (this.#reports.isDue(`${controller} ${problem}`)) logger.warn('metadata was not fetched', { controller, problem })
  }

  #inTime<Answer>(answer: Promise<Answer>, waitMs: number): Promise<Answer> {
    const timeoutMs = waitMs + ANSWER_TIMEOUT_MS
    const late = unanswered(`it did not answer within ${timeoutMs} ms`)
    const orStopped = Promise.race([answer, new Promise<never>((_, reject) => (this.#stop = reject))])
    return within(this.#options.clock, timeoutMs, orStopped, late)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(ms, resolve)
      this.#stop = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}

function isOfNewerVersion(error: unknown): boolean {
  if (error instanceof MetadataError) return error.code === METADATA_ERROR_CODES.recordTooNew
  return error instanceof MetadataStorageError && error.code === METADATA_STORAGE_ERROR_CODES.newerVersion
}

function joined(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let position = 0
  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.length
  }
  return bytes
}
