/** Composes a controller: quorum, image, commands. One alone founds its own quorum; one of several was formatted before. */
import type { ControllerError, ControllerPort, MetadataFeed } from '@millrace/metadata'
import { uuidFromBytes } from '@millrace/protocol'
import type { Runtime } from '@millrace/runtime'
import { Controller } from './controller.ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from './errors.ts'
import { ImageFeed } from './image-feed.ts'
import type { MetadataDirectory } from './metadata-log.ts'
import type { Leadership, QuorumObserver } from './metadata-quorum.ts'
import { formatAlone, isUnformatted } from './raft/format.ts'
import { RaftQuorum } from './raft/raft-quorum.ts'
import type { RaftEndpoint, RaftTransport } from './raft/raft-transport.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'

const SNAPSHOT_BYTES = 4 * 1024 * 1024
const TRAILING_ENTRIES = 50_000

export interface StartControllerOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random' | 'disk' | 'logger' | 'crc32c'>
  /** Its owner closes it, after the controller. */
  readonly logDirectory: MetadataDirectory
  readonly nodeId: number
  readonly clusterId: string
  /** Kafka's broker configs as the operator set them, by name. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** Absent: this controller is alone and stays so. */
  readonly peers?: ControllerPeers
  /** A snapshot is taken after so many bytes of log; 4 MiB when absent. */
  readonly snapshotBytes?: number
  /** Entries that are kept for followers that are a little behind, though a snapshot has what they did; 50,000 when absent. */
  readonly trailingEntries?: number
  /** The controller can store nothing more and refuses all commands until it is restarted. */
  readonly onOffline?: (error: ControllerError) => void
}

export interface ControllerPeers {
  /** Closed with the controller, and when that cannot start. */
  readonly transport: RaftTransport
  /** Controllers that the configuration names: where they are looked for before the metadata says where they are. */
  readonly configured: readonly ConfiguredController[]
}

export interface ConfiguredController extends RaftEndpoint {
  readonly nodeId: number
}

export interface RunningController {
  /** What the broker of this process registers with: one with another is known to be dead, and nobody waits for it. */
  readonly incarnationId: string
  readonly port: ControllerPort
  /** To be told what is heard of brokers beside their commands. */
  readonly onBrokerDisconnected: Controller['onBrokerDisconnected']
  readonly onMetadataApplied: Controller['onMetadataApplied']
  readonly feed: MetadataFeed
  readonly quorum: Pick<RaftQuorum, 'leadership' | 'describe' | 'transferLeadership' | 'endpointOf'>
  /** To read what is committed, for those who follow it from elsewhere. */
  readonly log: RaftQuorum['log']
  /** Calls the listener for each change from now on. Returns what ends the subscription. */
  subscribeLeadership(listener: (leadership: Leadership) => void): () => void
  /** Hands over the lead if it has it, answers what was asked and takes nothing more. Idempotent. */
  close(): Promise<void>
}

/**
 * Resolves when what is stored was read; for a controller that is alone, when commands are taken. Rejects with a
 * `MetadataStorageError` that says what is wrong with what is stored, a `StorageError` of the log, or a `ControllerError` when
 * nothing can be written.
 */
export async function startController(options: StartControllerOptions): Promise<RunningController> {
  const { runtime, logDirectory, nodeId, clusterId, staticConfigs, peers, onOffline = () => {} } = options
  const { snapshotBytes = SNAPSHOT_BYTES, trailingEntries = TRAILING_ENTRIES } = options
  const { clock, random, disk, logger, crc32c } = runtime
  if (isUnformatted(options)) {
    if (peers !== undefined) {
      await peers.transport.close()
      throw notFormatted(logDirectory, nodeId)
    }
    await formatAlone(options)
  }
  const feed = new ImageFeed(clusterId, logger)
  const quorum = new RaftQuorum({
    nodeId,
    clusterId,
    logDirectory,
    transport: peers?.transport ?? null,
    configured: new Map((peers?.configured ?? []).map((configured) => [configured.nodeId, configured])),
    registered: () => feed.image().controllers,
    trailingEntries,
    clock,
    random,
    disk,
    crc32c,
    logger,
    onOffline: (error) => {
      controller.quorumFailed(error)
      onOffline(error)
    },
  })
  const schedule = new SnapshotSchedule({ quorum, feed, snapshotBytes, logger })
  const incarnationId = uuidFromBytes(random.bytes(16))
  const controller = new Controller({
    nodeId,
    quorum,
    feed,
    staticConfigs,
    clock,
    random,
    logger,
    ownIncarnationId: incarnationId,
    onOffline: (error) => {
      // Others decide better than one whose image and log may differ.
      quorum.close().catch((reason: unknown) => logger.error('the quorum was not left in good order', { error: reason }))
      onOffline(error)
    },
  })
  const listeners = new Set<(leadership: Leadership) => void>()
  const observer: QuorumObserver = {
    onSnapshot: (image) => schedule.onSnapshot(image),
    onCommitted: (batch) => schedule.onCommitted(batch),
    onLeadership: (leadership) => {
      controller.onLeadership(leadership)
      if (leadership.isActive) registerKnown()
      for (const listener of listeners) listener(leadership)
    },
  }
  /** Brokers that know the metadata alone find the controllers by it. */
  const registerKnown = (): void => {
    for (const member of quorum.unregistered()) {
      controller.registerController({ clusterId, ...member }).catch((error: unknown) => {
        logger.warn('the address of a controller is not in the metadata yet', { controller: member.nodeId, error })
      })
    }
  }
  try {
    await quorum.start(observer)
  } catch (error) {
    await quorum.close()
    throw error
  }
  schedule.run()
  return {
    incarnationId,
    port: controller,
    onBrokerDisconnected: controller.onBrokerDisconnected,
    onMetadataApplied: controller.onMetadataApplied,
    feed,
    quorum,
    log: quorum.log,
    subscribeLeadership(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      await controller.close()
      await schedule.close()
      await quorum.close()
    },
  }
}

function notFormatted({ path }: MetadataDirectory, nodeId: number): MetadataStorageError {
  return new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.notFormatted,
    `node ${nodeId} is to be one of several controllers and has no metadata in ${path}; format it with \`millrace format\` before. ` +
      'If there was metadata in it, it is lost: format it anew and add this controller to the quorum again',
  )
}
