/**
 * A cluster of real processes on this machine: made, started, looked at, ended. It keeps nothing in memory; what is true lies in
 * the directory and in the processes, so any number of commands may come and go.
 */
import { LOCAL_CLUSTER_ERROR_CODES as CODES, LocalClusterError } from '../errors.ts'
import {
  bootstrapOf,
  type ClusterPlan,
  configurationText,
  controllerCount,
  controllerPorts,
  formatPlan,
  HOST,
  initialControllersOf,
  type NodePaths,
  nodePaths,
  parsePlan,
  type PlannedNode,
  planPath,
  replicationConfig,
} from './cluster-plan.ts'
import type { ClusterProbe } from './cluster-probe.ts'
import type { Machine } from './machine.ts'
import { NodeProcess } from './node-process.ts'

export interface LocalClusterOptions {
  readonly machine: Machine
  readonly probe: ClusterProbe
  /** Makes the data directory of a node ready for its first start; one that was made ready in the same way is fine. */
  readonly format: (node: NodeFormat) => Promise<void>
  readonly newId: () => string
  /** One line for whoever waits. */
  readonly tell: (line: string) => void | Promise<void>
}

export interface NodeFormat {
  readonly dataDir: string
  readonly clusterId: string
  readonly nodeId: number
  /** As `millrace format --initial-controllers` takes it; null for a broker that is no controller. */
  readonly initialControllers: string | null
}

export interface NewCluster {
  readonly nodes?: number
  readonly basePort?: number
  readonly config: Readonly<Record<string, string>>
}

/** `ready`: it takes part. `starting`: its process runs. `fallen`: its process ended without being asked to. */
export type NodeState = 'ready' | 'starting' | 'stopped' | 'fallen'

export interface NodeStatus {
  readonly nodeId: number
  readonly address: string
  readonly pid: number | null
  readonly state: NodeState
}

const DEFAULT_NODES = 3
const DEFAULT_BASE_PORT = 9092
const START_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 60_000
const KILL_DEADLINE_MS = 10_000
const POLL_MS = 100
const LOG_TAIL_BYTES = 2_000

export class LocalCluster {
  readonly directory: string
  readonly #options: LocalClusterOptions

  constructor(directory: string, options: LocalClusterOptions) {
    this.directory = options.machine.absolute(directory)
    this.#options = options
  }

