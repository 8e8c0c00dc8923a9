/** How long a coordinator's groups wait after its broker was killed: 100,000 offsets are read back before they can be fetched. */
import { openCaller } from '../load/caller.ts'
import { awaitCoordinator, commitOffsets, countOffsets } from '../load/group-calls.ts'
import type { Measure } from '../report/scoreboard.ts'
import { type Bench, type Contender, type Scenario, startOn } from '../scenario.ts'

const GROUPS = 100
const ROUNDS = 3

const START: Measure = { name: 'start after kill -9 to the last of the offsets', unit: 'ms', maxRatio: 1 }
const LOAD: Measure = { name: 'of it, after the first answer', unit: 'ms' }

export const offsetsLoad: Scenario = {
  name: 'offsets-load',
  title: '100 groups with 1,000 committed offsets each, three times over; kill -9, and a start until all of them are fetched.',
  defaultRuns: 3,
  async run(bench) {
    const partitions = bench.isQuick ? 100 : 1_000
    for (let repeat = 0; repeat < bench.runs; repeat += 1) {
      for (const contender of bench.contenders) await measure(bench, contender, partitions)
    }
  },
}

async function measure(bench: Bench, contender: Contender, partitions: number): Promise<void> {
  const topic = { name: 'consumed', partitions }
  const dataDir = bench.newDirectory(contender)
  await contender.launcher.prepare(dataDir, contender.port)
  const before = await startOn(contender, dataDir)
  await before.admin.createTopics([topic])
  await before.admin.awaitLeaders([topic])
  const writer = await openCaller(before.broker.port)
  for (let group = 0; group < GROUPS; group += 1) {
    await awaitCoordinator(writer, `group-${group}`, 'group')
    for (let round = 1; round <= ROUNDS; round += 1) await commitOffsets(writer, `group-${group}`, topic.name, partitions, round)
  }
  writer.close()
  before.admin.close()
  await before.broker.kill()

  const { broker, admin } = await startOn(contender, dataDir)
  const answeredAtMs = performance.now()
  const reader = await openCaller(broker.port)
  for (let group = 0; group < GROUPS; group += 1) {
    const found = await countOffsets(reader, `group-${group}`)
    if (found !== partitions) throw new Error(`group-${group} committed ${partitions} offsets and has ${found}`)
  }
  bench.add(START, contender, performance.now() - broker.startedAtMs)
  bench.add(LOAD, contender, performance.now() - answeredAtMs)
  reader.close()
  admin.close()
  await broker.kill()
}
