/** Composes what a node without a controller follows its cluster's metadata with. */
import { type LogConfig, STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import type { MetadataFeed } from '@millrace/metadata'
import type { Runtime } from '@millrace/runtime'
import { ImageFeed } from '../shell/image-feed.ts'
import { METADATA_LOG_CONFIG, METADATA_LOG_NAME, METADATA_PARTITION, METADATA_TOPIC, METADATA_TOPIC_ID } from '../shell/metadata-log.ts'
import { setLogAside } from '../shell/raft/damaged-log.ts'
import { SnapshotStore } from '../shell/snapshot-store.ts'
import type { ControllerConnector } from './controller-service.ts'
import { KeptMetadata, type ObservedLog } from './kept-metadata.ts'
import type { ControllerEndpoint } from './metadata-fetch.ts'
import type { MetadataFollowError } from './metadata-follow-error.ts'
import { RemoteMetadataFeed } from './remote-metadata-feed.ts'

const SNAPSHOT_BYTES = 4 * 1024 * 1024

export interface StartMetadataObserverOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'disk' | 'logger' | 'crc32c'>
  /** Its owner closes it, after the observer. */
  readonly logDirectory: ObserverDirectory
  readonly nodeId: number
  readonly clusterId: string
  readonly connector: ControllerConnector
  /** Where controllers are said to be, by the configuration. */
  readonly bootstrap: readonly ControllerEndpoint[]
  /** A snapshot is taken after so many bytes of log; 4 MiB when absent. */
  readonly snapshotBytes?: number
  /** The metadata cannot be followed any more: the node has to stop, and people have to look. Called once at most. */
  readonly onAlarm: (error: MetadataFollowError) => void
}

/** The part of a `LogDirectory` that an observer uses. */
export interface ObserverDirectory {
  readonly path: string
  readonly checkpoints: {
    /** Nothing that is remembered of the log of this name holds any more. */
    forget(name: string): Promise<void>
  }
  open(topic: string, partition: number, topicId: string, config: LogConfig): Promise<ObservedLog>
}

export interface MetadataObserver {
  readonly feed: MetadataFeed
  /** Resolves when nothing is written any more. Idempotent. */
  close(): Promise<void>
}

/**
 * Resolves when what was kept is shown, which may be nothing: the rest comes by and by. Rejects with a `MetadataStorageError` or a
 * `StorageError` that says what is wrong with what was kept.
 */
export async function startMetadataObserver(options: StartMetadataObserverOptions): Promise<MetadataObserver> {
  const { runtime, logDirectory, clusterId, snapshotBytes = SNAPSHOT_BYTES } = options
  const { disk, clock, crc32c, logger } = runtime
  const log = await openLog(options)
  const snapshots = new SnapshotStore({ disk, directory: `${logDirectory.path}/${METADATA_LOG_NAME}`, clock, crc32c, logger })
  const replica = new KeptMetadata({ log, snapshots, feed: new ImageFeed(clusterId, logger), snapshotBytes, crc32c, logger })
  const feed = new RemoteMetadataFeed({ ...options, ...runtime, replica })
  await feed.start()
  return { feed, close: () => feed.close() }
}

/** A log that is damaged is kept for people to look at, and another one is begun: the controllers have all of it. */
async function openLog({ runtime, logDirectory }: StartMetadataObserverOptions): Promise<ObservedLog> {
  const open = (): Promise<ObservedLog> => logDirectory.open(METADATA_TOPIC, METADATA_PARTITION, METADATA_TOPIC_ID, METADATA_LOG_CONFIG)
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== STORAGE_ERROR_CODES.corrupt) throw error
    runtime.logger.error('the kept metadata is damaged; its log is set aside, and all of it is fetched again', { error })
    await logDirectory.checkpoints.forget(METADATA_LOG_NAME)
    await setLogAside(runtime.disk, `${logDirectory.path}/${METADATA_LOG_NAME}`)
    return open()
  }
}
