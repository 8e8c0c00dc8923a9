/**
 * What a local cluster consists of: decided once, when it is made, and kept in `cluster.json`, so that every later command needs
 * the directory alone.
 *
 * | path          | what                                                     |
 * | ------------- | -------------------------------------------------------- |
 * | cluster.json  | this plan                                                |
 * | node-1.yaml   | configuration file of node 1, as `millrace start` reads it |
 * | node-1/       | its data                                                 |
 * | node-1.log    | what it says                                             |
 * | node-1.pid    | its process, while there is one                          |
 */

export interface ClusterPlan {
  readonly clusterId: string
  readonly basePort: number
  /** By id, which is 1 for the first. */
  readonly nodes: readonly PlannedNode[]
  /** Kafka's broker configs of every node. */
  readonly config: Readonly<Record<string, string>>
  /**
   * All data directories were formatted. From then on none is formatted again: a controller whose directory was lost has
   * forgotten what it voted for and must not come back as if nothing had been.
   */
  readonly isFormatted: boolean
}

export interface PlannedNode {
  readonly nodeId: number
  readonly port: number
  /** Null: this node is a broker only. */
  readonly controller: { readonly port: number; readonly directoryId: string } | null
}

export interface NodePaths {
  readonly configuration: string
  readonly data: string
  readonly log: string
  readonly pid: string
}

export const HOST = '127.0.0.1'
export const NODES_MAX = 99

/** As many as may be lost and more: an even number would tolerate no more losses than one less. */
const CONTROLLERS_MAX = 3
/** Where controllers listen, above the brokers of the same cluster. */
const CONTROLLER_PORT_OFFSET = 1000
const PORT_MAX = 65535

export function controllerCount(nodeCount: number): number {
  const most = Math.min(nodeCount, CONTROLLERS_MAX)
  return most % 2 === 0 ? most - 1 : most
}

/** The ports that a controller of this node may have, best first. */
export function* controllerPorts(basePort: number, nodeId: number): Generator<number> {
  for (let offset = CONTROLLER_PORT_OFFSET; offset <= 10 * CONTROLLER_PORT_OFFSET; offset += CONTROLLER_PORT_OFFSET) {
    const port = basePort + offset + nodeId - 1
    if (port <= PORT_MAX) yield port
  }
  // Near the upper end of all ports there is room below only.
  for (let port = basePort - CONTROLLER_PORT_OFFSET - nodeId; port > 0; port -= CONTROLLER_PORT_OFFSET) yield port
}

/** What makes the loss of a node bearable; a single node has nobody to replicate to. */
export function replicationConfig(nodeCount: number): Readonly<Record<string, string>> {
  const replicas = Math.min(nodeCount, 3)
  return { 'default.replication.factor': String(replicas), 'min.insync.replicas': String(replicas >= 3 ? 2 : 1) }
}

export function planPath(directory: string): string {
  return `${directory}/cluster.json`
}

export function nodePaths(directory: string, nodeId: number): NodePaths {
  const stem = `${directory}/node-${nodeId}`
  return { configuration: `${stem}.yaml`, data: stem, log: `${stem}.log`, pid: `${stem}.pid` }
}

/** Where the brokers are, for clients. */
export function bootstrapOf(plan: ClusterPlan): string {
  return plan.nodes.map(({ port }) => `${HOST}:${port}`).join(',')
}

/** `1@127.0.0.1:10092,...`: where the controllers are. */
export function votersOf(plan: ClusterPlan): string {
  return controllersOf(plan)
    .map(({ nodeId, controller }) => `${nodeId}@${HOST}:${controller.port}`)
    .join(',')
}

/** The same with the directory of each, which `format` wants to know. */
export function initialControllersOf(plan: ClusterPlan): string {
  return controllersOf(plan)
    .map(({ nodeId, controller }) => `${nodeId}@${HOST}:${controller.port}:${controller.directoryId}`)
    .join(',')
}

function controllersOf(plan: ClusterPlan) {
  return plan.nodes.flatMap(({ nodeId, controller }) => (controller === null ? [] : [{ nodeId, controller }]))
}

/** The configuration file of a node. JSON's texts are YAML's too, so no path needs any other care. */
export function configurationText(plan: ClusterPlan, node: PlannedNode, dataDir: string): string {
  const lines = [
    `# Node ${node.nodeId} of a local cluster. "millrace cluster up" made this file and does not change it again.`,
    `nodeId: ${node.nodeId}`,
    `roles: ${node.controller === null ? 'broker' : 'broker,controller'}`,
    `clusterId: ${plan.clusterId}`,
    `host: ${HOST}`,
    `port: ${node.port}`,
    `dataDir: ${JSON.stringify(dataDir)}`,
    'logLevel: info',
    `controllerQuorumVoters: ${JSON.stringify(votersOf(plan))}`,
    ...(Object.keys(plan.config).length === 0 ? [] : ['config:']),
    ...Object.entries(plan.config).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`),
  ]
  return `${lines.join('\n')}\n`
}

export function formatPlan(plan: ClusterPlan): string {
  return `${JSON.stringify(plan, null, 2)}\n`
}

/** Null when it is not what `formatPlan` writes. */
export function parsePlan(text: string): ClusterPlan | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const plan = value as Partial<Record<keyof ClusterPlan, unknown>> | null
  const isPlan =
    typeof plan === 'object' &&
    plan !== null &&
    typeof plan.clusterId === 'string' &&
    typeof plan.basePort === 'number' &&
    typeof plan.isFormatted === 'boolean' &&
    typeof plan.config === 'object' &&
    Array.isArray(plan.nodes) &&
    plan.nodes.length > 0 &&
    plan.nodes.every(isNode)
  return isPlan ? (value as ClusterPlan) : null
}

function isNode(value: unknown): boolean {
  const node = value as Partial<Record<keyof PlannedNode, unknown>> | null
  if (typeof node !== 'object' || node === null) return false
  const { controller } = node as { readonly controller?: Partial<NonNullable<PlannedNode['controller']>> | null }
  const isController = controller === null || (typeof controller?.port === 'number' && typeof controller.directoryId === 'string')
  return typeof node.nodeId === 'number' && typeof node.port === 'number' && isController
}
