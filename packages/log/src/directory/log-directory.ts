/**
 * One directory of logs, used by one process at a time.
 *
 * Logs are opened when they are first asked for, so ten thousand of them cost nothing at the start; what a crash left is put
 * right then. Everything that all logs share lives here: the lock, the identity, the checkpoints, the bounds on open files and
 * memory. An error after which the disk cannot be trusted takes the whole directory offline, for good.
 */
import { partitionDirectoryName, parsePartitionDirectoryName, leftDirectoryName, PARTITION_STATES } from '../file-names.ts'
import type { DiskLock, Runtime } from '@millrace/runtime'
import { CLEAN_SHUTDOWN, formatCleanShutdown, parseCleanShutdown } from '../checkpoint/clean-shutdown.ts'
import { formatPartitionMetadata, parsePartitionMetadata, PARTITION_METADATA } from '../checkpoint/partition-metadata.ts'
import { DeferredRemoval } from '../deferred-removal.ts'
import { LogCorruptError, STORAGE_ERROR_CODES, StorageError, toStorageError, isFinal } from '../errors.ts'
import { FilePool, type FileSlot } from '../file-pool.ts'
import type { LogConfig, LogDirectorySettings } from '../log-config.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { PartitionLog } from '../partition-log.ts'
import { loadLog } from '../recovery/load-log.ts'
import { Gate } from '../gate.ts'
import { TailCache } from '../tail-cache.ts'
import { createDurably } from './create-durably.ts'
import { assertUnmarked, markDamaged } from './damage-mark.ts'
import { DirectoryCheckpoints } from './directory-checkpoints.ts'
import { finishDeletions } from './finish-deletions.ts'
import { type DirectoryIdentity, identifyDirectory } from './directory-identity.ts'
import { SyncFailureMark } from './sync-failure-mark.ts'

export interface LogDirectoryOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'disk' | 'logger' | 'compression' | 'crc32c'>
  /** Absolute. Created when it is missing. */
  readonly path: string
  readonly nodeId: number
  /** Absent: the directory's own, or a new one. */
  readonly clusterId?: string
  /** Absent: the directory's own, or a new one. */
  readonly directoryId?: string
  /** Whether a directory without an identity is refused instead of given one. */
  readonly mustBeFormatted?: boolean
  readonly settings: LogDirectorySettings
}

export interface FoundPartition {
  readonly topic: string
  readonly partition: number
}

export interface DescribedLog extends FoundPartition {
  readonly sizeBytes: number
}

const LOCK = '.lock'
const GONE =
  'it is gone, and so are its records; restore it, or remove its line from recovery-point-offset-checkpoint to begin with an empty log. ' +
  'They were durable up to offset'
/** Logs that are closed at a time. */
const CLOSED_TOGETHER = 16
/** Logs that are opened at a time: recovery reads each in large pieces. */
const OPENED_TOGETHER = 16

/** Rejects with a `StorageError` that says what to do: another process has it, it is somebody else's, it cannot be written. */
export async function openLogDirectory(options: LogDirectoryOptions): Promise<LogDirectory> {
  const { runtime, path } = options
  const { disk } = runtime
  let lock: DiskLock | null = null
  try {
    await createDurably(disk, path)
    lock = disk.lock(`${path}/${LOCK}`)
    const identity = await identifyDirectory(disk, runtime.random, path, options)
    const markPath = `${path}/${CLEAN_SHUTDOWN}`
    const mark = disk.stat(markPath) === null ? null : parseCleanShutdown(disk.readFile(markPath))
    // From here on a crash is possible, so the mark must be gone before anything is written.
    disk.removeFile(markPath)
    await disk.syncDirectory(path)
    return new LogDirectory(options, identity, mark, lock)
  } catch (error) {
    lock?.release()
    throw toStorageError(error, path)
  }
}

interface Opening {
  readonly type: 'opening'
  readonly topicId: string
  readonly done: Promise<PartitionLog>
}

interface Deletion {
  readonly type: 'deletion'
  readonly done: Promise<void>
}

