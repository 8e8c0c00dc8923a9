/**
 * The cost of handing records out to consumers that start at offset 0, from the page cache.
 *
 * The topic is filled once and read in turns; the reads before the brokers count as warm are reported as cold.
 */
import { fetchAll } from '../load/fetch-load.ts'
import { fullBatch } from '../load/frames.ts'
import { produceAll } from '../load/produce-load.ts'
import type { Measure } from '../report/scoreboard.ts'
import { killAll, pause, type Scenario, startAll } from '../scenario.ts'

const TOPIC = 'catch-up'
const PARTITIONS = 10
const BATCH_LIMIT_BYTES = 64 * 1024
const VALUE_BYTES = 1024
const FETCH_BYTES = 1024 * 1024
const SETTLE_MS = 3_000
const GB = 1e9

const COLD: Measure = { name: 'CPU, cold (first read)', unit: 's/GB' }

export const catchUpFetch: Scenario = {
  name: 'catch-up-fetch',
  title: 'Broker CPU to serve ten consumers from offset 0 out of the page cache: 1 KiB records, 64 KiB batches, 1 MiB fetches.',
  defaultRuns: 3,
  async run(bench) {
    const { batch, records } = fullBatch(BATCH_LIMIT_BYTES, VALUE_BYTES)
    const batches = Math.ceil((bench.isQuick ? 0.2 * GB : GB) / batch.length / PARTITIONS) * PARTITIONS
    const totalBytes = batches * batch.length
    const readsBeforeWarm = bench.isQuick ? 1 : 6
    const reads = readsBeforeWarm + (bench.isQuick ? 1 : 5)
    const before = `after ${((readsBeforeWarm * totalBytes) / GB).toFixed(1)} GB`
    const warm: Measure = { name: `CPU, ${before}`, unit: 's/GB', maxRatio: 1 }
    const wall: Measure = { name: `wall time, ${before}`, unit: 's/GB' }
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      const running = await startAll(bench)
      for (const { contender, broker, admin } of running) {
        const topics = [{ name: TOPIC, partitions: PARTITIONS, configs: contender.launcher.topicConfigs.replicated }]
        await admin.createTopics(topics)
        await admin.awaitLeaders(topics)
        await produceAll({ port: broker.port, topic: TOPIC, acks: 1, batch, batches, connections: PARTITIONS, depth: 5 })
      }
      await pause(SETTLE_MS)
      for (let read = 0; read < reads; read += 1) {
        for (const { contender, broker } of running) {
          const cpuBefore = broker.cpuSeconds()
          const startMs = performance.now()
          const bytes = await fetchAll({
            port: broker.port,
            topic: TOPIC,
            partitions: PARTITIONS,
            maxBytes: FETCH_BYTES,
            batchBytes: batch.length,
            batchRecords: records,
          })
          const wallSeconds = (performance.now() - startMs) / 1000
          const cpuSeconds = broker.cpuSeconds() - cpuBefore
          if (bytes !== totalBytes) throw new Error(`${broker.name} returned ${bytes} bytes of ${totalBytes}`)
          if (read === 0) bench.add(COLD, contender, cpuSeconds / (bytes / GB))
          if (read < readsBeforeWarm) continue
          bench.add(warm, contender, cpuSeconds / (bytes / GB))
          bench.add(wall, contender, wallSeconds / (bytes / GB))
        }
      }
      await killAll(running)
    }
  },
}
