/** How long a record takes from the producer to a waiting consumer, at a rate far below what the broker could carry. */
import { batchOf } from '../load/frames.ts'
import { probeEndToEnd } from '../load/end-to-end-probe.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { killAll, type Scenario, startAll } from '../scenario.ts'

const TOPIC = 'end-to-end'
const VALUE_BYTES = 100
const RECORDS_PER_SECOND = 1_000

const MEDIAN: Measure = { name: 'median', unit: 'ms', maxRatio: 1 }
const TAIL: Measure = { name: '99th percentile', unit: 'ms', maxRatio: 1 }
const CPU: Measure = { name: 'CPU', unit: 's per minute' }

export const endToEnd: Scenario = {
  name: 'end-to-end',
  title: 'Time from the produce call to the record in a waiting consumer: 1,000 records/s of 100 bytes, one request each, acks=all.',
  defaultRuns: 1,
  async run(bench) {
    const batch = batchOf(1, VALUE_BYTES)
    const warmUpSeconds = bench.isQuick ? 3 : 20
    const turns = bench.isQuick ? 2 : 10
    const turnSeconds = bench.isQuick ? 2 : 5
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      const running = (await startAll(bench)).map((one) => ({ ...one, nextOffset: 0 }))
      for (let turn = -1; turn < turns; turn += 1) {
        for (const one of running) {
          const { contender, broker, admin } = one
          if (turn < 0) {
            const topics = [{ name: TOPIC, partitions: 1, configs: contender.launcher.topicConfigs.replicated }]
            await admin.createTopics(topics)
            await admin.awaitLeaders(topics)
          }
          const seconds = turn < 0 ? warmUpSeconds : turnSeconds
          const records = RECORDS_PER_SECOND * seconds
          const cpuBefore = broker.cpuSeconds()
          const latenciesMs = await probeEndToEnd({
            port: broker.port,
            topic: TOPIC,
            firstOffset: one.nextOffset,
            batch,
            recordsPerSecond: RECORDS_PER_SECOND,
            records,
          })
          one.nextOffset += records
          if (turn < 0) continue
          bench.add(MEDIAN, contender, percentile(latenciesMs, 0.5))
          bench.add(TAIL, contender, percentile(latenciesMs, 0.99))
          bench.add(CPU, contender, ((broker.cpuSeconds() - cpuBefore) / seconds) * 60)
        }
      }
      await killAll(running)
    }
  },
}
