/**
 * How long ten thousand partitions keep a broker from its first acknowledgement, after kill -9 and after a clean stop.
 *
 * Every partition holds a little data. The record that ends the first time goes to the last topic created; the second time
 * ends when every partition has taken one.
 */
import type { RunningBroker } from '../brokers/launcher.ts'
import { connectAdmin, retryUntilDone } from '../load/await-broker.ts'
import { firstRecord, produceToPartitions } from '../load/first-record.ts'
import type { Measure } from '../report/scoreboard.ts'
import { type Bench, type Contender, type Scenario, startOn } from '../scenario.ts'

const PARTITIONS_PER_TOPIC = 100
const ROUNDS = 3
const INDEXES = Array.from({ length: PARTITIONS_PER_TOPIC }, (_, index) => index)

type Ending = 'kill' | 'stop'

const CREATE: Measure = { name: 'create all', unit: 's' }
const FIRST: Readonly<Record<Ending, Measure>> = {
  kill: { name: 'after kill -9, first record', unit: 's', maxRatio: 0.2 },
  stop: { name: 'after a clean stop, first record', unit: 's', maxRatio: 0.2 },
}
/** Beside the wall time, because other work on the machine stretches that one. */
const FIRST_CPU: Readonly<Record<Ending, Measure>> = {
  kill: { name: 'after kill -9, CPU until the first record', unit: 's' },
  stop: { name: 'after a clean stop, CPU until the first record', unit: 's' },
}
const ALL: Readonly<Record<Ending, Measure>> = {
  kill: { name: 'after kill -9, a record in every partition', unit: 's' },
  stop: { name: 'after a clean stop, a record in every partition', unit: 's' },
}
const STOP: Measure = { name: 'the clean stop itself', unit: 's' }

export const partitions10000: Scenario = {
  name: 'partitions-10000',
  title: 'A hundred topics of a hundred partitions, a little data in each: from process start to acknowledged records (acks=all).',
  defaultRuns: 3,
  async run(bench) {
    const topicCount = bench.isQuick ? 10 : 100
    const names = Array.from({ length: topicCount }, (_, index) => `wide-${index}`)
    const directories = new Map<Contender, string>()
    for (const contender of bench.contenders) directories.set(contender, await fill(bench, contender, names))
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      for (const ending of ['kill', 'stop'] as const) {
        for (const [contender, dataDir] of directories) await measure(bench, contender, dataDir, names, ending)
      }
    }
  },
}

/** Only one broker is up at a time: two of them with so many files would share too little memory. */
async function fill(bench: Bench, contender: Contender, names: readonly string[]): Promise<string> {
  const dataDir = bench.newDirectory(contender)
  await contender.launcher.prepare(dataDir, contender.port)
  const { broker, admin } = await startOn(contender, dataDir)
  const startMs = performance.now()
  for (const name of names) {
    const topics = [{ name, partitions: PARTITIONS_PER_TOPIC, configs: contender.launcher.topicConfigs.replicated }]
    await admin.createTopics(topics)
    await admin.awaitLeaders(topics)
  }
  bench.add(CREATE, contender, (performance.now() - startMs) / 1000)
  admin.close()
  for (let round = 0; round < ROUNDS; round += 1) await produceToAll(broker, names)
  await broker.stop()
  return dataDir
}

/** Starts, dirties every partition, ends in the given way, and times the start after that. */
async function measure(bench: Bench, contender: Contender, dataDir: string, names: readonly string[], ending: Ending): Promise<void> {
  const dirty = contender.launcher.start(dataDir, contender.port)
  ;(await connectAdmin(dirty)).close()
  await produceToAll(dirty, names)
  const endMs = performance.now()
  await dirty[ending]()
  if (ending === 'stop') bench.add(STOP, contender, (performance.now() - endMs) / 1000)

  const broker = contender.launcher.start(dataDir, contender.port)
  bench.add(FIRST[ending], contender, (await firstRecord(broker, names.at(-1) ?? '')) / 1000)
  bench.add(FIRST_CPU[ending], contender, broker.cpuSeconds())
  await produceToAll(broker, names)
  bench.add(ALL[ending], contender, (performance.now() - broker.startedAtMs) / 1000)
  await broker.stop()
}

async function produceToAll(broker: RunningBroker, names: readonly string[]): Promise<void> {
  for (const name of names) await retryUntilDone(broker, () => produceToPartitions(broker.port, name, INDEXES))
}