export class LogDirectory {
  readonly path: string
  readonly directoryId: string
  readonly clusterId: string
  readonly wasCleanShutdown: boolean
  /**
   * The broker epoch that the mark of a clean shutdown will carry: whose data is all here. At first what the last mark said;
   * -1 when there was none, or nobody said.
   */
  brokerEpoch: number
  readonly checkpoints: DirectoryCheckpoints
  readonly environment: LogEnvironment
  readonly #lock: DiskLock
  readonly #syncFailure: SyncFailureMark
  readonly #logs = new Map<string, PartitionLog>()
  readonly #openingGate = new Gate(OPENED_TOGETHER)
  /** The last opening or deletion that was asked for, by partition: each waits for the one before it. */
  readonly #underWay = new Map<string, Opening | Deletion>()
  #offline: StorageError | null = null
  readonly #offlineListeners: ((error: StorageError) => void)[] = []
  #isClosed = false
  #cancelCheckpoint: () => void = () => {}

  constructor(options: LogDirectoryOptions, identity: DirectoryIdentity, mark: number | null, lock: DiskLock) {
    const { runtime, settings, path } = options
    const { clock, random, disk, logger, compression, crc32c } = runtime
    this.path = path
    this.directoryId = identity.directoryId
    this.clusterId = identity.clusterId
    this.wasCleanShutdown = mark !== null
    this.brokerEpoch = mark ?? -1
    this.#lock = lock
    this.checkpoints = new DirectoryCheckpoints(disk, logger, path)
    this.#syncFailure = new SyncFailureMark(disk, logger, path)
    this.environment = {
      clock,
      random,
      disk,
      logger,
      compression,
      crc32c,
      files: new FilePool(disk, settings.openFilesMax),
      syncGate: new Gate(settings.concurrentSyncs),
      tailCache: new TailCache(settings.tailCacheBytes),
      removals: new DeferredRemoval(clock, disk, logger),
      checkpoints: this.checkpoints,
      settings,
      isWrittenAnew: this.#syncFailure.wasFound,
      offlineError: () => this.#offline,
      fail: (error) => this.#fail(error),
    }
    finishDeletions(disk, path)
    this.#scheduleCheckpoint()
  }

  /** Why nothing is served; null while all is well. */
  get offlineError(): StorageError | null {
    return this.#offline
  }

