/**
 * What clients notice when a node of three dies: the longest time that any partition goes without an acknowledgement.
 *
 * A steady load writes to a hundred partitions that one node leads, acks=all; that node is killed with signal 9. The clock runs
 * from the last acknowledgement of a partition before to its first after, at the client, and the slowest partition counts. A third of
 * the nodes that die are the active controller too. Both clusters have their defaults, and the same client writes to both.
 */
import { type ClusterLauncher, type RunningBroker } from '../brokers/launcher.ts'
import { ClusterAdmin } from '../load/cluster-admin.ts'
import { Writers } from '../load/steady-writers.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { type Bench, type Contender, pause, type Scenario } from '../scenario.ts'

const NODES = 3
const PARTITIONS = 100
const WRITERS = 2
/** Of each writer: some ten records a second to each partition. */
const RECORDS_PER_SECOND = 500
const SETTLE_MS = 2_000
const CHANGED_TOPIC = 'changed'
const OUTAGE_DEADLINE_MS = 120_000

const GAP: Measure = { name: 'node killed: longest gap, median', unit: 'ms', maxValue: 1_000 }
const GAP_TAIL: Measure = { name: 'node killed: longest gap, 99th percentile', unit: 'ms', maxValue: 3_000 }
const CONTROLLER: Measure = { name: 'controller killed: metadata changes again after, median', unit: 'ms' }
const CONTROLLER_TAIL: Measure = { name: 'controller killed: the same, 99th percentile', unit: 'ms', maxValue: 1_500 }
const ROLLING: Measure = { name: 'rolling restart: failed requests', unit: '', maxValue: 0 }
const ROLLING_GAP: Measure = { name: 'rolling restart: longest gap', unit: 'ms' }

export const failover: Scenario = {
  name: 'failover',
  title:
    'Three nodes, 100 partitions led by one of them, three replicas, acks=all: kill -9 of that node; of the controller; rolling restart.',
  defaultRuns: 1,
  async run(bench) {
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      // One cluster at a time: six nodes on a small machine would measure each other.
      for (const contender of bench.contenders) await run(bench, contender)
    }
  },
}

async function run(bench: Bench, contender: Contender): Promise<void> {
  const { cluster } = contender.launcher
  // A repetition with Kafka takes half a minute, and it differs little from one to the next.
  const repetitions = bench.isQuick ? 2 : contender.role === 'subject' ? 20 : 6
  const directory = bench.newDirectory(contender)
  await cluster.prepare(directory, contender.port, NODES)
  const nodes = new Nodes(cluster, directory, contender.port)
  await using admin = new ClusterAdmin(nodes.running)
  await admin.awaitBrokers(NODES)

  const gapsMs: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const victim = await chooseVictim(admin, repetition)
    gapsMs.push(await killLeader(admin, nodes, victim, `led-${repetition}`, cluster.topicConfigs.replicated))
    bench.add(GAP, contender, gapsMs.at(-1) as number)
  }
  bench.add(GAP_TAIL, contender, percentile(gapsMs, 0.99))

  await admin.createTopic({ name: CHANGED_TOPIC, assignments: [[1, 2, 3]] })
  const controllerGapsMs: number[] = []
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    controllerGapsMs.push(await killController(admin, nodes))
    bench.add(CONTROLLER, contender, controllerGapsMs.at(-1) as number)
  }
  bench.add(CONTROLLER_TAIL, contender, percentile(controllerGapsMs, 0.99))

  const { failures, gapMs } = await rollingRestart(admin, nodes, cluster.topicConfigs.replicated)
  bench.add(ROLLING, contender, failures)
  bench.add(ROLLING_GAP, contender, gapMs)
  await nodes.killAll()
}

/** As chance would have it: each third node that dies is the active controller as well, which takes longer. */
async function chooseVictim(admin: ClusterAdmin, repetition: number): Promise<number> {
  const { leaderId } = await admin.admin.describeQuorum()
  const order = [leaderId as number, ...[1, 2, 3].filter((nodeId) => nodeId !== leaderId)]
  return order[(repetition + 1) % NODES] as number
}

class Nodes {
  readonly running: RunningBroker[]
  readonly #launcher: ClusterLauncher
  readonly #directory: string
  readonly #basePort: number

