/**
 * The cost of taking records in: broker CPU for a load that always keeps requests waiting.
 *
 * The brokers run side by side and take turns, one slice of the load each. The first slices show a cold broker; those
 * after several gigabytes a warm one, which matters for Kafka, because the JVM compiles what it finds hot.
 */
import { fullBatch } from '../load/frames.ts'
import { produceAll } from '../load/produce-load.ts'
import type { Measure } from '../report/scoreboard.ts'
import { awaitDeleted } from '../brokers/data-directory.ts'
import { type Bench, type Cost, costOf, eachRun, pause, type Running, type Scenario, takeTurns } from '../scenario.ts'

const CONNECTIONS = 10
const DEPTH = 5
const SETTLE_MS = 3_000
const GB = 1e9

type ProduceShape = {
  readonly batchLimitBytes: number
  readonly valueBytes: number
  readonly sliceBytes: number
  readonly coldSlices: number
  /** Slices before a broker counts as warm, the cold ones among them. */
  readonly slicesBeforeWarm: number
  readonly warmSlices: number
  readonly coldTarget: Pick<Measure, 'maxRatio'>
  readonly warmTarget: Pick<Measure, 'maxRatio'>
  /** What CPU seconds are divided by. */
  readonly per: 'gigabyte' | 'million records'
}

export const produce256k: Scenario = {
  name: 'produce-256k',
  title: 'Broker CPU to take 1 KiB records in 256 KiB batches, acks=1, ten connections.',
  defaultRuns: 3,
  run: (bench) =>
    run(bench, {
      batchLimitBytes: 256 * 1024,
      valueBytes: 1024,
      sliceBytes: bench.isQuick ? 0.5 * GB : GB,
      coldSlices: 2,
      slicesBeforeWarm: bench.isQuick ? 3 : 7,
      warmSlices: bench.isQuick ? 1 : 3,
      coldTarget: { maxRatio: 0.4 },
      warmTarget: { maxRatio: 0.8 },
      per: 'gigabyte',
    }),
}

export const produce16k: Scenario = {
  name: 'produce-16k',
  title: 'Broker CPU to take 100-byte records in 16 KiB batches, acks=1, ten connections.',
  defaultRuns: 3,
  run: (bench) =>
    run(bench, {
      batchLimitBytes: 16 * 1024,
      valueBytes: 100,
      sliceBytes: bench.isQuick ? 0.2 * GB : 0.5 * GB,
      coldSlices: 1,
      slicesBeforeWarm: bench.isQuick ? 2 : 6,
      warmSlices: bench.isQuick ? 1 : 3,
      coldTarget: {},
      warmTarget: { maxRatio: 0.6 },
      per: 'million records',
    }),
}

async function run(bench: Bench, shape: ProduceShape): Promise<void> {
  const { batch, records } = fullBatch(shape.batchLimitBytes, shape.valueBytes)
  const batches = Math.ceil(shape.sliceBytes / batch.length / CONNECTIONS) * CONNECTIONS
  const units = shape.per === 'gigabyte' ? (batches * batch.length) / GB : (batches * records) / 1e6
  const unit = shape.per === 'gigabyte' ? 's/GB' : 's/million records'
  const gigabytes = (slices: number): string => ((slices * shape.sliceBytes) / GB).toFixed(1)
  const cold: Measure = { name: `CPU, cold (first ${gigabytes(shape.coldSlices)} GB)`, unit, ...shape.coldTarget }
  const warm: Measure = { name: `CPU, after ${gigabytes(shape.slicesBeforeWarm)} GB`, unit, ...shape.warmTarget }
  const wall: Measure = { name: `wall time, after ${gigabytes(shape.slicesBeforeWarm)} GB`, unit }
  const measure = async (running: readonly Running[]): Promise<void> => {
    await pause(SETTLE_MS)
    await takeTurns(running, shape.slicesBeforeWarm + shape.warmSlices, async (one, slice) => {
      const { cpuSeconds, wallSeconds } = await produceSlice(one, `slice-${slice}`, batch, records, batches)
      if (slice < shape.coldSlices) bench.add(cold, one.contender, cpuSeconds / units)
      if (slice < shape.slicesBeforeWarm) return
      bench.add(warm, one.contender, cpuSeconds / units)
      bench.add(wall, one.contender, wallSeconds / units)
    })
  }
  await eachRun(bench, measure, { deletesSoon: true })
}

/**
 * Each slice has a topic of its own, which is gone before the next one starts. So nobody pays for the write-back of what another
 * slice wrote, and the page cache reuses the same few gigabytes: pages that a virtual machine touches for the first time can
 * cost ten times the copy into them.
 */
async function produceSlice(
  { contender, broker, admin, dataDir }: Running,
  name: string,
  batch: Uint8Array,
  records: number,
  batches: number,
): Promise<Cost<unknown>> {
  const topic = { name, partitions: CONNECTIONS, configs: contender.launcher.topicConfigs.replicated }
  await admin.createTopics([topic])
  await admin.awaitLeaders([topic])
  const load = { port: broker.port, topic: name, acks: 1 as const, batch, batches, connections: CONNECTIONS, depth: DEPTH }
  const cost = await costOf(broker, () => produceAll(load))
  await admin.expectRecords(topic, batches * records)
  await admin.deleteTopics([name])
  await awaitDeleted(dataDir, name)
  return cost
}
