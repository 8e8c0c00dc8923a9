/**
 * A whole cluster in this process, for tests: nodes that replicate to one another over real sockets, each with its own ports and
 * its own storage, and each of which can be killed as kill -9 would.
 */
import { resolve } from 'node:path'
import {
  createLogger,
  createMemoryDisk,
  createNodeNetwork,
  createNodeRuntime,
  type MemoryDisk,
  type Network,
  type Runtime,
  silentLogger,
} from '@millrace/runtime'
import type { ControllerVoter } from './configuration/cluster-settings.ts'
import { ConfigurationError } from './configuration/configuration-error.ts'
import { configurationFor } from './configuration/load-configuration.ts'
import type { BrokerOptions, Configuration } from './configuration/settings.ts'
import { formatNode, type InitialController, newId } from './format-node.ts'
import { mortalRuntime, type MortalRuntime } from './mortal/mortal-runtime.ts'
import { addressText, type ComposedNode, composeNode, MEMORY_DATA_DIR } from './start-node.ts'

type SharedOption = 'storage' | 'durability' | 'logLevel' | 'config' | 'host'

export interface ClusterOptions extends Pick<BrokerOptions, SharedOption> {
  /** 3 when absent. */
  readonly nodes?: number
  /** How many of them are controllers: the first ones. An odd number up to 3 when absent. */
  readonly controllers?: number
  /** With files: where each node has a directory of its own, which must be new. */
  readonly dataDir?: string
  /** Port of node 1; node N is N - 1 above, and the controllers are above the brokers. Free ports when absent. */
  readonly basePort?: number
}

export interface RunningCluster extends AsyncDisposable {
  readonly clusterId: string
  /** All brokers, as clients want them: `host:port` with commas between. */
  readonly brokers: string
  readonly nodes: readonly ClusterNode[]
  /** By id, from 1. */
  node(nodeId: number): ClusterNode
  /** Resolves when every node that runs sees every other as a broker that takes part. */
  ready(): Promise<void>
  /** Stops all nodes. Idempotent. */
  close(): Promise<void>
}

export interface ClusterNode {
  readonly nodeId: number
  readonly address: string
  readonly isRunning: boolean
  /** Ends it as a crash of its process would: at once, without a word to anybody. What it has written stays. */
  kill(): Promise<void>
  /** Hands over what it leads, and ends. */
  stop(): Promise<void>
  /** Starts it again on the same storage and the same ports; resolves when it takes part. */
  start(): Promise<void>
}

const DEFAULT_NODES = 3
const CONTROLLERS_MAX = 3
const READY_TIMEOUT_MS = 60_000

/** Rejects as `startBroker` does; nothing is left open then. */
export async function startCluster(options: ClusterOptions = {}): Promise<RunningCluster> {
  const { nodes = DEFAULT_NODES, storage = 'memory' } = options
  if (storage === 'file' && options.dataDir === undefined) {
    throw problem('options.dataDir', 'a cluster with files needs a directory', 'name an empty one, or use storage: "memory"')
  }
  if (!Number.isInteger(nodes) || nodes < 1) throw problem('options.nodes', `${nodes} is no number of nodes`, 'for example 3')
  const cluster = await Cluster.plan({ ...options, nodes, storage })
  try {
    await cluster.startAll()
  } catch (error) {
    await cluster.close()
    throw error
  }
  return cluster
}

function problem(place: string, message: string, hint: string): ConfigurationError {
  return new ConfigurationError([{ place, message, hint }])
}

class Cluster implements RunningCluster {
  readonly clusterId: string
  readonly nodes: readonly EmbeddedNode[]
  #closing: Promise<void> | null = null

  private constructor(clusterId: string, nodes: readonly EmbeddedNode[]) {
    this.clusterId = clusterId
    this.nodes = nodes
  }

  static async plan(options: ClusterOptions & { readonly nodes: number }): Promise<Cluster> {
    const { nodes, basePort, host = '127.0.0.1' } = options
    const most = Math.min(nodes, CONTROLLERS_MAX)
    const controllers = options.controllers ?? (most % 2 === 0 ? most - 1 : most)
    const ports = basePort === undefined ? await freePorts(host, nodes + controllers) : successive(basePort, nodes + controllers)
    const voters = Array.from({ length: controllers }, (_, index): InitialController => {
      return { nodeId: index + 1, host, port: ports[nodes + index] as number, directoryId: newId() }
    })
    const clusterId = newId()
    const embedded = Array.from({ length: nodes }, (_, index) => {
      const nodeId = index + 1
      return new EmbeddedNode({ clusterId, voters, configuration: nodeConfiguration(options, nodeId, ports[index] as number, voters) })
    })
    return new Cluster(clusterId, embedded)
  }

  get brokers(): string {
    return this.nodes.map(({ address }) => address).join(',')
  }

  node(nodeId: number): EmbeddedNode {
    const node = this.nodes[nodeId - 1]
    if (node === undefined) throw new RangeError(`the cluster has nodes 1 to ${this.nodes.length}, not ${nodeId}`)
    return node
  }

