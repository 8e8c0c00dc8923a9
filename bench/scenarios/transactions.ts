/** What transactions cost: ten producers, each with one record in a transaction, one transaction after the other. */
import { runTransactions } from '../load/transaction-load.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { killAll, type Scenario, startAll } from '../scenario.ts'

const PRODUCERS = 10

const CPU: Measure = { name: 'CPU, warm', unit: 's/10,000 transactions', maxRatio: 1 }
const WALL: Measure = { name: 'wall time, warm', unit: 's/10,000 transactions' }
const LATENCY: Measure = { name: 'one transaction, median', unit: 'ms' }

export const transactions: Scenario = {
  name: 'transactions',
  title:
    'Ten producers write one 100-byte record in each transaction, second protocol; records from the page cache, ' +
    'coordinators with their defaults.',
  defaultRuns: 3,
  async run(bench) {
    const count = bench.isQuick ? 50 : 300
    const slicesBeforeWarm = bench.isQuick ? 1 : 6
    const warmSlices = bench.isQuick ? 1 : 5
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      const running = await startAll(bench)
      for (let slice = 0; slice < slicesBeforeWarm + warmSlices; slice += 1) {
        for (const { contender, broker, admin } of running) {
          const topic = { name: `slice-${slice}`, partitions: PRODUCERS, configs: contender.launcher.topicConfigs.replicated }
          await admin.createTopics([topic])
          await admin.awaitLeaders([topic])
          const cpuBefore = broker.cpuSeconds()
          const startMs = performance.now()
          const timesMs = await runTransactions({ port: broker.port, topic: topic.name, producers: PRODUCERS, transactions: count })
          if (slice < slicesBeforeWarm) continue
          const units = timesMs.length / 10_000
          bench.add(CPU, contender, (broker.cpuSeconds() - cpuBefore) / units)
          bench.add(WALL, contender, (performance.now() - startMs) / 1000 / units)
          bench.add(LATENCY, contender, percentile(timesMs, 0.5))
        }
      }
      await killAll(running)
    }
  },
}
