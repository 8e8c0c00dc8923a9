/**
 * Makes the data directory of a node of a cluster ready for its first start: whose it is, and who the first controllers are.
 *
 * A node alone formats itself. In a cluster that would be dangerous: a controller whose disk was lost would come back with
 * nothing and vote as if it had never voted. So somebody has to say, once, that a directory is new.
 */
import { resolve } from 'node:path'
import { formatAlone, formatMetadataDirectory, isFormatted } from '@millrace/controller'
import { openLogDirectory } from '@millrace/log'
import { BrokerConfig } from '@millrace/metadata'
import { uuidFromBytes } from '@millrace/protocol'
import { createNodeRuntime, nodeRandom, type Random, type Runtime, silentLogger } from '@millrace/runtime'
import { type ControllerVoter, parseVoter } from './configuration/cluster-settings.ts'
import { ConfigurationError } from './configuration/configuration-error.ts'
import { logDirectorySettings } from './log-settings.ts'

/** A controller of the first hour: where it is, and the id of its directory. */
export interface InitialController extends ControllerVoter {
  readonly directoryId: string
}

export interface NodeFormat {
  readonly dataDir: string
  readonly nodeId: number
  readonly clusterId: string
  /** `standalone`: this node is the only controller. `none`: it is a broker, or a controller that joins a cluster that exists. */
  readonly controllers: 'standalone' | 'none' | readonly InitialController[]
}

/** Who it is from now on. */
export interface NodeIdentity {
  readonly nodeId: number
  readonly clusterId: string
  readonly directoryId: string
}

/**
 * One that was formatted for the same node before is fine, and left as it is. Rejects with a `ConfigurationError` for what cannot
 * be, a `StorageError` when the directory is somebody else's or in use, and a `MetadataStorageError` when it has metadata and no vote.
 */
export async function formatNode(
  format: NodeFormat,
  runtime: Runtime = createNodeRuntime({ logger: silentLogger }),
): Promise<NodeIdentity> {
  const { nodeId, clusterId, controllers, dataDir } = format
  const own = Array.isArray(controllers) ? (controllers as readonly InitialController[]).find((each) => each.nodeId === nodeId) : undefined
  if (Array.isArray(controllers) && own === undefined) {
    const hint = 'name it there too, or use --no-initial-controllers for a node that joins later or is a broker only'
    throw new ConfigurationError([{ place: '--initial-controllers', message: `node ${nodeId} is not among the initial controllers`, hint }])
  }
  const logDirectory = await openLogDirectory({
    runtime,
    path: resolve(dataDir),
    nodeId,
    clusterId,
    settings: logDirectorySettings(new BrokerConfig({ fromFile: new Map() })),
    ...(own === undefined ? {} : { directoryId: own.directoryId }),
  })
  try {
    const { directoryId } = logDirectory
    const metadata = { runtime, logDirectory, nodeId, clusterId }
    if (!isFormatted(metadata)) {
      if (controllers === 'standalone') await formatAlone(metadata)
      else await formatMetadataDirectory({ ...metadata, voters: controllers === 'none' ? [] : controllers })
    }
    return { nodeId, clusterId, directoryId }
  } finally {
    await logDirectory.close()
  }
}

/** 16 bytes in 22 characters: the last one stands for two bits only. */
const DIRECTORY_ID = /^[\w-]{21}[AQgw]$/

/** An id as clusters and directories have it: 16 random bytes in 22 characters. */
export function newId(random: Random = nodeRandom): string {
  for (;;) {
    const id = uuidFromBytes(random.bytes(16))
    // Command lines would take it for a flag.
    if (!id.startsWith('-')) return id
  }
}

/** `1@host:port:directoryId,...`; undefined when it is none, or names a node or a directory twice. */
export function parseInitialControllers(text: string): readonly InitialController[] | undefined {
  const controllers = text.split(',').map(parseInitialController)
  const known = controllers.filter((controller) => controller !== undefined)
  const areDistinct = (['nodeId', 'directoryId'] as const).every((key) => new Set(known.map((each) => each[key])).size === known.length)
  return known.length === controllers.length && areDistinct ? known : undefined
}

function parseInitialController(text: string): InitialController | undefined {
  const separator = text.lastIndexOf(':')
  const voter = parseVoter(text.slice(0, Math.max(separator, 0)))
  const directoryId = text.slice(separator + 1).trim()
  return voter === undefined || !DIRECTORY_ID.test(directoryId) ? undefined : { ...voter, directoryId }
}
