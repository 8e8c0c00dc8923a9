/** Controllers that serve no clients, and brokers that decide nothing. */
import { join } from 'node:path'
import { createClient } from '@millrace/client'
import { addressText, configurationFor, formatNode, newId, type RunningNode, startNode } from '@millrace/server'
import { expect, it } from 'vitest'
import { CliProcess } from '../integration/cli-process.ts'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

const CONTROLLER_PORT_MIN = 20_000
const CONTROLLER_PORT_RANGE = 10_000

it('make a cluster that outlives its controller and its brokers', { timeout: 90_000 }, async () => {
  using directory = temporaryDirectory()
  const port = CONTROLLER_PORT_MIN + Math.floor(Math.random() * CONTROLLER_PORT_RANGE)
  const clusterId = newId()
  const controllerQuorumVoters = [{ nodeId: 100, host: '127.0.0.1', port }]
  const dataDirOf = (nodeId: number): string => join(directory.path, `node-${nodeId}`)
  const voters = controllerQuorumVoters.map((voter) => ({ ...voter, directoryId: newId() }))
  await formatNode({ dataDir: dataDirOf(100), nodeId: 100, clusterId, controllers: voters })

  const configured = { controllerQuorumVoters, logLevel: 'silent' as const, host: '127.0.0.1', port: 0 }
  const startController = (): Promise<RunningNode> =>
    startNode(configurationFor({ ...configured, nodeId: 100, roles: ['controller'], dataDir: dataDirOf(100) }))
  const startBroker = (nodeId: number): Promise<RunningNode> =>
    // A broker may be given the cluster's id instead of a directory that was formatted.
    startNode(configurationFor({ ...configured, nodeId, roles: ['broker'], dataDir: dataDirOf(nodeId), clusterId }))

  let controller = await startController()
  expect(controller).toMatchObject({ roles: ['controller'], broker: null, controller: { port } })
  await using first = await startBroker(1)
  let second = await startBroker(2)
  expect(first).toMatchObject({ roles: ['broker'], controller: null })

  await using client = createClient({ brokers: addressText(first.broker ?? { host: '', port: 0 }) })
  const admin = client.admin()
  await admin.createTopics([{ name: 'orders', partitions: 1, replicationFactor: 2, configs: { 'min.insync.replicas': 1 } }])
  const producer = client.producer()
  await producer.send({ topic: 'orders', value: 'paid' })

  await controller.close()
  await producer.send({ topic: 'orders', value: 'sent' })
  controller = await startController()
  await second.close()
  await producer.send({ topic: 'orders', value: 'arrived' })
  second = await startBroker(2)
  await expect.poll(async () => (await admin.describeTopics(['orders']))[0]?.partitions[0]?.isr.length, { timeout: 20_000 }).toBe(2)
  await second.close()
  await controller.close()
})

it('a controller alone says where it listens, and ends at a signal', async () => {
  using directory = temporaryDirectory()
  const port = CONTROLLER_PORT_MIN + Math.floor(Math.random() * CONTROLLER_PORT_RANGE)
  const dataDir = join(directory.path, 'data')
  const controllers = [{ nodeId: 1, host: '127.0.0.1', port, directoryId: newId() }]
  await formatNode({ dataDir, nodeId: 1, clusterId: newId(), controllers })
  const voters = ['--controller-quorum-voters', `1@127.0.0.1:${port}`]
  await using command = new CliProcess(['start', '--roles', 'controller', '--data-dir', dataDir, ...voters])
  await command.says(new RegExp(`Millrace is ready: controller 1 on 127\\.0\\.0\\.1:${port}, with its data in `))
  expect(await command.stop()).toMatchObject({ exitCode: 0, stderr: '' })
})
