/**
 * What it costs three brokers together to take records that all three keep, and how long one small record takes to be safe.
 *
 * acks=all and three replicas. Both clusters run side by side and take turns, one slice of the load each; Kafka's first gigabytes
 * are thrown away, because its JVMs compile what they find hot.
 */
import { awaitDeleted } from '../brokers/data-directory.ts'
import type { RunningBroker } from '../brokers/launcher.ts'
import { ClusterAdmin } from '../load/cluster-admin.ts'
import { batchOf, fullBatch } from '../load/frames.ts'
import { probeLatency } from '../load/latency-probe.ts'
import { produceAll } from '../load/produce-load.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { type Bench, type Contender, pause, type Scenario } from '../scenario.ts'

const NODES = 3
/** A connection each; every node leads as many. */
const PARTITIONS = 9
const DEPTH = 5
const BATCH_BYTES = 256 * 1024
const VALUE_BYTES = 1024
const GB = 1e9
const SETTLE_MS = 3_000

type Durability = 'replicated' | 'fsync'

const CPU: Readonly<Record<Durability, Measure>> = {
  replicated: { name: 'CPU of three brokers, page cache', unit: 's/GB', maxRatio: 0.8 },
  fsync: { name: 'CPU of three brokers, flushed', unit: 's/GB' },
}
const WALL: Readonly<Record<Durability, Measure>> = {
  replicated: { name: 'wall time, page cache', unit: 's/GB' },
  fsync: { name: 'wall time, flushed', unit: 's/GB' },
}
const FSYNC_COST: Measure = { name: 'Millrace: CPU flushed, of its own in the page cache', unit: 'times', maxValue: 1.5 }
const LONE: Readonly<Record<Durability, Measure>> = {
  replicated: { name: 'one small record, page cache, median', unit: 'us', maxRatio: 1 },
  fsync: { name: 'one small record, flushed, median', unit: 'us' },
}

type Cluster = {
  readonly contender: Contender
  readonly directory: string
  readonly nodes: readonly RunningBroker[]
  readonly admin: ClusterAdmin
}

export const replicatedThroughput: Scenario = {
  name: 'replicated-throughput',
  title:
    'Three nodes, three replicas, acks=all: CPU of all brokers to take 1 KiB records in 256 KiB batches; time to acknowledge one record.',
  defaultRuns: 1,
  async run(bench) {
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      const clusters = await Promise.all(bench.contenders.map((contender) => start(bench, contender)))
      await pause(SETTLE_MS)
      await measureThroughput(bench, clusters)
      await measureLatency(bench, clusters)
      for (const { nodes, admin } of clusters) {
        await admin[Symbol.asyncDispose]()
        await Promise.all(nodes.map((node) => node.kill()))
      }
    }
  },
}

async function start(bench: Bench, contender: Contender): Promise<Cluster> {
  const { launcher, port } = contender
  const directory = bench.newDirectory(contender)
  await launcher.cluster.prepare(directory, port, NODES, { deletesSoon: true })
  const nodes = Array.from({ length: NODES }, (_, index) => launcher.cluster.start(directory, port, index + 1))
  const admin = new ClusterAdmin(nodes)
  await admin.awaitBrokers(NODES)
  return { contender, directory, nodes, admin }
}

async function measureThroughput(bench: Bench, clusters: readonly Cluster[]): Promise<void> {
  const { batch, records } = fullBatch(BATCH_BYTES, VALUE_BYTES)
  const sliceBytes = bench.isQuick ? 0.1 * GB : 0.5 * GB
  const batches = Math.ceil(sliceBytes / batch.length / PARTITIONS) * PARTITIONS
  const gigabytes = (batches * batch.length) / GB
  const warmUps = bench.isQuick ? 1 : 6
  const slices = bench.isQuick ? 1 : 4
  const flushedCost = new Map<Cluster, Record<Durability, number[]>>()
  for (let slice = 0; slice < warmUps + slices; slice += 1) {
    for (const durability of ['replicated', 'fsync'] as const) {
      for (const cluster of clusters) {
        const { cpuSeconds, wallSeconds } = await produceSlice(cluster, `${durability}-${slice}`, durability, batch, batches, records)
        if (slice < warmUps) continue
        bench.add(CPU[durability], cluster.contender, cpuSeconds / gigabytes)
        bench.add(WALL[durability], cluster.contender, wallSeconds / gigabytes)
        const costs = flushedCost.get(cluster) ?? { replicated: [], fsync: [] }
        costs[durability].push(cpuSeconds)
        flushedCost.set(cluster, costs)
      }
    }
  }
  for (const [{ contender }, { replicated, fsync }] of flushedCost) {
    bench.add(FSYNC_COST, contender, percentile(fsync, 0.5) / percentile(replicated, 0.5))
  }
}

async function produceSlice(
  { contender, directory, nodes, admin }: Cluster,
  topic: string,
  durability: Durability,
  batch: Uint8Array,
  batches: number,
  records: number,
) {
  const configs = contender.launcher.cluster.topicConfigs[durability]
  const assignments = Array.from({ length: PARTITIONS }, (_, partition) => [0, 1, 2].map((step) => 1 + ((partition + step) % NODES)))
  await admin.createTopic({ name: topic, assignments, configs })
  const cpu = (): number => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0)
  const leaderPort = (partition: number): number => (nodes[partition % NODES] as RunningBroker).port
  const cpuBefore = cpu()
  const startMs = performance.now()
  await produceAll({ port: leaderPort, topic, acks: -1, batch, batches, connections: PARTITIONS, depth: DEPTH })
  const wallSeconds = (performance.now() - startMs) / 1000
  const cpuSeconds = cpu() - cpuBefore
  const ends = await admin.admin.listOffsets(
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, target: 'latest' as const })),
  )
  const stored = ends.reduce((sum, { offset }) => sum + (offset ?? 0), 0)
  if (stored !== batches * records) throw new Error(`${topic} acknowledged ${batches * records} records and holds ${stored}`)
  await admin.admin.deleteTopics([topic])
  for (const [index] of nodes.entries()) await awaitDeleted(`${directory}/node-${index + 1}`, topic)
  return { cpuSeconds, wallSeconds }
}

async function measureLatency(bench: Bench, clusters: readonly Cluster[]): Promise<void> {
  const batch = batchOf(1, 100)
  const requests = bench.isQuick ? 200 : 2_000
  const warmUpRequests = bench.isQuick ? 500 : 10_000
  const turns = bench.isQuick ? 2 : 10
  for (const durability of ['replicated', 'fsync'] as const) {
    const topic = `lone-${durability}`
    for (const { contender, nodes, admin } of clusters) {
      await admin.createTopic({ name: topic, assignments: [[1, 2, 3]], configs: contender.launcher.cluster.topicConfigs[durability] })
      await probeLatency({ port: (nodes[0] as RunningBroker).port, topic, acks: -1, batch, requests: warmUpRequests })
    }
    for (let turn = 0; turn < turns; turn += 1) {
      for (const { contender, nodes } of clusters) {
        const latenciesMs = await probeLatency({ port: (nodes[0] as RunningBroker).port, topic, acks: -1, batch, requests })
        bench.add(LONE[durability], contender, percentile(latenciesMs, 0.5) * 1000)
      }
    }
  }
}
