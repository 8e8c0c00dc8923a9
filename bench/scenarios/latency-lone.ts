/**
 * How long one small request takes when nothing else happens: the broker's whole path, without any batching to hide behind.
 *
 * acks=all. Page-cache durability is Kafka's default; for a flush before the acknowledgement Kafka needs `flush.messages=1`.
 */
import { batchOf } from '../load/frames.ts'
import { probeLatency } from '../load/latency-probe.ts'
import type { Measure } from '../report/scoreboard.ts'
import { percentile } from '../report/statistics.ts'
import { killAll, type Scenario, startAll } from '../scenario.ts'

const VALUE_BYTES = 100

type Durability = 'replicated' | 'fsync'

const MEASURES: Readonly<Record<Durability, { readonly median: Measure; readonly tail: Measure }>> = {
  replicated: {
    median: { name: 'page cache, median', unit: 'us', maxRatio: 1 },
    tail: { name: 'page cache, 99th percentile', unit: 'us' },
  },
  fsync: {
    median: { name: 'flushed, median', unit: 'us', maxRatio: 0.9 },
    tail: { name: 'flushed, 99th percentile', unit: 'us' },
  },
}

export const latencyLone: Scenario = {
  name: 'latency-lone',
  title: 'Time to the acknowledgement of one 100-byte record, one request at a time on one connection, acks=all.',
  defaultRuns: 1,
  async run(bench) {
    const batch = batchOf(1, VALUE_BYTES)
    const warmUpRequests = { replicated: bench.isQuick ? 5_000 : 40_000, fsync: bench.isQuick ? 500 : 5_000 }
    const turns = bench.isQuick ? 3 : 15
    const requests = { replicated: 4_000, fsync: bench.isQuick ? 300 : 1_000 }
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      const running = await startAll(bench)
      for (const durability of ['replicated', 'fsync'] as const) {
        const topic = `lone-${durability}`
        for (const { contender, broker, admin } of running) {
          const topics = [{ name: topic, partitions: 1, configs: contender.launcher.topicConfigs[durability] }]
          await admin.createTopics(topics)
          await admin.awaitLeaders(topics)
          await probeLatency({ port: broker.port, topic, acks: -1, batch, requests: warmUpRequests[durability] })
        }
        for (let turn = 0; turn < turns; turn += 1) {
          for (const { contender, broker } of running) {
            const latenciesMs = await probeLatency({ port: broker.port, topic, acks: -1, batch, requests: requests[durability] })
            bench.add(MEASURES[durability].median, contender, percentile(latenciesMs, 0.5) * 1000)
            bench.add(MEASURES[durability].tail, contender, percentile(latenciesMs, 0.99) * 1000)
          }
        }
        const acknowledged = warmUpRequests[durability] + turns * requests[durability]
        for (const { admin } of running) await admin.expectRecords({ name: topic, partitions: 1 }, acknowledged)
      }
      await killAll(running)
    }
  },
}
