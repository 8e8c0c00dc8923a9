/** The power goes at each single thing that a controller does to its disk: what was answered is there after it, every time. */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, openLogDirectory } from '@millrace/log'
import { createCompression, crc32c, createMemoryDisk, nodeClock } from '@millrace/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { startController } from './start-controller.ts'
import { CLUSTER_ID, createTopics, joinBroker } from './testing/commands.ts'
import { dyingDisk } from './testing/dying-disk.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { SeededRandom } from './testing/seeded-random.ts'
import { type ClusterNode, endpointOf, TestCluster } from './testing/test-cluster.ts'

const LIVES_PER_STOP = 4

const clusters: TestCluster[] = []

afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close()
})

async function create(cluster: TestCluster, ...names: readonly string[]): Promise<readonly string[]> {
  return cluster.answer(createTopics((await cluster.leader()).port, ...names))
}

/** Starts the node again and again, to die one step later each time, until it lives through `work`. Returns how often it died. */
async function dieAtEachStep(cluster: TestCluster, nodeId: number, work: (node: ClusterNode) => Promise<void>): Promise<number> {
  for (let diesAt = 1; ; diesAt += 1) {
    const disk = dyingDisk(cluster.disk(nodeId), new SeededRandom(diesAt), diesAt)
    try {
      const node = await cluster.startNode(nodeId, disk)
      await work(node)
      if (!disk.isDead) {
        await cluster.stop(nodeId)
        if (!disk.isDead) return diesAt - 1
      } else await cluster.letGo(nodeId)
    } catch (error) {
      if (!disk.isDead) throw error
      if (cluster.nodes.some((node) => node.nodeId === nodeId)) await cluster.letGo(nodeId)
    }
    // Otherwise each start has more to bring in order than the one before, and none lives through it.
    if (diesAt % LIVES_PER_STOP !== 0) continue
    await cluster.startNode(nodeId)
    await cluster.stop(nodeId)
  }
}

describe('a follower that dies at each step', () => {
  it('of storing entries has them in the end', async () => {
    const cluster = await TestCluster.start()
    clusters.push(cluster)
    const { nodeId } = await cluster.follower()
    await cluster.stop(nodeId)
    let round = 0
    const deaths = await dieAtEachStep(cluster, nodeId, async () => {
      expect(await create(cluster, `topic-${round++}`)).toEqual(['NONE'])
      await cluster.clock.pass(300)
    })
    expect(deaths).toBeGreaterThan(20)
    const node = await cluster.startNode(nodeId)
    await cluster.converge()
    expect(node.content).toEqual((await cluster.leader()).content)
    expect(node.topicNames).toHaveLength(round)
  }, 30_000)

  it('of taking over a snapshot in the place of a log that differs has it in the end', async () => {
    const cluster = await TestCluster.start({ snapshotBytes: 400, trailingEntries: 0 })
    clusters.push(cluster)
    const old = await cluster.leader()
    cluster.network.cut(endpointOf(old.nodeId).port)
    createTopics(old.port, 'nobody-heard').catch(() => {})
    await cluster.clock.until(() => cluster.nodes.some((node) => node !== old && node.isActive))
    await cluster.letGo(old.nodeId)
    for (let index = 0; index < 20; index += 1) {
      await create(cluster, `topic-${index}`)
      await cluster.clock.pass(10)
    }
    expect((await cluster.leader()).controller.log.logStartOffset).toBeGreaterThan(5)
    const deaths = await dieAtEachStep(cluster, old.nodeId, async (node) => {
      const { offset } = (await cluster.leader()).image
      await cluster.clock.until(() => node.image.offset >= offset || node.offline.length > 0)
    })
    expect(deaths).toBeGreaterThan(15)
    const node = await cluster.startNode(old.nodeId)
    await cluster.converge()
    expect(node.content).toEqual((await cluster.leader()).content)
    expect(node.topicNames).not.toContain('nobody-heard')
    expect(node.logger.problems().filter((problem) => problem.includes('may have lost'))).toEqual([])
  }, 30_000)
})

describe('a leader that dies at each step', () => {
  it('of deciding loses nothing that was answered', async () => {
    const cluster = await TestCluster.start({ snapshotBytes: 600, trailingEntries: 0 })
    clusters.push(cluster)
    const { nodeId } = cluster.nodes[0] as ClusterNode
    await cluster.stop(nodeId)
    const answered: string[] = []
    let round = 0
    await dieAtEachStep(cluster, nodeId, async (node) => {
      await cluster.clock.until(() => node.controller.quorum.leadership.leaderId !== null || node.offline.length > 0)
      const leader = await cluster.leader()
      if (leader !== node && node.offline.length === 0)
        await cluster.answer(leader.controller.quorum.transferLeadership(nodeId).catch(() => null))
      await cluster.clock.until(() => node.isActive || node.offline.length > 0)
      const name = `topic-${round++}`
      const outcome = await cluster.answer(createTopics(node.port, name)).catch(() => ['lost'])
      if (outcome[0] === 'NONE') answered.push(name)
      await cluster.clock.pass(200)
    })
    await cluster.startNode(nodeId)
    await cluster.converge()
    expect((await cluster.leader()).topicNames).toEqual(expect.arrayContaining(answered))
    for (const node of cluster.nodes) expect(node.content).toEqual((await cluster.leader()).content)
    expect(answered.length).toBeGreaterThan(0)
  }, 60_000)
})

it('a controller that is alone and dies at each step of its life, its first start included, keeps what it answered', async () => {
  const memory = createMemoryDisk({ canLosePower: true })
  const answered: string[] = []
  for (let diesAt = 1; ; diesAt += 1) {
    const disk = dyingDisk(memory, new SeededRandom(diesAt), diesAt)
    const runtime = { clock: nodeClock, random: new SeededRandom(diesAt), disk, logger: new RecordingLogger(), crc32c }
    const settings = DEFAULT_LOG_DIRECTORY_SETTINGS
    const close: (() => Promise<void>)[] = []
    try {
      const directory = {
        runtime: { ...runtime, compression: createCompression() },
        path: '/data',
        nodeId: 1,
        clusterId: CLUSTER_ID,
        settings,
      }
      const logDirectory = await openLogDirectory(directory)
      close.push(() => logDirectory.close())
      const staticConfigs = new Map<string, string>()
      const controller = await startController({
        runtime,
        logDirectory,
        nodeId: 1,
        clusterId: CLUSTER_ID,
        staticConfigs,
        snapshotBytes: 2000,
      })
      close.push(() => controller.close())
      expect([...controller.feed.image().topics].map(({ name }) => name)).toEqual(expect.arrayContaining(answered))
      await joinBroker(controller.port, 1)
      const name = `topic-${diesAt}`
      if ((await createTopics(controller.port, name))[0] === 'NONE') answered.push(name)
    } catch (error) {
      if (!disk.isDead) throw error
    }
    for (const step of close.toReversed()) await step().catch(() => {})
    if (!disk.isDead) break
  }
  expect(answered.length).toBeGreaterThan(5)
}, 30_000)