  /** Makes the cluster if there is none and starts what does not run. Resolves when every node sees every other. */
  async up(wanted: NewCluster): Promise<readonly NodeStatus[]> {
    const plan = await this.#formatted((await this.#planned(wanted)) ?? (await this.#make(wanted)))
    const missing = plan.nodes.filter((node) => this.#process(node).pid() === null)
    for (const node of missing) await this.#assertPortsFree(node)
    for (const node of missing) this.#process(node).start()
    await this.#awaitReady(plan, plan.nodes)
    return this.status()
  }

  /** Stops all nodes in good order; those that do not come to an end are killed. Idempotent. */
  async down(): Promise<void> {
    await Promise.all(this.plan().nodes.map((node) => this.#stop(node)))
  }

  async status(): Promise<readonly NodeStatus[]> {
    const { nodes } = this.plan()
    const views = await Promise.all(nodes.map(async (node) => (this.#process(node).pid() === null ? null : this.#seenAt(node))))
    return nodes.map((node) => {
      const process = this.#process(node)
      const pid = process.pid()
      const isReady = views.some((view) => view?.includes(node.nodeId))
      const state = pid === null ? (process.hasFallen() ? 'fallen' : 'stopped') : isReady ? 'ready' : 'starting'
      return { nodeId: node.nodeId, address: addressOf(node), pid, state }
    })
  }

  /** Ends the process of a node at once, as a crash would. Returns its pid. */
  async kill(nodeId: number): Promise<number> {
    const process = this.#process(this.#node(nodeId))
    const pid = process.pid()
    if (pid === null) throw new LocalClusterError(CODES.notRunning, `node ${nodeId} does not run`)
    if (!(await process.end('SIGKILL', KILL_DEADLINE_MS))) throw new LocalClusterError(CODES.stuck, `process ${pid} cannot be killed`)
    return pid
  }

  /** Starts a node; resolves when it takes part. One that runs is only waited for. */
  async start(nodeId: number): Promise<void> {
    const node = this.#node(nodeId)
    const process = this.#process(node)
    if (process.pid() === null) {
      await this.#assertPortsFree(node)
      process.start()
    }
    await this.#awaitReady(this.plan(), [node])
  }

  /**
   * Stops and starts one node after the other. Each is only touched when all the others take part and every partition has all
   * its replicas, so clients that try again never notice.
   */
  async restart(): Promise<void> {
    const plan = this.plan()
    for (const node of plan.nodes) {
      if (this.#process(node).pid() === null)
        throw new LocalClusterError(CODES.notRunning, `node ${node.nodeId} does not run; start it first`)
    }
    for (const node of plan.nodes) {
      await this.#awaitReady(plan, plan.nodes)
      await this.#awaitHealthy(plan)
      await this.#options.tell(`node ${node.nodeId}: stopping`)
      await this.#stop(node)
      this.#process(node).start()
      await this.#awaitReady(plan, plan.nodes)
      await this.#options.tell(`node ${node.nodeId}: back`)
    }
    await this.#awaitHealthy(plan)
  }

  /** The log file of a node. */
  logPath(nodeId: number): string {
    return this.#paths(this.#node(nodeId)).log
  }

  plan(): ClusterPlan {
    const plan = this.#read()
    if (plan !== null) return plan
    throw new LocalClusterError(
      CODES.missing,
      `there is no cluster in ${this.directory}; make one with "cluster up", or name another with --data`,
    )
  }

  bootstrap(): string {
    return bootstrapOf(this.plan())
  }

  #read(): ClusterPlan | null {
    const path = planPath(this.directory)
    const text = this.#options.machine.readText(path)
    if (text === null) return null
    const plan = parsePlan(text)
    if (plan === null) throw new LocalClusterError(CODES.unreadable, `${path} cannot be read; restore it, or choose another --data`)
    return plan
  }

  /** The plan that is there already; null when there is none. Rejects when something else is wanted. */
  async #planned({ nodes, basePort, config }: NewCluster): Promise<ClusterPlan | null> {
    const plan = this.#read()
    if (plan === null) return null
    const differs = (what: string): LocalClusterError =>
      new LocalClusterError(CODES.different, `the cluster in ${this.directory} ${what}; leave that option out, or choose another --data`)
    if (nodes !== undefined && nodes !== plan.nodes.length) throw differs(`has ${plan.nodes.length} nodes, not ${nodes}`)
    if (basePort !== undefined && basePort !== plan.basePort) throw differs(`is at base port ${plan.basePort}, not ${basePort}`)
    for (const [name, value] of Object.entries(config)) {
      if (plan.config[name] !== value) throw differs(`was made with ${name}=${plan.config[name] ?? 'its default'}`)
    }
    return plan
  }

  async #make({ nodes = DEFAULT_NODES, basePort = DEFAULT_BASE_PORT, config }: NewCluster): Promise<ClusterPlan> {
    const { machine, newId } = this.#options
    const controllers = controllerCount(nodes)
    const planned: PlannedNode[] = []
    for (let nodeId = 1; nodeId <= nodes; nodeId++) {
      const port = basePort + nodeId - 1
      if (!(await machine.isPortFree(HOST, port))) throw portTaken(port, nodeId)
      const isController = nodeId <= controllers
      const controller = isController ? { port: await this.#controllerPort(basePort, nodeId), directoryId: newId() } : null
      planned.push({ nodeId, port, controller })
    }
    const plan = { clusterId: newId(), basePort, nodes: planned, config: { ...replicationConfig(nodes), ...config }, isFormatted: false }
    machine.createDirectory(this.directory)
    machine.writeText(planPath(this.directory), formatPlan(plan))
    return plan
  }

  async #controllerPort(basePort: number, nodeId: number): Promise<number> {
    for (const port of controllerPorts(basePort, nodeId)) if (await this.#options.machine.isPortFree(HOST, port)) return port
    throw new LocalClusterError(CODES.portTaken, `there is no free port for the controller of node ${nodeId}; choose another --base-port`)
  }

  async #formatted(plan: ClusterPlan): Promise<ClusterPlan> {
    if (plan.isFormatted) return plan
    const { machine, format } = this.#options
    for (const node of plan.nodes) {
      const { nodeId, controller } = node
      const { configuration, data } = this.#paths(node)
      const initialControllers = controller === null ? null : initialControllersOf(plan)
      await format({ dataDir: data, clusterId: plan.clusterId, nodeId, initialControllers })
      machine.writeText(configuration, configurationText(plan, node, data))
    }
    const formatted = { ...plan, isFormatted: true }
    machine.writeText(planPath(this.directory), formatPlan(formatted))
    return formatted
  }

  async #stop(node: PlannedNode): Promise<void> {
    const process = this.#process(node)
    if (await process.end('SIGTERM', STOP_DEADLINE_MS)) return
    await this.#options.tell(`node ${node.nodeId} did not stop within ${STOP_DEADLINE_MS / 1000} s and is killed`)
    await process.end('SIGKILL', KILL_DEADLINE_MS)
  }

  /** Resolves when each of these nodes takes part, and itself sees all nodes whose processes run. */
  async #awaitReady(plan: ClusterPlan, nodes: readonly PlannedNode[]): Promise<void> {
    await this.#until(`the nodes ${nodes.map(({ nodeId }) => nodeId).join(', ')} are not ready`, async () => {
      for (const node of nodes) if (this.#process(node).pid() === null) throw this.#fallen(node)
      const running = plan.nodes.filter((node) => this.#process(node).pid() !== null)
      const expected = nodes.length === 1 ? nodes : running
      const views = await Promise.all(nodes.map((node) => this.#seenAt(node)))
      return views.every((view) => view !== null && expected.every(({ nodeId }) => view.includes(nodeId)))
    })
  }

  async #awaitHealthy(plan: ClusterPlan): Promise<void> {
    const addresses = bootstrapOf(plan)
    await this.#until('some partitions lack replicas', async () => (await this.#options.probe.unhealthyPartitions(addresses)) === 0)
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const { machine } = this.#options
    const deadlineMs = machine.nowMs() + START_DEADLINE_MS
    while (!(await isSo())) {
      if (machine.nowMs() > deadlineMs) {
        throw new LocalClusterError(CODES.stuck, `${what} after ${START_DEADLINE_MS / 1000} s; "cluster logs" shows what the nodes say`)
      }
      await machine.wait(POLL_MS)
    }
  }

  async #assertPortsFree({ nodeId, port, controller }: PlannedNode): Promise<void> {
    const { machine } = this.#options
    for (const needed of controller === null ? [port] : [port, controller.port]) {
      if (!(await machine.isPortFree(HOST, needed))) throw portTaken(needed, nodeId)
    }
  }

  #fallen(node: PlannedNode): LocalClusterError {
    const { machine } = this.#options
    const { log } = this.#paths(node)
    const tail = new TextDecoder().decode(machine.readFrom(log, Math.max(0, machine.sizeOf(log) - LOG_TAIL_BYTES)))
    const lines = tail.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
    return new LocalClusterError(CODES.fallen, `node ${node.nodeId} ended; the end of ${log}:\n${lines}`)
  }

  #seenAt(node: PlannedNode): Promise<readonly number[] | null> {
    return this.#options.probe.brokersSeenAt(addressOf(node))
  }

  #node(nodeId: number): PlannedNode {
    const { nodes } = this.plan()
    const node = nodes.find((candidate) => candidate.nodeId === nodeId)
    if (node !== undefined) return node
    throw new LocalClusterError(CODES.missing, `there is no node ${nodeId}; the nodes are ${nodes.map((each) => each.nodeId).join(', ')}`)
  }

  #process(node: PlannedNode): NodeProcess {
    return new NodeProcess(this.#options.machine, this.#paths(node))
  }

  #paths({ nodeId }: PlannedNode): NodePaths {
    return nodePaths(this.directory, nodeId)
  }
}

const LOG_TAIL_LINES = 5

function addressOf({ port }: PlannedNode): string {
  return `${HOST}:${port}`
}

function portTaken(port: number, nodeId: number): LocalClusterError {
  return new LocalClusterError(CODES.portTaken, `port ${port}, which node ${nodeId} needs, is taken; choose others with --base-port`)
}
