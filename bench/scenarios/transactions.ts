/** What transactions cost: ten producers, each with one record in a transaction, one transaction after the other. */
import { runTransactions } from '../load/transaction-load.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { costOf, eachRun, type Scenario, takeTurns } from '../scenario.ts'

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
    await eachRun(bench, (running) =>
      takeTurns(running, slicesBeforeWarm + warmSlices, async ({ contender, broker, admin }, slice) => {
        const topic = { name: `slice-${slice}`, partitions: PRODUCERS, configs: contender.launcher.topicConfigs.replicated }
        await admin.createTopics([topic])
        await admin.awaitLeaders([topic])
        const load = { port: broker.port, topic: topic.name, producers: PRODUCERS, transactions: count }
        const { cpuSeconds, wallSeconds, result: timesMs } = await costOf(broker, () => runTransactions(load))
        if (slice < slicesBeforeWarm) return
        const units = timesMs.length / 10_000
        bench.add(CPU, contender, cpuSeconds / units)
        bench.add(WALL, contender, wallSeconds / units)
        bench.add(LATENCY, contender, percentile(timesMs, 0.5))
      }),
    )
  },
}
