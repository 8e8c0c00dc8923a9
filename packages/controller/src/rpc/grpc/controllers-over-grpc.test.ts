/** All of it together: three controllers over loopback, and a node that is none, before and after the active one is gone. */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory } from '@millrace/log'
import { imageRecords } from '@millrace/metadata'
import { createCompression, crc32c, createMemoryDisk, nodeClock, nodeRandom, silentLogger } from '@millrace/runtime'
import { afterEach, expect, it, vi } from 'vitest'
import { formatMetadataDirectory } from '../../shell/raft/format.ts'
import { toRaftId } from '../../shell/raft/voter-id.ts'
import { type RunningController, startController } from '../../shell/start-controller.ts'
import { CLUSTER_ID, codes, createTopics, heartbeat, newTopic, registration } from '../../shell/testing/commands.ts'
import { ControllerClient } from '../controller-client.ts'
import { LocalControllerService } from '../local-controller-service.ts'
import { startMetadataObserver } from '../start-metadata-observer.ts'
import { type ControllerServer, openControllerServer } from './controller-server.ts'
import { openGrpcConnector } from './grpc-controller-channel.ts'

const HOST = '127.0.0.1'
const logger = silentLogger

interface Node {
  readonly nodeId: number
  readonly logDirectory: LogDirectory
  readonly server: ControllerServer
  readonly runtime: ReturnType<typeof runtimeOf>
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function runtimeOf() {
  return { clock: nodeClock, random: nodeRandom, disk: createMemoryDisk(), logger, crc32c, compression: createCompression() }
}

async function openNode(nodeId: number): Promise<Node> {
  const runtime = runtimeOf()
  const logDirectory = await openLogDirectory({
    runtime,
    path: '/data',
    nodeId,
    clusterId: CLUSTER_ID,
    settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
  })
  closers.push(() => logDirectory.close())
  const { directoryId } = logDirectory
  const server = await openControllerServer({
    runtime,
    host: HOST,
    port: 0,
    clusterId: CLUSTER_ID,
    raftId: toRaftId({ nodeId, directoryId }),
  })
  closers.push(() => server.close())
  return { nodeId, logDirectory, server, runtime }
}

const endpointOf = ({ nodeId, server }: Node) => ({ nodeId, host: HOST, port: server.port })

async function startCluster(nodes: readonly Node[]): Promise<readonly RunningController[]> {
  const voters = nodes.map((node) => ({ ...endpointOf(node), directoryId: node.logDirectory.directoryId }))
  return Promise.all(
    nodes.map(async ({ nodeId, logDirectory, server, runtime }) => {
      await formatMetadataDirectory({ runtime, logDirectory, nodeId, clusterId: CLUSTER_ID, voters })
      const peers = { transport: server.raftTransport, configured: nodes.map(endpointOf) }
      const controller = await startController({ runtime, logDirectory, nodeId, clusterId: CLUSTER_ID, staticConfigs: new Map(), peers })
      closers.push(() => controller.close())
      const { feed, quorum, log, port } = controller
      const service = new LocalControllerService({
        controller: port,
        feed,
        log,
        leadership: () => quorum.leadership,
        endpointOf: (id) => quorum.endpointOf(id),
        onBrokerDisconnected: controller.onBrokerDisconnected,
        onMetadataApplied: controller.onMetadataApplied,
        clock: nodeClock,
        crc32c,
      })
      controller.subscribeLeadership((leadership) => service.onLeadership(leadership))
      closers.push(async () => service.close())
      server.serve(service)
      return controller
    }),
  )
}

it('commands are carried out and seen, also by the next active controller when the first is gone', { timeout: 30_000 }, async () => {
  const nodes = [await openNode(1), await openNode(2), await openNode(3)]
  const bootstrap = nodes.map(endpointOf)
  const controllers = await startCluster(nodes)
  const observing = runtimeOf()
  const observedDirectory = await openLogDirectory({
    runtime: observing,
    path: '/data',
    nodeId: 9,
    clusterId: CLUSTER_ID,
    settings: DEFAULT_LOG_DIRECTORY_SETTINGS,
  })
  closers.push(() => observedDirectory.close())
  const connector = await openGrpcConnector({ clock: nodeClock })
  const observer = await startMetadataObserver({
    runtime: observing,
    logDirectory: observedDirectory,
    nodeId: 9,
    clusterId: CLUSTER_ID,
    connector,
    bootstrap,
    onAlarm: (error) => {
      throw error
    },
  })
  closers.push(() => observer.close())
  const { feed } = observer
  const client = new ControllerClient({ nodeId: 9, local: null, connector, bootstrap, feed, clock: nodeClock, random: nodeRandom, logger })
  closers.push(() => client.close())

  const { brokerEpoch } = await client.registerBroker(registration(9))
  await vi.waitFor(async () => {
    const outcome = await client.heartbeat(heartbeat(9, brokerEpoch, { metadataOffset: feed.image().offset }))
    expect(outcome).toMatchObject({ errorCode: 0, isFenced: false })
  }, 5_000)
  const asked = performance.now()
  expect(await createTopics(client, 'before')).toEqual(['NONE'])
  // The controller waited until the broker said over its line that it knows of the topic, and not until the time was up.
  expect(performance.now() - asked).toBeLessThan(900)
  // What was answered is there to be seen, at once.
  expect([...feed.image().topics].map(({ name }) => name)).toEqual(['before'])

  const active = controllers.findIndex(({ quorum }) => quorum.leadership.isActive)
  await nodes[active]?.server.close()
  const began = performance.now()
  const created = await client.createTopics({ topics: [newTopic('after')], validateOnly: false })
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(codes(created)).toEqual(['NONE'])
  expect([...feed.image().topics].map(({ name }) => name).sort()).toEqual(['after', 'before'])

  const others = controllers.filter((_, index) => index !== active)
  const content = [...imageRecords(feed.image())]
  await vi.waitFor(() => {
    for (const { feed: own } of others) expect([...imageRecords(own.image())]).toEqual(content)
  }, 5_000)
})
