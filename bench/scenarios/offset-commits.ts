/** What it costs to keep offsets: ten groups, each of which commits one offset after the other. */
import { openCaller } from '../load/caller.ts'
import { awaitCoordinator, commitOffsets } from '../load/group-calls.ts'
import type { Measure } from '../report/scoreboard.ts'
import { killAll, type Running, type Scenario, startAll } from '../scenario.ts'

const GROUPS = 10
const TOPIC = { name: 'committed', partitions: 1 }

const CPU: Measure = { name: 'CPU, warm', unit: 's/100,000 commits', maxRatio: 1 }
const WALL: Measure = { name: 'wall time, warm', unit: 's/100,000 commits' }

export const offsetCommits: Scenario = {
  name: 'offset-commits',
  title: 'Ten groups commit one offset at a time each; both brokers with the durability that they have for offsets by default.',
  defaultRuns: 3,
  async run(bench) {
    const commits = bench.isQuick ? 300 : 2_000
    const slicesBeforeWarm = bench.isQuick ? 1 : 6
    const warmSlices = bench.isQuick ? 1 : 5
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      const running = await startAll(bench)
      for (const { admin } of running) {
        await admin.createTopics([TOPIC])
        await admin.awaitLeaders([TOPIC])
      }
      for (let slice = 0; slice < slicesBeforeWarm + warmSlices; slice += 1) {
        for (const one of running) {
          const { cpuSeconds, wallSeconds } = await commitSlice(one, commits)
          if (slice < slicesBeforeWarm) continue
          const units = (GROUPS * commits) / 100_000
          bench.add(CPU, one.contender, cpuSeconds / units)
          bench.add(WALL, one.contender, wallSeconds / units)
        }
      }
      await killAll(running)
    }
  },
}

async function commitSlice({ broker }: Running, commits: number) {
  const callers = await Promise.all(Array.from({ length: GROUPS }, () => openCaller(broker.port)))
  await Promise.all(callers.map((caller, index) => awaitCoordinator(caller, `group-${index}`, 'group')))
  // The first commit of a group also waits for its coordinator's topic.
  await Promise.all(callers.map((caller, index) => commitOffsets(caller, `group-${index}`, TOPIC.name, TOPIC.partitions, 0)))
  const cpuBefore = broker.cpuSeconds()
  const startMs = performance.now()
  await Promise.all(
    callers.map(async (caller, index) => {
      for (let offset = 1; offset <= commits; offset += 1)
        await commitOffsets(caller, `group-${index}`, TOPIC.name, TOPIC.partitions, offset)
    }),
  )
  const wallSeconds = (performance.now() - startMs) / 1000
  for (const caller of callers) caller.close()
  return { cpuSeconds: broker.cpuSeconds() - cpuBefore, wallSeconds }
}
