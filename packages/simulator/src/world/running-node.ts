/** A node of the simulation: composed by the server's own composition, with the doors of a simulated host. */
import type { ControllerServerOptions } from '@millrace/controller'
import {
  type ComposedNode,
  composeNode,
  type Configuration,
  type ControlCarrier,
  configurationFor,
  formatNode,
  type InitialController,
} from '@millrace/server'
import type { Runtime } from '@millrace/runtime'
import type { ControlEnd, ControlNetwork } from '../control/control-network.ts'

export const DATA_DIR = '/data'
export const BROKER_PORT = 9092
export const CONTROLLER_PORT = 9093

export interface NodeOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly address: string
  readonly config: Readonly<Record<string, string>>
  readonly snapshotBytes: number
  readonly trailingEntries: number
  /** The log's own when absent: a week. */
  readonly scrubIntervalMs?: number
  /** Empty for a node that is a cluster of its own. */
  readonly voters: readonly InitialController[]
}

/**
 * What somebody does once with the disk of a node that is to be one of several. One that was replaced is none of the first voters any
 * more, whatever it was before. Resolves to the id of the directory.
 */
export async function formatDisk(runtime: Runtime, { nodeId, clusterId, voters }: NodeOptions, isReplaced = false): Promise<string> {
  const isVoter = !isReplaced && voters.some((voter) => voter.nodeId === nodeId)
  const { directoryId } = await formatNode({ dataDir: DATA_DIR, nodeId, clusterId, controllers: isVoter ? voters : 'none' }, runtime)
  return directoryId
}

/** Resolves when clients can connect. Rejects with what a process would exit with, which `onFailed` hears of later. */
export async function startSimulatedNode(end: ControlEnd, network: ControlNetwork, options: NodeOptions): Promise<ComposedNode> {
  const carrier: ControlCarrier = {
    openServer: ({ port, raftId }: ControllerServerOptions) => network.openServer(end, { port, raftId }),
    openConnector: async () => network.connector(end),
  }
  return composeNode(configurationOf(options), end.runtime, {
    carrier,
    snapshotBytes: options.snapshotBytes,
    trailingEntries: options.trailingEntries,
    ...(options.scrubIntervalMs === undefined ? {} : { scrubIntervalMs: options.scrubIntervalMs }),
  })
}

function configurationOf({ nodeId, clusterId, address, config, voters }: NodeOptions): Configuration {
  const isVoter = voters.length === 0 || voters.some((voter) => voter.nodeId === nodeId)
  return configurationFor({
    nodeId,
    clusterId,
    host: address,
    port: BROKER_PORT,
    advertisedHost: address,
    dataDir: DATA_DIR,
    roles: isVoter ? ['broker', 'controller'] : ['broker'],
    controllerQuorumVoters: voters.map(({ nodeId: id, host, port }) => ({ nodeId: id, host, port })),
    config,
  })
}