  /** Calls the listener once, when the directory fails: nothing in it is served any more. At once if it has failed. */
  whenOffline(listener: (error: StorageError) => void): void {
    if (this.#offline === null) this.#offlineListeners.push(listener)
    else listener(this.#offline)
  }

  /** Partitions that have a directory here. */
  found(): FoundPartition[] {
    const found: FoundPartition[] = []
    for (const { name, isDirectory } of this.environment.disk.list(this.path)) {
      const parsed = isDirectory ? parsePartitionDirectoryName(name) : null
      if (parsed !== null) found.push(parsed)
    }
    return found
  }

  /** The log if it is open. */
  get(topic: string, partition: number): PartitionLog | null {
    return this.#logs.get(partitionDirectoryName(topic, partition)) ?? null
  }

  /** Logs that are open. */
  logs(): Iterable<PartitionLog> {
    return this.#logs.values()
  }

  /**
   * The log of a partition, made or recovered as need be. A directory of that name that holds another topic's records is moved
   * aside and kept. Rejects with a `StorageError`.
   */
  open(topic: string, partition: number, topicId: string, config: LogConfig): Promise<PartitionLog> {
    const name = partitionDirectoryName(topic, partition)
    const before = this.#underWay.get(name)
    if (before?.type === 'opening' && before.topicId === topicId) return before.done
    const open = this.#logs.get(name)
    if (before === undefined && open?.topicId === topicId) return Promise.resolve(open)
    const run = (): Promise<PartitionLog> => this.#openingGate.run(() => this.#open(name, topic, partition, topicId, config))
    const done = (before === undefined ? run() : before.done.then(run, run)).finally(() => this.#ended(name, opening))
    const opening: Opening = { type: 'opening', topicId, done }
    this.#underWay.set(name, opening)
    return done
  }

  /** Removes a partition's log, if there is one. Those who read it read on. Rejects with a `StorageError`. */
  delete(topic: string, partition: number): Promise<void> {
    const name = partitionDirectoryName(topic, partition)
    const before = this.#underWay.get(name)
    if (before?.type === 'deletion') return before.done
    const run = (): Promise<void> => this.#delete(name, topic, partition)
    const done = (before === undefined ? run() : before.done.then(run, run)).finally(() => this.#ended(name, deletion))
    const deletion: Deletion = { type: 'deletion', done }
    this.#underWay.set(name, deletion)
    return done
  }

  #ended(name: string, operation: Opening | Deletion): void {
    if (this.#underWay.get(name) === operation) this.#underWay.delete(name)
  }

  async #delete(name: string, topic: string, partition: number): Promise<void> {
    this.#logs.get(name)?.close()
    this.#logs.delete(name)
    const { disk } = this.environment
    const path = `${this.path}/${name}`
    try {
      await this.checkpoints.forget(name)
      if (disk.stat(path) === null) return
      const aside = `${this.path}/${leftDirectoryName(topic, partition, this.#uniqueHex(), PARTITION_STATES.delete)}`
      disk.rename(path, aside)
      await disk.syncDirectory(this.path)
      disk.removeDirectory(aside)
    } catch (error) {
      throw toStorageError(error, path)
    }
  }

  /** The next processes do not use the log of that partition before somebody has seen to it. Rejects with a `DiskError`. */
  markDamaged(topic: string, partition: number, error: LogCorruptError): Promise<void> {
    return markDamaged(this.environment.disk, `${this.path}/${partitionDirectoryName(topic, partition)}`, error)
  }

  /** Sizes of all logs, open or not. */
  describe(): DescribedLog[] {
    return this.found().map(({ topic, partition }) => {
      const sizeBytes = this.get(topic, partition)?.sizeInBytes ?? this.#sizeOnDisk(partitionDirectoryName(topic, partition))
      return { topic, partition, sizeBytes }
    })
  }

  /** Free and total bytes of the volume; null where the disk cannot tell. */
  space(): { readonly freeBytes: number; readonly totalBytes: number } | null {
    return this.environment.disk.space(this.path)
  }

  /** Records below the log's start stay deleted, whatever happens. Rejects with a `StorageError`. */
  async persistLogStart(log: PartitionLog): Promise<void> {
    try {
      await this.checkpoints.writeLogStart(log)
    } catch (error) {
      throw toStorageError(error, this.path)
    }
  }

  /**
   * Flushes and closes everything and leaves the mark by which the next start knows that there is nothing to recover. A
   * directory that failed is let go of as it is.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelCheckpoint()
    await Promise.allSettled([...this.#underWay.values()].map(({ done }) => done))
    this.environment.removals.close()
    const logs = [...this.#logs.values()]
    try {
      if (this.#offline === null) await this.#closeClean(logs)
    } catch (error) {
      this.environment.logger.error('the log directory could not be closed in good order; the next start will check it', {
        path: this.path,
        error,
      })
    } finally {
      for (const log of logs) log.close()
      // Snapshots and the like have no log to close them.
      this.environment.files.close()
      this.#lock.release()
    }
  }

  async #closeClean(logs: readonly PartitionLog[]): Promise<void> {
    for (let from = 0; from < logs.length; from += CLOSED_TOGETHER) {
      await Promise.all(
        logs.slice(from, from + CLOSED_TOGETHER).map(async (log) => {
          log.writeDerived()
          await log.flush()
        }),
      )
    }
    await this.checkpoints.write(logs)
    await this.checkpoints.cleanedOffsets.write()
    // What a crash left and nobody opened since is still as the crash left it.
    if (!this.wasCleanShutdown && logs.length < this.found().length) return
    this.#syncFailure.remove()
    await this.environment.disk.replaceFile(`${this.path}/${CLEAN_SHUTDOWN}`, formatCleanShutdown(this.brokerEpoch))
  }

  async #open(name: string, topic: string, partition: number, topicId: string, config: LogConfig): Promise<PartitionLog> {
    const directory = `${this.path}/${name}`
    try {
      this.#assertOpen()
      const unsynced = await this.#prepare(directory, name, topic, partition, topicId)
      if (unsynced.length > 0) await this.environment.disk.syncDirectory(this.path)
      const { checkpoints } = this
      const loaded = await loadLog(this.environment, {
        topic,
        partition,
        topicId,
        directory,
        config,
        wasCleanShutdown: this.wasCleanShutdown,
        recoveryPoint: checkpoints.recoveryPoint(name) ?? 0,
        recoveryPosition: checkpoints.recoveryPosition(name),
        mayHaveGaps: config.cleanupPolicy.compact || checkpoints.cleanedOffsets.get(name) !== null,
        logStartOffset: checkpoints.logStartOffsets.get(name) ?? 0,
        unsynced,
      })
      this.#assertOpen()
      const log = new PartitionLog(this.environment, config, loaded)
      // What all replicas had they still have: retention and compaction may go by it before a leader has said more.
      const replicated = checkpoints.highWatermarks.get(name) ?? 0
      log.setHighWatermark(Math.min(Math.max(replicated, log.logStartOffset), log.logEndOffset))
      this.#logs.set(name, log)
      return log
    } catch (error) {
      const reason = toStorageError(error, directory)
      this.environment.logger.error('a log could not be opened', { topic, partition, error: reason })
      if (isFinal(reason)) this.environment.fail(reason)
      throw reason
    }
  }

  /** Makes sure that the directory is there and is this topic's. Returns the files that were made. */
  async #prepare(directory: string, name: string, topic: string, partition: number, topicId: string): Promise<readonly FileSlot[]> {
    const { checkpoints } = this
    const { disk, logger, files } = this.environment
    const metadataPath = `${directory}/${PARTITION_METADATA}`
    if (disk.stat(directory) !== null) {
      assertUnmarked(disk, directory)
      const found = disk.stat(metadataPath) === null ? null : parsePartitionMetadata(disk.readFile(metadataPath))
      if (found === topicId) return []
      if (found === null) logger.warn('a partition directory does not say whose it is; it is taken for this topic', { directory, topicId })
      else {
        const aside = `${this.path}/${leftDirectoryName(topic, partition, this.#uniqueHex(), PARTITION_STATES.stray)}`
        logger.warn('a directory holds the records of another topic of this name; it is kept aside', { directory, aside, topicId: found })
        await checkpoints.forget(name)
        disk.rename(directory, aside)
      }
    } else if ((checkpoints.recoveryPoint(name) ?? 0) > (checkpoints.logStartOffsets.get(name) ?? 0)) {
      throw new LogCorruptError(directory, 0, `${GONE} ${checkpoints.recoveryPoint(name)}`)
    }
    disk.createDirectory(directory)
    const slot = files.slot(metadataPath)
    const content = formatPartitionMetadata(topicId)
    const file = slot.use(true)
    file.truncate(0)
    file.writeSync([content], 0)
    return [slot]
  }

  #scheduleCheckpoint(): void {
    const { clock, logger, settings } = this.environment
    const timer = clock.setTimer(settings.checkpointIntervalMs, () => {
      if (this.#offline !== null) return
      this.checkpoints
        .write([...this.#logs.values()])
        .catch((error: unknown) => logger.error('checkpoints could not be written; they will be tried again', { path: this.path, error }))
        .finally(() => {
          if (!this.#isClosed) this.#scheduleCheckpoint()
        })
    })
    this.#cancelCheckpoint = () => timer.cancel()
  }

  #sizeOnDisk(name: string): number {
    const { disk } = this.environment
    const path = `${this.path}/${name}`
    let sizeBytes = 0
    for (const file of disk.list(path)) if (file.name.endsWith('.log')) sizeBytes += disk.stat(`${path}/${file.name}`)?.sizeBytes ?? 0
    return sizeBytes
  }

  #fail(error: StorageError): void {
    if (this.#offline !== null) return
    this.#offline = error
    this.#syncFailure.leave()
    const { logger } = this.environment
    logger.error('the log directory failed and is offline until the broker is restarted', { path: this.path, error })
    for (const listener of this.#offlineListeners.splice(0)) listener(error)
  }

  #uniqueHex(): string {
    return [...this.environment.random.bytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  #assertOpen(): void {
    if (this.#offline !== null) throw this.#offline
    if (this.#isClosed) throw new StorageError(STORAGE_ERROR_CODES.closed, this.path, `the log directory ${this.path} is closed`)
  }
}
