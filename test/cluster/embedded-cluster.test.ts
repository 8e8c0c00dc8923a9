/** Whole clusters in the process of whoever tests with them: quick to come, killed without a word, gone without a trace. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient } from '@millrace/client'
import { type ClusterOptions, type RunningCluster, startCluster } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const QUIET: ClusterOptions = { logLevel: 'silent' }

async function brokersAt(address: string): Promise<readonly number[]> {
  await using client = createClient({ brokers: address })
  return (await client.admin().describeCluster()).brokers.filter(({ isFenced }) => !isFenced).map(({ nodeId }) => nodeId)
}

describe('a cluster of three', () => {
  it('is known to every node as it is when it is handed over', async () => {
    await using cluster = await startCluster(QUIET)
    for (const { address } of cluster.nodes) expect(await brokersAt(address)).toEqual([1, 2, 3])
    expect(cluster.brokers.split(',')).toHaveLength(3)
  })

  it('makes topics whose partitions are led and replicated, wherever it is asked', async () => {
    await using cluster = await startCluster(QUIET)
    for (const { nodeId, address } of cluster.nodes) {
      await using client = createClient({ brokers: address })
      await client.admin().createTopics([{ name: `made-by-${nodeId}`, partitions: 3 }])
      const [topic] = await client.admin().describeTopics([`made-by-${nodeId}`])
      expect(topic?.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3])
      expect(new Set(topic?.partitions.map(({ leaderId }) => leaderId))).toEqual(new Set([1, 2, 3]))
    }
  })

  it.each([1, 2, 3])('goes on when node %i is killed, and takes it back', async (victim) => {
    await using cluster = await startCluster(QUIET)
    const survivor = cluster.node((victim % 3) + 1)
    await cluster.node(victim).kill()
    expect(cluster.node(victim).isRunning).toBe(false)
    await using client = createClient({ brokers: survivor.address })
    await expect.poll(() => brokersAt(survivor.address), { timeout: 4_500 }).not.toContain(victim)
    await client.admin().createTopics([{ name: 'made-by-two', partitions: 1, replicationFactor: 2 }])
    await cluster.node(victim).start()
    await cluster.ready()
    expect(await brokersAt(cluster.node(victim).address)).toEqual([1, 2, 3])
  })

  it('keeps its metadata in memory through the end of all nodes', async () => {
    await using cluster = await startCluster(QUIET)
    await using client = createClient({ brokers: cluster.brokers })
    await client.admin().createTopics([{ name: 'kept', partitions: 2 }])
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await Promise.all(cluster.nodes.map((node) => node.start()))
    expect((await client.admin().describeTopics(['kept']))[0]?.partitions).toHaveLength(2)
  })
})

it('has brokers that are no controllers', async () => {
  await using cluster = await startCluster({ ...QUIET, nodes: 3, controllers: 1 })
  for (const { address } of cluster.nodes) expect(await brokersAt(address)).toEqual([1, 2, 3])
  await cluster.node(3).kill()
  await cluster.node(3).start()
  await cluster.ready()
})

it('lives beside another one', async () => {
  const clusters: RunningCluster[] = await Promise.all([startCluster(QUIET), startCluster(QUIET)])
  const [first, second] = clusters as [RunningCluster, RunningCluster]
  expect(first.clusterId).not.toBe(second.clusterId)
  await first.close()
  expect(await brokersAt(second.node(1).address)).toEqual([1, 2, 3])
  await second.close()
})

it('keeps its data in files, a directory for each node', async () => {
  using directory = temporaryDirectory()
  await using cluster = await startCluster({ ...QUIET, storage: 'file', dataDir: directory.path })
  expect(readdirSync(directory.path)).toEqual(['node-1', 'node-2', 'node-3'])
  await cluster.node(2).kill()
  await cluster.node(2).start()
  await cluster.ready()
})

it.each<[string, ClusterOptions, RegExp]>([
  ['files without a directory', { storage: 'file' }, /options.dataDir: a cluster with files needs a directory/],
  ['no nodes', { nodes: 0 }, /options.nodes: 0 is no number of nodes/],
  ['a config that there is not', { config: { 'num.partition': 3 } }, /num.partitions/],
])('refuses %s', async (_, options, message) => {
  await expect(startCluster({ ...QUIET, ...options })).rejects.toThrow(message)
})

it('leaves nothing that keeps a process alive', async () => {
  const program = `
    import { startCluster } from '@millrace/server'
    {
      await using cluster = await startCluster({ logLevel: 'silent' })
      await cluster.node(1).kill()
    }
    const left = () => process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|PipeWrap|Immediate)$/.test(name))
    // Sockets take some turns of the loop to be gone.
    for (let turn = 0; turn < 1_000 && left().length > 0; turn++) await new Promise((resolve) => setImmediate(resolve))
    console.log(left().join() || 'nothing')
  `
  const args = ['--conditions=@millrace/source', '--input-type=module-typescript', '--eval', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 30_000 })
  expect(stderr).toBe('')
  expect(stdout).toBe('nothing\n')
})
