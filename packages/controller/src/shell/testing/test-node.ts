/** A controller over a real log on a disk in memory, as a test starts, breaks and restarts it. */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory, type PartitionLog, startMaintenance } from '@millrace/log'
import { type ClusterImage, type ControllerError, type ControllerPort, imageRecords, type MetadataRecord } from '@millrace/metadata'
import { createCompression, crc32c, createMemoryDisk, type MemoryDisk, nodeClock, nodeRandom } from '@millrace/runtime'
import type { ImageFeed } from '../image-feed.ts'
import { METADATA_LOG_CONFIG, METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID } from '../metadata-log.ts'
import { type RunningController, startController } from '../start-controller.ts'
import { CLUSTER_ID, joinBroker } from './commands.ts'
import { RecordingLogger } from './recording-logger.ts'

const PATH = '/data'
export const METADATA_DIRECTORY = `${PATH}/${METADATA_TOPIC}-${METADATA_PARTITION}`
export const LOG_FILE = `${METADATA_DIRECTORY}/00000000000000000000.log`

/** What a start says of a metadata log that is not as it was left. */
export const MAY_HAVE_LOST =
  'this controller may have lost metadata that it acknowledged; it takes part in no election until it has it again'
export const TORN = 'a crash left an unfinished write; the log ends before it'

export interface TestNodeOptions {
  readonly snapshotBytes?: number
  readonly clusterId?: string
}

export class TestNode {
  readonly disk: MemoryDisk
  readonly logger: RecordingLogger
  readonly offline: readonly ControllerError[]
  readonly #controller: RunningController
  readonly #logDirectory: LogDirectory

  private constructor(parts: {
    readonly disk: MemoryDisk
    readonly logger: RecordingLogger
    readonly offline: readonly ControllerError[]
    readonly controller: RunningController
    readonly logDirectory: LogDirectory
  }) {
    this.disk = parts.disk
    this.logger = parts.logger
    this.offline = parts.offline
    this.#controller = parts.controller
    this.#logDirectory = parts.logDirectory
  }

  /** Leaves nothing open when it rejects. */
  static async start(disk: MemoryDisk = createMemoryDisk(), { snapshotBytes, clusterId = CLUSTER_ID }: TestNodeOptions = {}) {
    const logger = new RecordingLogger()
    const offline: ControllerError[] = []
    const logDirectory = await openDirectory(disk, logger)
    try {
      const controller = await startController({
        runtime: { clock: nodeClock, random: nodeRandom, disk, logger, crc32c },
        logDirectory,
        nodeId: 1,
        clusterId,
        staticConfigs: new Map(),
        onOffline: (error) => void offline.push(error),
        ...(snapshotBytes === undefined ? {} : { snapshotBytes }),
      })
      return new TestNode({ disk, logger, offline, controller, logDirectory })
    } catch (error) {
      await logDirectory.close()
      throw error
    }
  }

  /** With broker 1, so that topics can be created. */
  static async startWithBroker(disk?: MemoryDisk, options?: TestNodeOptions): Promise<TestNode> {
    const node = await TestNode.start(disk, options)
    await joinBroker(node.port, 1)
    return node
  }

  get port(): ControllerPort {
    return this.#controller.port
  }

  get feed(): Pick<ImageFeed, 'image' | 'subscribe'> {
    return this.#controller.feed
  }

  get image(): ClusterImage {
    return this.#controller.feed.image()
  }

  get log(): PartitionLog {
    return this.#logDirectory.get(METADATA_TOPIC, METADATA_PARTITION) as PartitionLog
  }

  get topicNames(): readonly string[] {
    return [...this.image.topics].map(({ name }) => name).sort()
  }

  /** Everything that the image says, comparable. */
  get content(): readonly MetadataRecord[] {
    return [...imageRecords(this.image)]
  }

  /** One round of what a broker does for all logs of its directory. */
  async runRetention(): Promise<void> {
    const maintenance = startMaintenance(this.#logDirectory, { configFor: () => null })
    await maintenance.runRetention()
    await maintenance.stop()
  }

  async close(): Promise<void> {
    await this.#controller.close()
    await this.#logDirectory.close()
  }
}

export async function openDirectory(disk: MemoryDisk, logger = new RecordingLogger()): Promise<LogDirectory> {
  return openLogDirectory({
    runtime: { clock: nodeClock, random: nodeRandom, disk, logger, crc32c, compression: createCompression() },
    path: PATH,
    nodeId: 1,
    clusterId: CLUSTER_ID,
    settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
  })
}

/** The metadata log without a controller, for putting into it what none of ours would. */
export async function withMetadataLog(disk: MemoryDisk, change: (log: PartitionLog) => void): Promise<void> {
  const directory = await openDirectory(disk)
  change(await directory.open(METADATA_TOPIC, METADATA_PARTITION, METADATA_TOPIC_ID, METADATA_LOG_CONFIG))
  await directory.close()
}

/** What a process that is killed now leaves to the next one. */
export function copyOf(disk: MemoryDisk): MemoryDisk {
  const copy = createMemoryDisk()
  const copyDirectory = (path: string): void => {
    copy.createDirectory(path)
    for (const { name, isDirectory } of disk.list(path)) {
      const inner = `${path}/${name}`
      if (isDirectory) copyDirectory(inner)
      else writeFile(copy, inner, disk.readFile(inner))
    }
  }
  copyDirectory(PATH)
  return copy
}

export function writeFile(disk: MemoryDisk, path: string, content: Uint8Array): void {
  const file = disk.open(path, { create: true })
  file.truncate(0)
  file.writeSync([content], 0)
  file.close()
}

/** Flips one bit of the file. A negative position counts from the end. */
export function damage(disk: MemoryDisk, path: string, position: number): void {
  const content = disk.readFile(path)
  const at = position < 0 ? content.length + position : position
  content[at] = (content[at] as number) ^ 1
  writeFile(disk, path, content)
}

export function truncateFile(disk: MemoryDisk, path: string, sizeBytes: number): void {
  const file = disk.open(path)
  file.truncate(sizeBytes)
  file.close()
}

/** As a crash in the middle of a write leaves it. */
export function appendTo(disk: MemoryDisk, path: string, bytes: Uint8Array): void {
  writeFile(disk, path, Uint8Array.from([...disk.readFile(path), ...bytes]))
}

/** Of the only file of the metadata log, at the border of two entries. */
export function cutOffLastEntry(disk: MemoryDisk): void {
  const content = disk.readFile(LOG_FILE)
  const view = new DataView(content.buffer)
  let end = 0
  for (let next = 0; next < content.length; next += 12 + view.getInt32(next + 8)) end = next
  truncateFile(disk, LOG_FILE, end)
}

/** Paths in the metadata directory whose names end so, sorted. */
export function metadataFiles(disk: MemoryDisk, suffix: string): readonly string[] {
  return disk
    .list(METADATA_DIRECTORY)
    .filter(({ name }) => name.endsWith(suffix))
    .map(({ name }) => `${METADATA_DIRECTORY}/${name}`)
}
