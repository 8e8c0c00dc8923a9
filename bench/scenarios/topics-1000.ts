/**
 * What a thousand topics cost: to create, to start with, and in memory.
 *
 * They are created by one request that names them all, as Kafka's own admin client does when it is handed a list. Start and
 * memory are told as the difference to the same broker, started in the same way, with a single topic.
 */
import type { NewTopic } from '../load/admin.ts'
import { firstRecord } from '../load/first-record.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { type Bench, type Contender, pause, type Scenario, startOn } from '../scenario.ts'

const MIB = 1024 ** 2
const ANCHOR = 'anchor'

const CREATE: Measure = { name: 'create, until all have leaders', unit: 'ms' }
const CREATE_CPU: Measure = { name: 'create, CPU', unit: 's' }
const BASE_START: Measure = { name: 'restart with one topic', unit: 'ms' }
const FULL_START: Measure = { name: 'restart with all', unit: 'ms' }
const MORE_START: Measure = { name: 'start-up time more', unit: 'ms', maxValue: 2_000 }
const BASE_MEMORY: Measure = { name: 'memory with one topic', unit: 'MiB' }
const FULL_MEMORY: Measure = { name: 'memory with all', unit: 'MiB' }
const MORE_MEMORY: Measure = { name: 'memory more', unit: 'MiB', maxValue: 50 }

export const topics1000: Scenario = {
  name: 'topics-1000',
  title: 'A thousand topics of one partition, created by one request; then a clean stop and a start. Memory is resident, idle.',
  defaultRuns: 3,
  async run(bench) {
    for (let repeat = 0; repeat < bench.runs; repeat += 1) for (const contender of bench.contenders) await measure(bench, contender)
  },
}

async function measure(bench: Bench, contender: Contender): Promise<void> {
  const dataDir = bench.newDirectory(contender)
  const configs = contender.launcher.topicConfigs.replicated
  await contender.launcher.prepare(dataDir, contender.port)
  const first = await startOn(contender, dataDir)
  const anchor: NewTopic = { name: ANCHOR, partitions: 1, configs }
  await first.admin.createTopics([anchor])
  await first.admin.awaitLeaders([anchor])
  first.admin.close()
  await first.broker.stop()

  const base = await restartOften(bench, contender, dataDir, ANCHOR)
  bench.add(BASE_START, contender, base.startMs)
  bench.add(BASE_MEMORY, contender, base.memoryMib)

  const { broker, admin } = await startOn(contender, dataDir)
  const topics = Array.from({ length: bench.isQuick ? 100 : 1_000 }, (_, index) => ({ name: `topic-${index}`, partitions: 1, configs }))
  const cpuBefore = broker.cpuSeconds()
  const startMs = performance.now()
  await admin.createTopics(topics)
  await admin.awaitLeaders(topics)
  bench.add(CREATE, contender, performance.now() - startMs)
  bench.add(CREATE_CPU, contender, broker.cpuSeconds() - cpuBefore)
  admin.close()
  await broker.stop()

  const full = await restartOften(bench, contender, dataDir, `topic-${topics.length - 1}`)
  bench.add(FULL_START, contender, full.startMs)
  bench.add(FULL_MEMORY, contender, full.memoryMib)
  bench.add(MORE_START, contender, full.startMs - base.startMs)
  bench.add(MORE_MEMORY, contender, full.memoryMib - base.memoryMib)
}

/** Medians of several starts, each ended by a clean stop: a difference between two single ones is mostly noise. */
async function restartOften(bench: Bench, contender: Contender, dataDir: string, topic: string) {
  const startsMs: number[] = []
  const memoriesMib: number[] = []
  for (let start = 0; start < (bench.isQuick ? 1 : 3); start += 1) {
    const broker = contender.launcher.start(dataDir, contender.port)
    startsMs.push(await firstRecord(broker, topic))
    await pause(bench.isQuick ? 2_000 : 5_000)
    memoriesMib.push(broker.memoryUse().rssBytes / MIB)
    await broker.stop()
  }
  return { startMs: percentile(startsMs, 0.5), memoryMib: percentile(memoriesMib, 0.5) }
}
