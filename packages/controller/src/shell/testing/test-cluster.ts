/** Controllers of one cluster in one process, each on a disk of its own, over a network and a clock that a test holds. */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory } from '@millrace/log'
import { type ClusterImage, type ControllerError, type ControllerPort, imageRecords, type MetadataRecord } from '@millrace/metadata'
import { createCompression, crc32c, createMemoryDisk, type Disk, type MemoryDisk } from '@millrace/runtime'
import type { VoterId } from '../raft/voter-id.ts'
import { formatMetadataDirectory } from '../raft/format.ts'
import { type RunningController, startController } from '../start-controller.ts'
import { CLUSTER_ID, heartbeat, joinBroker } from './commands.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryNetwork } from './memory-network.ts'
import { RecordingLogger } from './recording-logger.ts'
import { SeededRandom } from './seeded-random.ts'

const PATH = '/data'

export interface TestClusterOptions {
  readonly nodeIds?: readonly number[]
  readonly snapshotBytes?: number
  readonly trailingEntries?: number
  readonly seed?: number
}

export class ClusterNode {
  readonly nodeId: number
  readonly disk: MemoryDisk
  readonly logger = new RecordingLogger()
  readonly offline: ControllerError[] = []
  readonly controller: RunningController
  readonly logDirectory: LogDirectory

  constructor(parts: Pick<ClusterNode, 'nodeId' | 'disk' | 'controller' | 'logDirectory' | 'logger' | 'offline'>) {
    this.nodeId = parts.nodeId
    this.disk = parts.disk
    this.controller = parts.controller
    this.logDirectory = parts.logDirectory
    this.logger = parts.logger
    this.offline = parts.offline
  }

  get port(): ControllerPort {
    return this.controller.port
  }

  get image(): ClusterImage {
    return this.controller.feed.image()
  }

  get isActive(): boolean {
    return this.controller.quorum.leadership.isActive
  }

  get topicNames(): readonly string[] {
    return [...this.image.topics].map(({ name }) => name).sort()
  }

  get content(): readonly MetadataRecord[] {
    return [...imageRecords(this.image)]
  }
}

const HEARTBEAT_MS = 500

export class TestCluster {
  readonly clock = new ManualClock()
  readonly network = new MemoryNetwork()
  readonly disks = new Map<number, MemoryDisk>()
  readonly directoryIds = new Map<number, string>()
  readonly #options: TestClusterOptions
  readonly #running = new Map<number, ClusterNode>()
  readonly #random: SeededRandom