  async startAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.format()))
    const starts = await Promise.allSettled(this.nodes.map((node) => node.start()))
    const failed = starts.find((start) => start.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await this.ready()
  }

  async ready(): Promise<void> {
    const running = this.nodes.filter(({ isRunning }) => isRunning)
    const expected = running.map(({ nodeId }) => nodeId)
    await Promise.all(running.map((node) => node.sees(expected, READY_TIMEOUT_MS)))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }
}

interface EmbeddedNodeOptions {
  readonly clusterId: string
  readonly voters: readonly InitialController[]
  readonly configuration: Configuration
}

class EmbeddedNode implements ClusterNode {
  readonly #options: EmbeddedNodeOptions
  /** Null for a node with files. Outlives the node's lives. */
  readonly #memory: MemoryDisk | null
  #life: { readonly node: ComposedNode; readonly runtime: MortalRuntime } | null = null
  /** One thing at a time. */
  #work: Promise<void> = Promise.resolve()

  constructor(options: EmbeddedNodeOptions) {
    this.#options = options
    this.#memory = options.configuration.storage === 'memory' ? createMemoryDisk() : null
  }

  get nodeId(): number {
    return this.#options.configuration.nodeId
  }

  get address(): string {
    return addressText(this.#options.configuration)
  }

  get isRunning(): boolean {
    return this.#life !== null
  }

  async format(): Promise<void> {
    const { clusterId, voters, configuration } = this.#options
    const { nodeId, dataDir, roles } = configuration
    const controllers = roles.includes('controller') ? voters : 'none'
    await formatNode({ nodeId, clusterId, dataDir: this.#memory === null ? dataDir : MEMORY_DATA_DIR, controllers }, this.#runtime())
  }

  start(): Promise<void> {
    return this.#next(async () => {
      if (this.#life !== null) return
      const runtime = mortalRuntime(this.#runtime())
      this.#life = { runtime, node: await composeNode(this.#options.configuration, runtime) }
    })
  }

  stop(): Promise<void> {
    return this.#next(async () => {
      const life = this.#life
      this.#life = null
      await life?.node.close()
      // Calls that were given up may have left a pause behind.
      await life?.runtime.die()
    })
  }

  kill(): Promise<void> {
    return this.#next(async () => {
      const life = this.#life
      this.#life = null
      await life?.runtime.die()
      await life?.node.cut()
    })
  }

  /** Resolves when this node's metadata shows all of these as brokers that take part. */
  async sees(nodeIds: readonly number[], timeoutMs: number): Promise<void> {
    const life = this.#life
    if (life === null) return
    const { feed } = life.node
    const isSo = (): boolean => nodeIds.every((nodeId) => feed.image().brokers.get(nodeId)?.isFenced === false)
    if (isSo()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const unsubscribe = feed.subscribe(() => {
      if (isSo()) resolve()
    })
    const late = (): void => reject(new Error(`node ${this.nodeId} does not see the nodes ${nodeIds.join(', ')} after ${timeoutMs} ms`))
    const timer = life.runtime.clock.setTimer(timeoutMs, late)
    try {
      await promise
    } finally {
      timer.cancel()
      unsubscribe()
    }
  }

  #runtime(): Runtime {
    const { logLevel } = this.#options.configuration
    const logger = createLogger({ level: logLevel, destination: 'stderr' }).child({ node: this.nodeId })
    return createNodeRuntime({ logger, ...(this.#memory === null ? {} : { disk: this.#memory }) })
  }

  #next(run: () => Promise<void>): Promise<void> {
    const done = this.#work.then(run)
    this.#work = done.catch(() => {})
    return done
  }
}

function nodeConfiguration(options: ClusterOptions, nodeId: number, port: number, voters: readonly ControllerVoter[]): Configuration {
  const { nodes = DEFAULT_NODES, storage = 'memory', dataDir = '', config = {}, host, durability, logLevel } = options
  const isController = voters.some((voter) => voter.nodeId === nodeId)
  const replicas = Math.min(nodes, 3)
  return configurationFor({
    nodeId,
    port,
    storage,
    roles: isController ? ['broker', 'controller'] : ['broker'],
    controllerQuorumVoters: voters.map((voter) => ({ nodeId: voter.nodeId, host: voter.host, port: voter.port })),
    config: { 'default.replication.factor': replicas, 'min.insync.replicas': replicas >= 3 ? 2 : 1, ...config },
    ...(storage === 'file' ? { dataDir: resolve(dataDir, `node-${nodeId}`) } : {}),
    ...(host === undefined ? {} : { host }),
    ...(durability === undefined ? {} : { durability }),
    ...(logLevel === undefined ? {} : { logLevel }),
  })
}

function successive(basePort: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => basePort + index)
}

/** Ports that are free now: all are held until the last is found, so that none comes twice. */
async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const network: Network = createNodeNetwork({ logger: silentLogger })
  const listeners = await Promise.all(
    Array.from({ length: count }, () => network.listen({ host, port: 0 }, (connection) => connection.destroy())),
  )
  await Promise.all(listeners.map((listener) => listener.close()))
  return listeners.map(({ address }) => address.port)
}
