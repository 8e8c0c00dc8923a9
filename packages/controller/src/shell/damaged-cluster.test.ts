/** One of several controllers with a disk that is not as it left it: each thing that can be wrong has its answer. */
import { CONTROLLER_ERROR_CODES } from '@millrace/metadata'
import { crc32c, createMemoryDisk, DISK_ERROR_CODES, type MemoryDisk } from '@millrace/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { METADATA_STORAGE_ERROR_CODES } from './errors.ts'
import { VOTE_FILE, VoteFile } from './raft/vote-file.ts'
import { createTopics } from './testing/commands.ts'
import { type ClusterNode, TestCluster, type TestClusterOptions } from './testing/test-cluster.ts'
import {
  appendTo,
  cutOffLastEntry,
  damage,
  LOG_FILE,
  MAY_HAVE_LOST,
  METADATA_DIRECTORY,
  metadataFiles,
  TORN,
  truncateFile,
  writeFile,
} from './testing/test-node.ts'

const VOTE_PATH = `${METADATA_DIRECTORY}/${VOTE_FILE}`

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

/** A follower, stopped in good order, that had three topics. */
async function withStopped(options: TestClusterOptions = {}): Promise<{ readonly cluster: TestCluster; readonly nodeId: number }> {
  const cluster = await start(options)
  await create(cluster, 'a')
  await create(cluster, 'b')
  await create(cluster, 'c')
  await cluster.converge()
  const { nodeId } = await cluster.follower()
  // So that what is known to be durable is written down.
  await cluster.clock.pass(1500)
  await cluster.stop(nodeId)
  return { cluster, nodeId }
}

/** As a crash leaves it when the newest snapshot is there and the log that it takes the place of is being removed. */
async function interruptInstallation(disk: MemoryDisk): Promise<void> {
  for (const path of metadataFiles(disk, '.log')) truncateFile(disk, path, 0)
  const newest = metadataFiles(disk, '.checkpoint').at(-1) as string
  const installingIndex = Number(/(\d+)-\d+\.checkpoint$/.exec(newest)?.[1])
  const voteFile = await VoteFile.open(disk, VOTE_PATH, crc32c)
  await voteFile.write({ ...voteFile.state, installingIndex })
  voteFile.close()
}

async function expectRecovered(cluster: TestCluster, nodeId: number): Promise<void> {
  const node = await cluster.startNode(nodeId)
  expect(node.logger.problems()).toContain(MAY_HAVE_LOST)
  await cluster.converge()
  await cluster.clock.until(() => node.logger.events.some(({ event }) => event === 'this controller has again what it had lost'))
  expect(node.content).toEqual((await cluster.leader()).content)
  await cluster.stop(nodeId)
  const again = await cluster.startNode(nodeId)
  await cluster.converge()
  expect(again.logger.problems()).toEqual([])
}

describe('a log', () => {
  it('that is damaged in the middle is kept aside from there on, and its node recovers what it lost', async () => {
    const { cluster, nodeId } = await withStopped()
    const before = cluster.disk(nodeId).readFile(LOG_FILE)
    const middle = before.length >> 1
    damage(cluster.disk(nodeId), LOG_FILE, middle)
    await expectRecovered(cluster, nodeId)
    const kept = cluster.disk(nodeId).readFile(`${LOG_FILE}.corrupt`)
    expect(kept.length).toBe(before.length)
    expect(kept[middle]).toBe((before[middle] as number) ^ 1)
  })

  it('that ends at the border of an entry too early shows nothing else, and its node recovers', async () => {
    const { cluster, nodeId } = await withStopped()
    cutOffLastEntry(cluster.disk(nodeId))
    await expectRecovered(cluster, nodeId)
  })

  it('that lost its end after a start put a snapshot in its place is recovered as well', async () => {
    const { cluster, nodeId } = await withStopped({ snapshotBytes: 500, trailingEntries: 0 })
    const disk = cluster.disk(nodeId)
    await interruptInstallation(disk)
    const node = await cluster.startNode(nodeId)
    await cluster.converge()
    expect(node.logger.problems()).toEqual([])
    // So that what is known to be durable is written down.
    await cluster.clock.pass(1500)
    await cluster.stop(nodeId)
    for (const path of metadataFiles(disk, '.log')) truncateFile(disk, path, 0)
    await expectRecovered(cluster, nodeId)
  })

  it('that is gone as a whole is recovered as well', async () => {
    const { cluster, nodeId } = await withStopped()
    truncateFile(cluster.disk(nodeId), LOG_FILE, 0)
    await expectRecovered(cluster, nodeId)
  })

  it('is cut where the power went during a write, and nothing is missing', async () => {
    const cluster = await start()
    const { nodeId } = await cluster.follower()
    await create(cluster, 'a')
    await cluster.converge()
    await cluster.losePower(nodeId)
    const disk = cluster.disk(nodeId)
    const { length } = disk.readFile(LOG_FILE)
    appendTo(disk, LOG_FILE, new Uint8Array(100).fill(7))
    const node = await cluster.startNode(nodeId)
    expect(node.logger.problems()).toEqual([TORN])
    await cluster.converge()
    expect(disk.readFile(LOG_FILE).length).toBeGreaterThanOrEqual(length)
    expect(node.content).toEqual((await cluster.leader()).content)
  })
})

