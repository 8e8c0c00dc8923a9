/**
 * Makes the data directory of a node of a cluster ready for its first start: whose it is, and who the first controllers are.
 *
 * A node alone formats itself. In a cluster that would be dangerous: a controller whose disk was lost would come back with
 * nothing and vote as if it had never voted. So somebody has to say, once, that a directory is new.
 */
import { resolve } from 'node:path'
import { type DirectoryIdentity, formatDirectory } from '@millrace/log'
import { createNodeDisk, type Disk, nodeRandom, type Random } from '@millrace/runtime'
import { uuidFromBytes } from '@millrace/protocol'
import { type ControllerVoter, parseVoter } from './configuration/cluster-settings.ts'
import { ConfigurationError } from './configuration/configuration-error.ts'
import { ID } from './configuration/settings.ts'

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

export interface FormatDoors {
  readonly disk: Disk
  readonly random: Random
}

/**
 * Resolves to the identity of the directory. One that was formatted in the same way before is fine, and left as it is. Rejects
 * with a `ConfigurationError` for what cannot be, and a `StorageError` when the directory is somebody else's or in use.
 */
export async function formatNode(format: NodeFormat, doors?: FormatDoors): Promise<DirectoryIdentity> {
  const { nodeId, clusterId, controllers } = format
  const own = Array.isArray(controllers) ? (controllers as readonly InitialController[]).find((each) => each.nodeId === nodeId) : undefined
  if (Array.isArray(controllers) && own === undefined) {
    const hint = 'name it there too, or use --no-initial-controllers for a node that joins later or is a broker only'
    throw new ConfigurationError([{ place: '--initial-controllers', message: `node ${nodeId} is not among the initial controllers`, hint }])
  }
  const { disk, random } = doors ?? { disk: createNodeDisk(), random: nodeRandom }
  return formatDirectory({
    disk,
    random,
    path: doors === undefined ? resolve(format.dataDir) : format.dataDir,
    nodeId,
    clusterId,
    ...(own === undefined ? {} : { directoryId: own.directoryId }),
  })
}

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
  return voter === undefined || !ID.test(directoryId) ? undefined : { ...voter, directoryId }
}
