/** How long from the start of the process to the first acknowledged record, and what the broker then holds while nobody uses it. */
import { firstRecordOnNewTopic } from '../load/first-record.ts'
import type { Measure } from '../report/scoreboard.ts'
import { pause, type Scenario } from '../scenario.ts'

const MIB = 1024 ** 2

const START: Measure = { name: 'start to first acknowledged record', unit: 'ms', maxValue: 500 }
const CPU: Measure = { name: 'CPU until then', unit: 's' }
const RESIDENT: Measure = { name: 'idle memory, resident', unit: 'MiB', maxValue: 100 }
const PROPORTIONAL: Measure = { name: 'idle memory, proportional', unit: 'MiB' }

export const startup: Scenario = {
  name: 'startup',
  title:
    'An empty directory, prepared: process start, a new topic, its first acknowledged record (acks=all); ' +
    'then memory after ten idle seconds.',
  defaultRuns: 7,
  async run(bench) {
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      for (const contender of bench.contenders) {
        const dataDir = bench.newDirectory(contender)
        await contender.launcher.prepare(dataDir, contender.port)
        const broker = contender.launcher.start(dataDir, contender.port)
        const topic = { name: 'first', partitions: 1, configs: contender.launcher.topicConfigs.replicated }
        bench.add(START, contender, await firstRecordOnNewTopic(broker, topic))
        bench.add(CPU, contender, broker.cpuSeconds())
        await pause(bench.isQuick ? 2_000 : 10_000)
        const { rssBytes, pssBytes } = broker.memoryUse()
        bench.add(RESIDENT, contender, rssBytes / MIB)
        if (pssBytes !== null) bench.add(PROPORTIONAL, contender, pssBytes / MIB)
        await broker.kill()
      }
    }
  },
}
