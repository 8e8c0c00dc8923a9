/** Three controllers: what elections, failures and restarts do to what was promised. */
import { CONTROLLER_ERROR_CODES } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { createTopics, registration } from './testing/commands.ts'
import { type ClusterNode, endpointOf, TestCluster, type TestClusterOptions } from './testing/test-cluster.ts'

const clusters: TestCluster[] = []

async function start(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await TestCluster.start(options)
  clusters.push(cluster)
  return cluster
}

afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close()
})

async function create(cluster: TestCluster, ...names: readonly string[]): Promise<readonly string[]> {
  const leader = await cluster.leader()
  return cluster.answer(createTopics(leader.port, ...names))
}

function others(cluster: TestCluster, node: ClusterNode): readonly ClusterNode[] {
  return cluster.nodes.filter((other) => other !== node)
}

function expectSame(cluster: TestCluster, topics: readonly string[]): void {
  const [first, ...rest] = cluster.nodes
  expect(first?.topicNames).toEqual(topics)
  for (const node of rest) expect(node.content).toEqual(first?.content)
}

const isNotLeader = expect.objectContaining({ code: CONTROLLER_ERROR_CODES.notLeader })

describe('a cluster', () => {
  it('elects a leader that all know, and shows everywhere what is committed', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    expect(await create(cluster, 'orders')).toEqual(['NONE'])
    await cluster.converge()
    expect(cluster.nodes.filter(({ isActive }) => isActive)).toEqual([leader])
    expect(new Set(cluster.nodes.map(({ controller }) => controller.quorum.leadership.leaderId))).toEqual(new Set([leader.nodeId]))
    expectSame(cluster, ['orders'])
    expect(new Set(leader.image.controllers.keys())).toEqual(new Set([1, 2, 3]))
  })

  it('takes commands at the leader only, and the others say who that is', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    for (const node of others(cluster, leader)) {
      await expect(node.port.registerBroker(registration(1))).rejects.toMatchObject({
        code: CONTROLLER_ERROR_CODES.notLeader,
        message: expect.stringContaining(`controller ${leader.nodeId}`),
      })
    }
  })

  it('has another leader within two seconds of losing one, and lost nothing', async () => {
    const cluster = await start()
    await create(cluster, 'before')
    const lost = await cluster.leader()
    const since = cluster.clock.now()
    await cluster.losePower(lost.nodeId)
    const next = await cluster.leader()
    expect(cluster.clock.now() - since).toBeLessThan(2000)
    expect(next.topicNames).toEqual(['before'])
    await create(cluster, 'after')
    await cluster.startNode(lost.nodeId)
    await cluster.converge()
    expectSame(cluster, ['after', 'before'])
  })

  it('decides nothing without a majority, and everything again with one', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    for (const { nodeId } of others(cluster, leader)) cluster.network.cut(endpointOf(nodeId).port)
    await expect(cluster.answer(createTopics(leader.port, 'lonely'))).rejects.toEqual(isNotLeader)
    expect(leader.isActive).toBe(false)
    expect(leader.topicNames).toEqual([])
    cluster.network.heal()
    await cluster.leader()
    await cluster.converge()
    expect(['NONE', 'TOPIC_ALREADY_EXISTS']).toContain((await create(cluster, 'lonely'))[0])
    await cluster.converge()
    expectSame(cluster, ['lonely'])
  })

  it('takes back what a leader wrote for itself alone', async () => {
    const cluster = await start()
    const old = await cluster.leader()
    cluster.network.cut(endpointOf(old.nodeId).port)
    const lost = expect(cluster.answer(createTopics(old.port, 'nobody-heard'))).rejects.toEqual(isNotLeader)
    await cluster.clock.until(() => others(cluster, old).some(({ isActive }) => isActive))
    const next = others(cluster, old).find(({ isActive }) => isActive) as ClusterNode
    expect(await cluster.answer(createTopics(next.port, 'majority'))).toEqual(['NONE'])
    await lost
    cluster.network.heal()
    await cluster.converge()
    expectSame(cluster, ['majority'])
    expect(old.logger.problems()).not.toContain('the controller failed; it takes part in nothing until it is restarted')
  })

  it('stands still over a restart of all, and goes on with all that was answered', async () => {
    const cluster = await start()
    await create(cluster, 'a', 'b')
    for (const { nodeId } of cluster.nodes) await cluster.stop(nodeId)
    await cluster.startAll()
    await cluster.leader()
    await create(cluster, 'c')
    await cluster.converge()
    expectSame(cluster, ['a', 'b', 'c'])
  })

  it('hands over when its leader stops in good order, without waiting for anybody to miss it', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const since = cluster.clock.now()
    await cluster.stop(leader.nodeId)
    await cluster.leader()
    expect(cluster.clock.now() - since).toBeLessThan(500)
  })

  it('gives its lead to the controller that it is told to', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const wanted = others(cluster, leader)[1] as ClusterNode
    expect(await cluster.answer(leader.controller.quorum.transferLeadership(wanted.nodeId))).toMatchObject({ errorCode: 0 })
    await cluster.clock.until(() => wanted.isActive)
    expect(errorName((await leader.controller.quorum.transferLeadership(9)).errorCode)).toBe('VOTER_NOT_FOUND')
  })

  it('does not blame its leader for a pause of the whole process', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const { epoch } = leader.controller.quorum.leadership
    for (let count = 0; count < 5; count += 1) {
      cluster.clock.jump(5000)
      await cluster.clock.pass(300)
    }
    expect(leader.isActive).toBe(true)
    expect(leader.controller.quorum.leadership.epoch).toBe(epoch)
  })
})

