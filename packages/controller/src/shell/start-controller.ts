/** Composes a controller whose quorum is the log of this node alone. */
import type { LogConfig } from '@millrace/log'
import type { ControllerError, ControllerPort, MetadataFeed } from '@millrace/metadata'
import type { Runtime } from '@millrace/runtime'
import { Controller } from './controller.ts'
import { ImageFeed } from './image-feed.ts'
import { LogQuorum } from './log-quorum.ts'
import { METADATA_LOG_CONFIG, METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID, type MetadataLog } from './metadata-log.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'
import { SnapshotStore } from './snapshot-store.ts'

const SNAPSHOT_BYTES = 4 * 1024 * 1024

export interface StartControllerOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'disk' | 'logger' | 'crc32c'>
  /** Its owner closes it, after the controller. */
  readonly logDirectory: MetadataDirectory
  readonly nodeId: number
  readonly clusterId: string
  /** Kafka's broker configs as the operator set them, by name. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** A snapshot is taken after so many bytes of log; 4 MiB when absent. */
  readonly snapshotBytes?: number
  /** The controller can store nothing more and refuses all commands until it is restarted. */
  readonly onOffline?: (error: ControllerError) => void
}

/** The part of a `LogDirectory` that the controller uses. */
export interface MetadataDirectory {
  readonly path: string
  open(topic: string, partition: number, topicId: string, config: LogConfig): Promise<MetadataLog>
}

export interface RunningController {
  readonly port: ControllerPort
  readonly feed: MetadataFeed
  /** Answers what was asked and takes nothing more. Idempotent. */
  close(): Promise<void>
}

/**
 * Resolves when the image is whole and commands are taken. Rejects with a `MetadataStorageError` that says what is wrong
 * with what is stored, a `StorageError` of the log, or a `ControllerError` when nothing can be written.
 */
export async function startController(options: StartControllerOptions): Promise<RunningController> {
  const { runtime, logDirectory, nodeId, clusterId, staticConfigs, snapshotBytes = SNAPSHOT_BYTES, onOffline = () => {} } = options
  const { clock, random, disk, logger, crc32c } = runtime
  const log = await logDirectory.open(METADATA_TOPIC, METADATA_PARTITION, METADATA_TOPIC_ID, METADATA_LOG_CONFIG)
  const directory = `${logDirectory.path}/${METADATA_TOPIC}-${METADATA_PARTITION}`
  const snapshots = new SnapshotStore({ disk, directory, clock, crc32c, logger })
  const quorum = new LogQuorum({ nodeId, log, snapshots, clock, crc32c, logger })
  const feed = new ImageFeed(clusterId, logger)
  const schedule = new SnapshotSchedule({ quorum, feed, snapshotBytes, logger })
  await quorum.start(schedule)
  schedule.run()
  const controller = new Controller({ nodeId, quorum, feed, staticConfigs, clock, random, logger, onOffline })
  return {
    port: controller,
    feed,
    async close() {
      await controller.close()
      await schedule.close()
      await quorum.close()
    },
  }
}
