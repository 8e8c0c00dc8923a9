/** The last entry of a controller's log is bad: rot of what was durable is told from a write that a crash has torn. */
import { afterEach, describe, expect, it } from 'vitest'
import { METADATA_STORAGE_ERROR_CODES } from './errors.ts'
import { DURABLE_MARK_FILE } from './raft/durable-mark.ts'
import { createTopics } from './testing/commands.ts'
import { type ClusterNode, endpointOf, TestCluster } from './testing/test-cluster.ts'
import {
  appendTo,
  copyOf,
  cutOffLastEntry,
  damage,
  LOG_FILE,
  MAY_HAVE_LOST,
  METADATA_DIRECTORY,
  TestNode,
  TORN,
  truncateFile,
  writeFile,
} from './testing/test-node.ts'

const MARK_PATH = `${METADATA_DIRECTORY}/${DURABLE_MARK_FILE}`

const clusters: TestCluster[] = []

afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close()
})

async function start(): Promise<TestCluster> {
  const cluster = await TestCluster.start()
  clusters.push(cluster)
  return cluster
}

async function create(cluster: TestCluster, name: string): Promise<readonly string[]> {
  return cluster.answer(createTopics((await cluster.leader()).port, name))
}

async function kill(cluster: TestCluster, nodeId: number): Promise<void> {
  cluster.disks.set(nodeId, copyOf(cluster.disk(nodeId)))
  await cluster.letGo(nodeId)
}

/** A follower that acknowledged an entry and was killed at once. */
async function withKilled(): Promise<{ readonly cluster: TestCluster; readonly nodeId: number }> {
  const cluster = await start()
  const { nodeId } = await cluster.follower()
  await create(cluster, 'a')
  await cluster.converge()
  await kill(cluster, nodeId)
  return { cluster, nodeId }
}

async function startAgain(cluster: TestCluster, nodeId: number): Promise<ClusterNode> {
  const node = await cluster.startNode(nodeId)
  await cluster.converge()
  expect(node.content).toEqual((await cluster.leader()).content)
  return node
}

describe('after a kill', () => {
  it('a last entry that has rotted is recovered from the others, and kept aside', async () => {
    const { cluster, nodeId } = await withKilled()
    const disk = cluster.disk(nodeId)
    damage(disk, LOG_FILE, -1)
    const rotten = disk.readFile(LOG_FILE)
    const node = await startAgain(cluster, nodeId)
    expect(node.logger.problems()).toEqual([MAY_HAVE_LOST])
    expect(disk.readFile(`${LOG_FILE}.corrupt`)).toEqual(rotten)
    await cluster.clock.until(() => node.logger.events.some(({ event }) => event === 'this controller has again what it had lost'))
    await cluster.stop(nodeId)
    expect((await startAgain(cluster, nodeId)).logger.problems()).toEqual([])
  })

  it('a committed entry that has rotted is not lost with the vote of a node that never had it', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const [rotting, behind] = cluster.nodes.filter((node) => node !== leader) as [ClusterNode, ClusterNode]
    await cluster.stop(behind.nodeId)
    expect(await create(cluster, 'committed')).toEqual(['NONE'])
    await kill(cluster, rotting.nodeId)
    damage(cluster.disk(rotting.nodeId), LOG_FILE, -1)
    await cluster.stop(leader.nodeId)
    const nodes = [await cluster.startNode(rotting.nodeId), await cluster.startNode(behind.nodeId)]
    await cluster.clock.pass(15_000)
    expect(nodes.map(({ isActive }) => isActive)).toEqual([false, false])
    await startAgain(cluster, leader.nodeId)
    expect((await cluster.leader()).topicNames).toEqual(['committed'])
  })

  it('a log that ends where an entry begins that was acknowledged is incomplete', async () => {
    const { cluster, nodeId } = await withKilled()
    cutOffLastEntry(cluster.disk(nodeId))
    expect((await startAgain(cluster, nodeId)).logger.problems()).toEqual([MAY_HAVE_LOST])
  })

  it.each([
    ['the write that it was in the middle of', 100],
    ['a few bytes of it', 5],
  ])('%s is cut off, and nothing is missing', async (_, length) => {
    const { cluster, nodeId } = await withKilled()
    const disk = cluster.disk(nodeId)
    const whole = disk.readFile(LOG_FILE)
    writeFile(disk, LOG_FILE, Uint8Array.from([...whole, ...whole.subarray(0, length)]))
    damage(disk, LOG_FILE, -1)
    expect((await startAgain(cluster, nodeId)).logger.problems()).toEqual([TORN])
  })

  it('the only controller refuses to start over a last entry that has rotted, each time, and changes nothing', async () => {
    const node = await TestNode.startWithBroker()
    await createTopics(node.port, 'a')
    const disk = copyOf(node.disk)
    await node.close()
    damage(disk, LOG_FILE, -1)
    const before = disk.readFile(LOG_FILE)
    for (let time = 0; time < 2; time += 1) {
      await expect(TestNode.start(disk)).rejects.toMatchObject({ code: METADATA_STORAGE_ERROR_CODES.logCorrupt })
      expect(disk.readFile(LOG_FILE)).toEqual(before)
    }
  })

  it('the only controller cuts off the write that it was in the middle of', async () => {
    const node = await TestNode.startWithBroker()
    await createTopics(node.port, 'a')
    const disk = copyOf(node.disk)
    await node.close()
    appendTo(disk, LOG_FILE, new Uint8Array(90).fill(1))
    const next = await TestNode.start(disk)
    expect(next.logger.problems()).toEqual([TORN])
    expect(next.topicNames).toEqual(['a'])
    await next.close()
  })
})