describe('a controller far behind', () => {
  /** Snapshots come often, and nothing is kept for followers that are a little behind. */
  async function withOneBehind(): Promise<{ cluster: TestCluster; behind: number }> {
    const cluster = await start({ snapshotBytes: 500, trailingEntries: 0 })
    const leader = await cluster.leader()
    const behind = (others(cluster, leader)[0] as ClusterNode).nodeId
    await cluster.stop(behind)
    for (let index = 0; index < 30; index += 1) {
      await create(cluster, `topic-${String(index).padStart(2, '0')}`)
      await cluster.clock.pass(10)
    }
    expect((await cluster.leader()).controller.log.logStartOffset).toBeGreaterThan(5)
    return { cluster, behind }
  }

  it('is given a snapshot, and its listeners one change', async () => {
    const { cluster, behind } = await withOneBehind()
    const node = await cluster.startNode(behind)
    const told: number[] = []
    node.controller.feed.subscribe((_, delta) => void told.push(delta.topics.size))
    await cluster.converge()
    expectSame(cluster, (await cluster.leader()).topicNames)
    expect(Math.max(...told)).toBeGreaterThan(5)
    await cluster.stop(behind)
    await cluster.startNode(behind)
    await cluster.converge()
    expectSame(cluster, (await cluster.leader()).topicNames)
  })

  it('takes up the snapshot anew when a piece of it came damaged', async () => {
    const { cluster, behind } = await withOneBehind()
    let isDamaged = false
    cluster.network.filter = (message) => {
      if (message.type !== 'snapshot-request' || isDamaged) return true
      isDamaged = true
      message.data[message.data.length - 1] = (message.data.at(-1) ?? 0) ^ 1
      return true
    }
    const node = await cluster.startNode(behind)
    await cluster.converge()
    expect(isDamaged).toBe(true)
    expect(node.logger.problems()).toContain('a snapshot that was received is damaged; it is asked for again')
    expectSame(cluster, (await cluster.leader()).topicNames)
  })

  it.each(Array.from({ length: 12 }, (_, seed) => seed))('survives power cuts while it catches up (seed %i)', async (seed) => {
    const { cluster, behind } = await withOneBehind()
    for (let cut = 0; cut < 4; cut += 1) {
      await cluster.startNode(behind)
      await cluster.clock.pass(10 * ((seed * 7 + cut * 3) % 40))
      await cluster.losePower(behind)
    }
    const node = await cluster.startNode(behind)
    await cluster.converge()
    expectSame(cluster, (await cluster.leader()).topicNames)
    await cluster.clock.until(() => node.controller.quorum.leadership.leaderId !== null)
  })
})