describe('a node that lacks what it acknowledged', () => {
  it('does not help to elect another that lacks it too', async () => {
    const { cluster, nodeId } = await withStopped()
    truncateFile(cluster.disk(nodeId), LOG_FILE, 0)
    const leader = await cluster.leader()
    const other = cluster.nodes.find((each) => each !== leader) as ClusterNode
    await cluster.stop(leader.nodeId)
    const node = await cluster.startNode(nodeId)
    // One sound voter and one that is not: together they are two of three, and must not lead.
    await cluster.clock.pass(15_000)
    expect([node.isActive, other.isActive]).toEqual([false, false])
    expect(node.logger.problems().some((problem) => problem.includes('no leader is there to give it again'))).toBe(true)
    await cluster.startNode(leader.nodeId)
    await cluster.converge()
    expect(node.topicNames).toEqual(['a', 'b', 'c'])
  })
})

describe('a vote file', () => {
  it.each([
    ['without a whole copy', METADATA_STORAGE_ERROR_CODES.voteLost, (disk, path) => writeFile(disk, path, new Uint8Array(16384))],
    ['that is gone', METADATA_STORAGE_ERROR_CODES.voteLost, (disk, path) => disk.removeFile(path)],
  ] satisfies [string, string, (disk: MemoryDisk, path: string) => void][])(
    '%s keeps its node from voting, and the others go on',
    async (_, code, harm) => {
      const { cluster, nodeId } = await withStopped()
      harm(cluster.disk(nodeId), VOTE_PATH)
      const before = cluster.disk(nodeId).readFile(LOG_FILE)
      await expect(cluster.startNode(nodeId)).rejects.toMatchObject({ name: 'MetadataStorageError', code })
      expect(cluster.disk(nodeId).readFile(LOG_FILE)).toEqual(before)
      expect(await create(cluster, 'd')).toEqual(['NONE'])
    },
  )

  it('with one bad copy changes nothing', async () => {
    const { cluster, nodeId } = await withStopped()
    damage(cluster.disk(nodeId), VOTE_PATH, 20)
    const node = await cluster.startNode(nodeId)
    await cluster.converge()
    expect(node.logger.problems()).toEqual([])
  })
})

describe('a directory', () => {
  it('that was copied from another node is refused, by name', async () => {
    const { cluster, nodeId } = await withStopped()
    const other = cluster.nodes[0] as ClusterNode
    writeFile(cluster.disk(nodeId), VOTE_PATH, other.disk.readFile(VOTE_PATH))
    await expect(cluster.startNode(nodeId)).rejects.toMatchObject({
      code: METADATA_STORAGE_ERROR_CODES.otherNode,
      message: expect.stringContaining(`is that of node ${other.nodeId}, this is node ${nodeId}`),
    })
  })

  it('whose identity was made anew is refused, by name', async () => {
    const { cluster, nodeId } = await withStopped()
    const disk = cluster.disk(nodeId)
    const properties = new TextDecoder().decode(disk.readFile('/data/meta.properties'))
    writeFile(
      disk,
      '/data/meta.properties',
      new TextEncoder().encode(properties.replace(/directory\.id=.*/, 'directory.id=AAAAAAAAAAAAAAAAAAAACQ')),
    )
    await expect(cluster.startNode(nodeId)).rejects.toMatchObject({ code: METADATA_STORAGE_ERROR_CODES.otherDirectory })
  })

  it('that was wiped is not formatted by itself', async () => {
    const { cluster, nodeId } = await withStopped()
    cluster.disks.set(nodeId, createMemoryDisk({ canLosePower: true }))
    await expect(cluster.startNode(nodeId)).rejects.toMatchObject({
      code: METADATA_STORAGE_ERROR_CODES.notFormatted,
      message: expect.stringContaining('millrace format'),
    })
  })

  it('that is formatted is not formatted again', async () => {
    const { cluster, nodeId } = await withStopped()
    await expect(cluster.formatNode(nodeId, [])).rejects.toMatchObject({ code: METADATA_STORAGE_ERROR_CODES.formatted })
    await cluster.startNode(nodeId)
    await cluster.converge()
  })
})

