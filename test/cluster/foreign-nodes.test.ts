/** Nodes that do not belong to a cluster, or not twice, are refused by it, say why, and leave nothing behind. */
import { createClient } from '@millrace/client'
import { type BrokerOptions, configurationFor, newId, type RunningCluster, startCluster, startNode } from '@millrace/server'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

async function start(cluster: RunningCluster, dataDir: string, options: BrokerOptions): Promise<void> {
  await using client = createClient({ brokers: cluster.brokers })
  const { nodes } = await client.admin().describeQuorum()
  const controllerQuorumVoters = nodes.filter(({ nodeId }) => nodeId !== options.nodeId)
  const roles = ['broker'] as const
  const common = { port: 0, dataDir, roles, controllerQuorumVoters, clusterId: cluster.clusterId, logLevel: 'silent' as const }
  const node = await startNode(configurationFor({ ...common, ...options }))
  await node.close()
}

it('a broker of another cluster learns at once where it is', { timeout: 30_000 }, async () => {
  using directory = temporaryDirectory()
  await using cluster = await startCluster({ logLevel: 'silent' })
  const clusterId = newId()
  await expect(start(cluster, directory.path, { nodeId: 4, clusterId })).rejects.toMatchObject({
    code: 'ERR_CONTROLLER_OTHER_CLUSTER',
    message: expect.stringMatching(`node 4 belongs to cluster ${clusterId}, and this controller to ${cluster.clusterId}`) as string,
  })
  // The directory is free again.
  await start(cluster, directory.path, { nodeId: 4, clusterId }).catch((error: unknown) =>
    expect(error).toMatchObject({ code: 'ERR_CONTROLLER_OTHER_CLUSTER' }),
  )
})

it('a second process under the id of one that lives does not get in, and the first goes on', { timeout: 60_000 }, async () => {
  using directory = temporaryDirectory()
  await using cluster = await startCluster({ logLevel: 'silent' })
  const config = { 'initial.broker.registration.timeout.ms': 6_000 }
  await expect(start(cluster, directory.path, { nodeId: 2, config })).rejects.toMatchObject({ code: 'ERR_BROKER_START_TIMED_OUT' })
  await using client = createClient({ brokers: cluster.node(2).address })
  const delivery = await client.producer().send({ topic: 'orders', value: 'paid' })
  expect(delivery.offset).toBe(0)
})
