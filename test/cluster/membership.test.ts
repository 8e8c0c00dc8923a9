/** Nodes come to a cluster that runs, and leave it: as docs/operations.md says it is done. */
import { join } from 'node:path'
import { createClient } from '@millrace/client'
import { configurationFor, formatNode, type RunningCluster, type RunningNode, startCluster, startNode } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { millrace } from '../integration/cli-process.ts'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

const TEST_TIMEOUT_MS = 90_000
const CONTROLLER_PORT_MIN = 20_000
const CONTROLLER_PORT_RANGE = 10_000

async function call(cluster: RunningCluster, ...words: readonly string[]) {
  const { exitCode, stdout, stderr } = await millrace(['cluster', ...words, '-b', cluster.brokers, '--json'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout) as {
    readonly brokers: readonly { readonly nodeId: number; readonly isFenced: boolean }[]
    readonly quorum: {
      readonly leaderId: number
      readonly voters: readonly { readonly nodeId: number; readonly directoryId: string }[]
      readonly nodes: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
    }
  }
}

/** Where the controllers are, as a new node's configuration names them. */
async function votersOf(cluster: RunningCluster) {
  return (await call(cluster, 'describe')).quorum.nodes.map(({ nodeId, host, port }) => ({ nodeId, host, port }))
}

async function formatted(cluster: RunningCluster, dataDir: string, nodeId: number) {
  return formatNode({ dataDir, nodeId, clusterId: cluster.clusterId, controllers: 'none' })
}

describe('a broker', { timeout: TEST_TIMEOUT_MS }, () => {
  it('joins, gets partitions, loses them again, stops and is forgotten', async () => {
    using directory = temporaryDirectory()
    const dataDir = join(directory.path, 'node-4')
    await using cluster = await startCluster({ logLevel: 'silent' })
    await using client = createClient({ brokers: cluster.brokers })
    const admin = client.admin()
    await admin.createTopics([{ name: 'orders', assignments: [[1, 2, 3]] }])
    await client.producer().send({ topic: 'orders', value: 'paid' })

    await formatted(cluster, dataDir, 4)
    const controllerQuorumVoters = await votersOf(cluster)
    const options = { nodeId: 4, port: 0, dataDir, roles: ['broker'] as const, controllerQuorumVoters, logLevel: 'silent' as const }
    const broker = await startNode(configurationFor(options))
    expect((await call(cluster, 'describe')).brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3, 4])

    const replicas = async () => (await admin.describeTopics(['orders']))[0]?.partitions[0]
    await admin.alterReassignments([{ topic: 'orders', partition: 0, replicas: [4, 1, 2] }])
    await expect
      .poll(replicas, { timeout: 20_000 })
      .toMatchObject({ replicas: [4, 1, 2], isr: expect.arrayContaining([1, 2, 4]) as number[] })
    await admin.alterReassignments([{ topic: 'orders', partition: 0, replicas: [1, 2, 3] }])
    await expect.poll(async () => (await replicas())?.replicas, { timeout: 20_000 }).toEqual([1, 2, 3])

    await broker.close()
    await expect.poll(async () => (await call(cluster, 'describe')).brokers[3]?.isFenced, { timeout: 20_000 }).toBe(true)
    await call(cluster, 'unregister', '4')
    expect((await call(cluster, 'describe')).brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3])
  })
})

describe('a controller', { timeout: TEST_TIMEOUT_MS }, () => {
  it('takes the place of one that is gone for good', async () => {
    using directory = temporaryDirectory()
    const dataDir = join(directory.path, 'node-4')
    await using cluster = await startCluster({ logLevel: 'silent' })
    const { quorum } = await call(cluster, 'describe')
    const lost = quorum.voters.find(({ nodeId }) => nodeId === 3)
    await cluster.node(3).kill()
    await call(cluster, 'remove-controller', '3', '--directory-id', lost?.directoryId ?? '')

    const { directoryId } = await formatted(cluster, dataDir, 4)
    const port = CONTROLLER_PORT_MIN + Math.floor(Math.random() * CONTROLLER_PORT_RANGE)
    const controllerQuorumVoters = [...(await votersOf(cluster)), { nodeId: 4, host: '127.0.0.1', port }]
    // Its broker follows what its controller has, which nobody sends it before it is added.
    const starting: Promise<RunningNode> = startNode(
      configurationFor({ nodeId: 4, port: 0, dataDir, controllerQuorumVoters, logLevel: 'silent' }),
    )
    await call(cluster, 'add-controller', '4', '--directory-id', directoryId, '--at', `127.0.0.1:${port}`)
    await using node = await starting
    expect((await call(cluster, 'describe')).quorum.voters.map(({ nodeId }) => nodeId)).toEqual([1, 2, 4])

    // Two of the three that vote now are a majority, whichever they are.
    await cluster.node(1).kill()
    await using client = createClient({ brokers: `${cluster.node(2).address},${node.broker?.host}:${node.broker?.port}` })
    await client.admin().createTopics([{ name: 'made-by-the-new-majority', partitions: 1, replicationFactor: 1 }])
    await cluster.node(1).start()
  })
})