describe('a snapshot', () => {
  it('that is damaged, with the one before it and the log, loses nothing', async () => {
    const { cluster, nodeId } = await withStopped({ snapshotBytes: 500, trailingEntries: 0 })
    const [older, newest] = metadataFiles(cluster.disk(nodeId), '.checkpoint')
    expect(older).toBeDefined()
    damage(cluster.disk(nodeId), newest as string, -1)
    const node = await cluster.startNode(nodeId)
    await cluster.converge()
    expect(node.logger.problems()).toEqual(['a metadata snapshot is damaged; the one before it and the log are used'])
    expect(node.content).toEqual((await cluster.leader()).content)
  })

  it('that is damaged with all others makes its node begin from nothing and recover', async () => {
    const { cluster, nodeId } = await withStopped({ snapshotBytes: 200, trailingEntries: 0 })
    const disk = cluster.disk(nodeId)
    for (const path of metadataFiles(disk, '.checkpoint')) damage(disk, path, -1)
    const node = await cluster.startNode(nodeId)
    await cluster.converge()
    expect(node.content).toEqual((await cluster.leader()).content)
    expect(metadataFiles(disk, '.damaged').length).toBe(2)
  })
})

describe('a disk', () => {
  it('that fails a flush takes its controller out for good, and the others go on', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    leader.disk.failNext({ operation: 'sync', pathIncludes: '.log' })
    await expect(cluster.answer(createTopics(leader.port, 'in-flight'))).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.offline })
    expect(leader.offline).toHaveLength(1)
    await expect(createTopics(leader.port, 'later')).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.offline })
    await cluster.clock.until(() => cluster.nodes.some((node) => node !== leader && node.isActive))
    const next = await cluster.leader()
    expect(next).not.toBe(leader)
    expect(await cluster.answer(createTopics(next.port, 'elsewhere'))).toEqual(['NONE'])
  })

  it('that fails the write of a vote takes its controller out as well', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    const others = cluster.nodes.filter((node) => node !== leader)
    const [failing] = others as [ClusterNode]
    failing.disk.failNext({ operation: 'sync', pathIncludes: VOTE_FILE })
    await cluster.losePower(leader.nodeId)
    await cluster.clock.until(() => failing.offline.length === 1)
    await cluster.startNode(leader.nodeId)
    expect(await create(cluster, 'after')).toEqual(['NONE'])
    expect(failing.isActive).toBe(false)
  })

  it('that is full at a follower lets the others go on, and is caught up when there is room', async () => {
    const cluster = await start()
    const full = await cluster.follower()
    full.disk.setCapacity(full.disk.usedBytes)
    expect(await create(cluster, 'a')).toEqual(['NONE'])
    await cluster.clock.pass(1000)
    expect(full.topicNames).toEqual([])
    expect(full.logger.problems()).toEqual(['metadata cannot be stored for want of room; it is tried again until there is some'])
    full.disk.setCapacity(Number.POSITIVE_INFINITY)
    await cluster.converge()
    expect(full.topicNames).toEqual(['a'])
    expect(full.offline).toEqual([])
  })

  it('that is full at the leader refuses what is new, and makes it hand over to one that has room', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    leader.disk.setCapacity(leader.disk.usedBytes + 1000)
    await expect(cluster.answer(createTopics(leader.port, 'a'))).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.storage })
    await cluster.clock.until(() => !leader.isActive)
    expect(await create(cluster, 'a')).toEqual(['NONE'])
    leader.disk.setCapacity(Number.POSITIVE_INFINITY)
    await cluster.converge()
    expect(leader.topicNames).toEqual(['a'])
  })

  it('that is found full by a write at the leader makes it hand over, and what was begun is done', async () => {
    const cluster = await start()
    const leader = await cluster.leader()
    leader.disk.failNext({ operation: 'write', pathIncludes: '.log', code: DISK_ERROR_CODES.full })
    expect(await cluster.answer(createTopics(leader.port, 'a'))).toEqual(['NONE'])
    expect(leader.isActive).toBe(false)
    await cluster.converge()
    expect(leader.topicNames).toEqual(['a'])
  })
})

describe('power cuts of all at once', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))('lose nothing that was answered (seed %i)', async (seed) => {
    const cluster = await start({ seed, snapshotBytes: 400, trailingEntries: 0 })
    const answered: string[] = []
    for (let round = 0; round < 6; round += 1) {
      for (let index = 0; index < 3; index += 1) {
        const name = `topic-${round}-${index}`
        if ((await create(cluster, name))[0] === 'NONE') answered.push(name)
      }
      const leader = await cluster.leader()
      // One more is on its way.
      createTopics(leader.port, `topic-${round}-lost`).catch(() => {})
      for (let turn = 0; turn < (seed + round) % 9; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      await Promise.all(cluster.nodes.map(({ nodeId }) => cluster.losePower(nodeId)))
      await cluster.startAll()
      const next = await cluster.leader()
      await cluster.converge()
      expect(next.topicNames).toEqual(expect.arrayContaining(answered))
      for (const node of cluster.nodes) expect(node.content).toEqual(next.content)
    }
  })
})