  private constructor(options: TestClusterOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed ?? 1)
  }

  /** Formatted with all of the nodes as voters, not started. */
  static async format(options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options)
    const nodeIds = options.nodeIds ?? [1, 2, 3]
    const voters: VoterId[] = []
    for (const nodeId of nodeIds) voters.push({ nodeId, directoryId: await cluster.prepare(nodeId) })
    for (const nodeId of nodeIds) await cluster.formatNode(nodeId, voters)
    return cluster
  }

  /** With a leader, and broker 1, so that topics can be created. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.format(options)
    await cluster.startAll()
    const leader = await cluster.leader()
    const { brokerEpoch } = await cluster.answer(joinBroker(leader.port, 1))
    cluster.#keepAlive(brokerEpoch)
    await cluster.converge()
    return cluster
  }

  /** Broker 1 is heard of by whoever is active, as long as the test lasts. */
  #keepAlive(brokerEpoch: number): void {
    for (const { isActive, port } of this.nodes) {
      if (isActive) port.heartbeat(heartbeat(1, brokerEpoch)).catch(() => {})
    }
    this.clock.setTimer(HEARTBEAT_MS, () => this.#keepAlive(brokerEpoch))
  }

  /** An empty disk with an identity. */
  async prepare(nodeId: number): Promise<string> {
    const disk = createMemoryDisk({ canLosePower: true })
    this.disks.set(nodeId, disk)
    const logDirectory = await this.#open(nodeId, new RecordingLogger())
    await logDirectory.close()
    this.directoryIds.set(nodeId, logDirectory.directoryId)
    return logDirectory.directoryId
  }

  async formatNode(nodeId: number, voters: readonly VoterId[]): Promise<void> {
    const logger = new RecordingLogger()
    const logDirectory = await this.#open(nodeId, logger)
    try {
      await formatMetadataDirectory({
        runtime: { clock: this.clock, disk: this.disk(nodeId), logger, crc32c },
        logDirectory,
        nodeId,
        clusterId: CLUSTER_ID,
        voters: voters.map((voter) => ({ ...voter, ...endpointOf(voter.nodeId) })),
      })
    } finally {
      await logDirectory.close()
    }
  }

  disk(nodeId: number): MemoryDisk {
    return this.disks.get(nodeId) as MemoryDisk
  }

  node(nodeId: number): ClusterNode {
    const node = this.#running.get(nodeId)
    if (node === undefined) throw new Error(`node ${nodeId} does not run`)
    return node
  }

  get nodes(): readonly ClusterNode[] {
    return [...this.#running.values()]
  }

  async startAll(): Promise<void> {
    await Promise.all([...this.disks.keys()].map((nodeId) => this.startNode(nodeId)))
  }

  /** Leaves nothing open when it rejects. */
  async startNode(nodeId: number, disk: Disk = this.disk(nodeId)): Promise<ClusterNode> {
    const logger = new RecordingLogger()
    const offline: ControllerError[] = []
    const logDirectory = await this.#open(nodeId, logger, disk)
    const { snapshotBytes, trailingEntries } = this.#options
    try {
      const controller = await startController({
        runtime: { clock: this.clock, random: this.#random, disk, logger, crc32c },
        logDirectory,
        nodeId,
        clusterId: CLUSTER_ID,
        staticConfigs: new Map(),
        peers: {
          transport: this.network.transport(endpointOf(nodeId).port),
          configured: [...this.disks.keys()].map((id) => ({ nodeId: id, ...endpointOf(id) })),
        },
        onOffline: (error) => void offline.push(error),
        ...(snapshotBytes === undefined ? {} : { snapshotBytes }),
        ...(trailingEntries === undefined ? {} : { trailingEntries }),
      })
      const node = new ClusterNode({ nodeId, disk: this.disk(nodeId), logger, offline, controller, logDirectory })
      this.#running.set(nodeId, node)
      return node
    } catch (error) {
      await logDirectory.close()
      throw error
    }
  }

  /** In good order. */
  async stop(nodeId: number): Promise<void> {
    const node = this.node(nodeId)
    this.#running.delete(nodeId)
    await this.#whileTimePasses(node.controller.close())
    await this.#whileTimePasses(node.logDirectory.close())
  }

  /** Of what was not synced some is lost and some is torn. */
  async losePower(nodeId: number): Promise<void> {
    this.node(nodeId).disk.losePower(this.#random)
    await this.letGo(nodeId)
  }

  /** Of a node whose disk is dead. */
  async letGo(nodeId: number): Promise<void> {
    const node = this.node(nodeId)
    this.#running.delete(nodeId)
    await this.#abandon(node)
  }

  async close(): Promise<void> {
    this.network.heal()
    await Promise.all([...this.#running.values()].map((node) => this.#abandon(node)))
    this.#running.clear()
  }

  /** What a call comes to, while time passes. */
  async answer<T>(asked: Promise<T>, withinMs = 30_000): Promise<T> {
    return this.#whileTimePasses(asked, withinMs)
  }

  /** The active controller, once there is one that others follow. */
  async leader(): Promise<ClusterNode> {
    const active = (): ClusterNode | undefined => this.nodes.find(({ isActive }) => isActive)
    await this.clock.until(() => active() !== undefined, { what: 'a leader' })
    return active() as ClusterNode
  }

  /** One that is not the active controller. */
  async follower(): Promise<ClusterNode> {
    const leader = await this.leader()
    return this.nodes.find((node) => node !== leader) as ClusterNode
  }

  /** Until all that run have applied the same. */
  async converge(): Promise<void> {
    const isSame = (): boolean => new Set(this.nodes.map(({ image }) => image.offset)).size === 1
    await this.clock.until(() => this.nodes.some(({ isActive }) => isActive) && isSame(), { what: 'the same image everywhere' })
  }

  async #whileTimePasses<T>(work: Promise<T>, withinMs = 30_000): Promise<T> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    done.catch(() => {})
    await this.clock.until(() => isDone, { withinMs, what: 'the end of a call' })
    return done
  }

  /** What it still does reaches nobody. */
  async #abandon(node: ClusterNode): Promise<void> {
    this.network.cut(endpointOf(node.nodeId).port)
    await this.#whileTimePasses(node.controller.close().catch(() => {}))
    await this.#whileTimePasses(node.logDirectory.close().catch(() => {}))
    this.network.mend(endpointOf(node.nodeId).port)
  }

  #open(nodeId: number, logger: RecordingLogger, disk: Disk = this.disk(nodeId)): Promise<LogDirectory> {
    return openLogDirectory({
      runtime: { clock: this.clock, random: this.#random, disk, logger, crc32c, compression: createCompression() },
      path: PATH,
      nodeId,
      clusterId: CLUSTER_ID,
      settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
    })
  }
}

export function endpointOf(nodeId: number): { readonly host: string; readonly port: number } {
  return { host: 'localhost', port: 9090 + nodeId }
}