describe('after a power cut', () => {
  it('a torn write behind an older mark is cut off', async () => {
    const cluster = await start()
    const { nodeId } = await cluster.follower()
    const older = cluster.disk(nodeId).readFile(MARK_PATH)
    await create(cluster, 'a')
    await cluster.converge()
    await cluster.losePower(nodeId)
    const disk = cluster.disk(nodeId)
    writeFile(disk, MARK_PATH, older)
    appendTo(disk, LOG_FILE, new Uint8Array(100).fill(7))
    expect((await startAgain(cluster, nodeId)).logger.problems()).toEqual([TORN])
  })
})

describe('a mark', () => {
  it.each([
    ['that is gone', (path: string, cluster: TestCluster, nodeId: number) => cluster.disk(nodeId).removeFile(path)],
    ['that is empty', (path: string, cluster: TestCluster, nodeId: number) => truncateFile(cluster.disk(nodeId), path, 0)],
    [
      'that is damaged',
      (path: string, cluster: TestCluster, nodeId: number) => writeFile(cluster.disk(nodeId), path, new Uint8Array(9000).fill(9)),
    ],
  ])('%s keeps nobody from starting', async (_, harm) => {
    const { cluster, nodeId } = await withKilled()
    harm(MARK_PATH, cluster, nodeId)
    expect((await startAgain(cluster, nodeId)).logger.problems()).toEqual([])
    await create(cluster, 'b')
    await cluster.converge()
    await kill(cluster, nodeId)
    damage(cluster.disk(nodeId), LOG_FILE, -1)
    expect((await startAgain(cluster, nodeId)).logger.problems()).toEqual([MAY_HAVE_LOST])
  })

  it('that cannot be written is reported, and its controller goes on', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    leader.disk.failNext({ operation: 'write', pathIncludes: DURABLE_MARK_FILE })
    expect(await create(cluster, 'a')).toEqual(['NONE'])
    expect(leader.isActive).toBe(true)
    expect(leader.logger.problems()).toEqual([
      'how far metadata is durable was not noted; should its newest entry rot, that may be taken for a crash',
    ])
  })

  it.each(['kill', 'power cut'])('goes back with a log that differs from the next leader’s: after a %s nothing is missing', async (end) => {
    const cluster = await start()
    const old = await cluster.leader()
    cluster.network.cut(endpointOf(old.nodeId).port)
    for (const name of ['nobody', 'heard', 'of', 'these']) createTopics(old.port, name).catch(() => {})
    await cluster.clock.until(() => cluster.nodes.some((node) => node !== old && node.isActive))
    cluster.network.mend(endpointOf(old.nodeId).port)
    await cluster.converge()
    if (end === 'kill') await kill(cluster, old.nodeId)
    else await cluster.losePower(old.nodeId)
    const node = await startAgain(cluster, old.nodeId)
    expect(node.logger.problems()).toEqual([])
    expect(node.topicNames).toEqual([])
  })
})