  constructor(launcher: ClusterLauncher, directory: string, basePort: number) {
    this.#launcher = launcher
    this.#directory = directory
    this.#basePort = basePort
    this.running = Array.from({ length: NODES }, (_, index) => launcher.start(directory, basePort, index + 1))
  }

  node(nodeId: number): RunningBroker {
    return this.running[nodeId - 1] as RunningBroker
  }

  start(nodeId: number): void {
    this.running[nodeId - 1] = this.#launcher.start(this.#directory, this.#basePort, nodeId)
  }

  async killAll(): Promise<void> {
    await Promise.all(this.running.map((node) => node.kill()))
  }
}

async function killLeader(
  admin: ClusterAdmin,
  nodes: Nodes,
  victim: number,
  topic: string,
  configs: Readonly<Record<string, string>>,
): Promise<number> {
  const others = [1, 2, 3].filter((nodeId) => nodeId !== victim) as [number, number]
  const assignments = Array.from({ length: PARTITIONS }, (_, partition) => [
    victim,
    ...(partition % 2 === 0 ? others : others.toReversed()),
  ])
  await admin.createTopic({ name: topic, assignments, configs })
  await using load = await steadyLoad(admin.brokers, topic)
  load.writers.takeLongestGapMs()
  await nodes.node(victim).kill()
  await load.writers.allAcknowledge(OUTAGE_DEADLINE_MS)
  const gapMs = load.writers.takeLongestGapMs()
  await load.writers.finish()
  nodes.start(victim)
  await admin.awaitBrokers(NODES)
  await admin.awaitInSync(topic)
  await admin.admin.deleteTopics([topic])
  if (load.failures > 0) throw new Error(`${load.failures} records failed while a node was killed`)
  return gapMs
}

/** From the kill until a change of a config is answered, which only a controller can do. */
async function killController(admin: ClusterAdmin, nodes: Nodes): Promise<number> {
  const { leaderId: controllerId } = await admin.admin.describeQuorum()
  const survivor = nodes.running.find((_, index) => index + 1 !== controllerId) as RunningBroker
  await using client = new ClusterAdmin([survivor])
  await client.admin.describeCluster()
  await nodes.node(controllerId as number).kill()
  const killedAtMs = performance.now()
  await changeUntilAnswered(client)
  const gapMs = performance.now() - killedAtMs
  nodes.start(controllerId as number)
  await admin.awaitBrokers(NODES)
  return gapMs
}

async function changeUntilAnswered({ admin }: ClusterAdmin): Promise<void> {
  const deadlineMs = performance.now() + OUTAGE_DEADLINE_MS
  for (let round = 1; ; round += 1) {
    try {
      const change = { name: 'retention.ms', operation: 'set' as const, value: String(round * 1_000_000) }
      await admin.incrementalAlterConfigs([{ resource: { type: 'topic', name: CHANGED_TOPIC }, changes: [change] }])
      return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
    }
  }
}

async function rollingRestart(admin: ClusterAdmin, nodes: Nodes, configs: Readonly<Record<string, string>>) {
  const topic = 'rolling'
  const assignments = Array.from({ length: PARTITIONS }, (_, partition) => [0, 1, 2].map((step) => 1 + ((partition + step) % NODES)))
  await admin.createTopic({ name: topic, assignments, configs })
  await using load = await steadyLoad(admin.brokers, topic)
  load.writers.takeLongestGapMs()
  for (let nodeId = 1; nodeId <= NODES; nodeId += 1) {
    await nodes.node(nodeId).stop()
    nodes.start(nodeId)
    await admin.awaitBrokers(NODES)
    await admin.awaitInSync(topic)
  }
  const gapMs = load.writers.takeLongestGapMs()
  await load.writers.finish()
  return { failures: load.failures, gapMs }
}

async function steadyLoad(brokers: string, topic: string) {
  let failures = 0
  const witness = { acknowledge: () => {}, giveUp: () => void (failures += 1) }
  const topics = [{ name: topic, partitions: PARTITIONS }]
  const writers = new Writers({ brokers, topics, witness, writers: WRITERS, recordsPerSecond: RECORDS_PER_SECOND })
  await writers.allAcknowledge(OUTAGE_DEADLINE_MS)
  await pause(SETTLE_MS)
  return {
    writers,
    get failures() {
      return failures
    },
    [Symbol.asyncDispose]: () => writers[Symbol.asyncDispose](),
  }
}