describe('the voters', () => {
  const toVoter = (cluster: TestCluster, nodeId: number) => ({
    nodeId,
    directoryId: cluster.directoryIds.get(nodeId) ?? '',
    ...endpointOf(nodeId),
  })

  it('become one more when a controller is added that has caught up', async () => {
    const cluster = await start()
    await create(cluster, 'before')
    await cluster.prepare(4)
    await cluster.formatNode(4, [])
    const added = await cluster.startNode(4)
    const leader = await cluster.leader()
    expect(added.logger.problems()).toContain('this controller has no vote; it waits until it is given one')
    expect(leader.logger.problems()).not.toContain('this controller has no vote; it waits until it is given one')
    expect(await cluster.answer(leader.port.addVoter(toVoter(cluster, 4)))).toMatchObject({ errorCode: 0 })
    await cluster.converge()
    expectSame(cluster, ['before'])
    expect(leader.controller.quorum.describe().voters.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3, 4])
    expect(errorName((await cluster.answer(leader.port.addVoter(toVoter(cluster, 4)))).errorCode)).toBe('DUPLICATE_VOTER')
  })

  it('become one less, and who is left decides without it', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const [removed, left] = others(cluster, leader) as [ClusterNode, ClusterNode]
    expect(await cluster.answer(leader.port.removeVoter(toVoter(cluster, removed.nodeId)))).toMatchObject({ errorCode: 0 })
    await cluster.losePower(removed.nodeId)
    expect(await create(cluster, 'without-it')).toEqual(['NONE'])
    await cluster.converge()
    expect(left.topicNames).toEqual(['without-it'])
    const again = await cluster.answer(leader.port.removeVoter(toVoter(cluster, removed.nodeId)))
    expect(errorName(again.errorCode)).toBe('VOTER_NOT_FOUND')
  })

  it('may lose the leader itself', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const removed = cluster.answer(leader.port.removeVoter(toVoter(cluster, leader.nodeId)))
    expect(await removed).toMatchObject({ errorCode: 0 })
    await cluster.stop(leader.nodeId)
    expect(await create(cluster, 'later')).toEqual(['NONE'])
  })

  it('do not become one that is not there, and it may be asked again', async () => {
    const cluster = await start()
    await cluster.prepare(4)
    await cluster.formatNode(4, [])
    const leader = await cluster.leader()
    const outcome = await cluster.answer(leader.port.addVoter(toVoter(cluster, 4)), 60_000)
    expect(outcome).toMatchObject({ errorMessage: expect.stringMatching(/has not caught up in 30 s/) })
    expect(leader.isActive).toBe(true)
    await cluster.startNode(4)
    expect(await cluster.answer(leader.port.addVoter(toVoter(cluster, 4)))).toMatchObject({ errorCode: 0 })
  })

  it('are described with how far they are', async () => {
    const cluster = await start()
    await create(cluster, 'orders')
    await cluster.converge()
    await cluster.clock.pass(300)
    const leader = await cluster.leader()
    const { leaderId, highWatermark, voters, nodes } = leader.controller.quorum.describe()
    expect(leaderId).toBe(leader.nodeId)
    expect(highWatermark).toBe(leader.image.offset + 1)
    expect(voters.map(({ logEndOffset }) => logEndOffset)).toEqual([highWatermark, highWatermark, highWatermark])
    expect(voters.every(({ lastFetchMs, lastCaughtUpMs }) => lastFetchMs > 0 && lastCaughtUpMs > 0)).toBe(true)
    expect(nodes).toContainEqual({ nodeId: 2, ...endpointOf(2) })
  })
})
