/** What it costs to keep offsets: ten groups, each of which commits one offset after the other. */
import { type Caller, openCaller } from '../load/caller.ts'
import { awaitCoordinator, commitOffsets } from '../load/group-calls.ts'
import type { Measure } from '../report/scoreboard.ts'
import { type Cost, costOf, eachRun, type Running, type Scenario, takeTurns } from '../scenario.ts'

const GROUPS = 10
const TOPIC = { name: 'committed', partitions: 1 }

const OFFSETS = '__consumer_offsets'
/** What both brokers have for this topic by default, beside the durability. */
const OFFSETS_CONFIGS = { 'cleanup.policy': 'compact' }

type Durability = 'replicated' | 'fsync'

const CPU: Readonly<Record<Durability, Measure>> = {
  replicated: { name: 'CPU, page cache, warm', unit: 's/100,000 commits', maxRatio: 1 },
  fsync: { name: 'CPU, flushed, warm', unit: 's/100,000 commits', maxRatio: 1 },
}
const WALL: Readonly<Record<Durability, Measure>> = {
  replicated: { name: 'wall time, page cache, warm', unit: 's/100,000 commits', maxRatio: 1 },
  fsync: { name: 'wall time, flushed, warm', unit: 's/100,000 commits', maxRatio: 1 },
}

export const offsetCommits: Scenario = {
  name: 'offset-commits',
  title: 'Ten groups commit one offset at a time each; what coordinators keep stays in the page cache, and is flushed.',
  defaultRuns: 3,
  async run(bench) {
    const commits = bench.isQuick ? 300 : 2_000
    const slicesBeforeWarm = bench.isQuick ? 1 : 6
    const warmSlices = bench.isQuick ? 1 : 4
    await eachRun(bench, async (running) => {
      for (const { admin } of running) {
        await admin.createTopics([TOPIC])
        await admin.awaitLeaders([TOPIC])
      }
      await takeTurns(running, slicesBeforeWarm, async (one) => void (await commitSlice(one, commits)))
      for (const durability of ['replicated', 'fsync'] as const) {
        for (const { admin, contender } of running) {
          await admin.setTopicConfigs(OFFSETS, { ...OFFSETS_CONFIGS, ...contender.launcher.topicConfigs[durability] })
        }
        await takeTurns(running, warmSlices, async (one) => {
          const { cpuSeconds, wallSeconds } = await commitSlice(one, commits)
          const units = (GROUPS * commits) / 100_000
          bench.add(CPU[durability], one.contender, cpuSeconds / units)
          bench.add(WALL[durability], one.contender, wallSeconds / units)
        })
      }
    })
  },
}

async function commitSlice({ broker }: Running, commits: number): Promise<Cost<unknown>> {
  const callers = await Promise.all(Array.from({ length: GROUPS }, () => openCaller(broker.port)))
  await Promise.all(callers.map((caller, index) => awaitCoordinator(caller, `group-${index}`, 'group')))
  // The first commit of a group also waits for its coordinator's topic.
  await Promise.all(callers.map((caller, index) => commitOffsets(caller, `group-${index}`, TOPIC.name, TOPIC.partitions, 0)))
  const commitAll = async (caller: Caller, index: number): Promise<void> => {
    for (let offset = 1; offset <= commits; offset += 1) await commitOffsets(caller, `group-${index}`, TOPIC.name, TOPIC.partitions, offset)
  }
  const cost = await costOf(broker, () => Promise.all(callers.map(commitAll)))
  for (const caller of callers) caller.close()
  return cost
}
