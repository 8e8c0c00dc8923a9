/**
 * Apache Kafka's own tools for clusters, unmodified, against a cluster of ours: topics with replicas, moving partitions, electing
 * leaders, the quorum, features, brokers that are gone. What they print is what operators read.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunningCluster, startCluster } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { kafkaHome } from './apache-kafka.ts'
import { ToolHost } from './tool-host.ts'

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const REASSIGN = 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand'
const ELECT = 'org.apache.kafka.tools.LeaderElectionCommand'
const QUORUM = 'org.apache.kafka.tools.MetadataQuorumCommand'
const FEATURES = 'org.apache.kafka.tools.FeatureCommand'
const CLUSTER = 'org.apache.kafka.tools.ClusterTool'
const TRANSACTIONS = 'org.apache.kafka.tools.TransactionsCommand'

/** Four brokers, of which the first three are controllers: two can be away. */
const NODES = 4
const SLOW_MS = 180_000

describe.skipIf(kafkaHome === null)("Apache Kafka's tools and a cluster", () => {
  let cluster: RunningCluster
  let host: ToolHost
  let directory: TemporaryDirectory

  beforeAll(async () => {
    host = new ToolHost()
    cluster = await startCluster({ nodes: NODES, logLevel: 'silent' })
    directory = temporaryDirectory()
    for (const [topic, ...rest] of [
      ['orders', '--partitions', '2', '--replication-factor', '3'],
      ['moving', '--replica-assignment', '1:2,2:1'],
      // One replica in sync is enough, so that the other is not eligible once it is away.
      ['frail', '--replica-assignment', '3:4', '--config', 'min.insync.replicas=1'],
    ] as const) {
      expect(await run(TOPICS, '--create', '--topic', topic, ...rest)).toMatchObject({ exitCode: 0 })
    }
  }, SLOW_MS)

  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await cluster.close()
    directory[Symbol.dispose]()
  })

  /** The address goes before what the tool is told, or after its verb. */
  async function run(tool: string, ...args: readonly string[]) {
    const bootstrap = ['--bootstrap-server', cluster.node(1).address]
    const { exitCode, lines } = await host.run(tool, tool === CLUSTER ? [...args, ...bootstrap] : [...bootstrap, ...args])
    return { exitCode, text: lines.join('\n') }
  }

  /** Leader, ISR and ELR of each partition, as the tool shows them. */
  async function describeTopic(topic: string): Promise<string[]> {
    const { text } = await run(TOPICS, '--describe', '--topic', topic)
    const shown = text.matchAll(/Partition: (\d+)\tLeader: (\S+)\tReplicas: (\S*)\tIsr: (\S*)\tElr: (\S*)/g)
    return [...shown].map(([, partition, leader, replicas, isr, elr]) => `${partition}: ${leader} of ${replicas}, isr ${isr}, elr ${elr}`)
  }

  it(
    'moves partitions to other brokers, and says when that is done',
    async () => {
      const path = join(directory.path, 'move.json')
      const partitions = [
        { topic: 'moving', partition: 0, replicas: [2, 3] },
        { topic: 'moving', partition: 1, replicas: [4] },
      ]
      await writeFile(path, JSON.stringify({ version: 1, partitions }))
      const started = await run(REASSIGN, '--execute', '--reassignment-json-file', path)
      expect(started.text).toContain('Successfully started partition reassignments for moving-0,moving-1')
      const verify = async (): Promise<string> => (await run(REASSIGN, '--verify', '--reassignment-json-file', path)).text
      await expect.poll(verify, { timeout: SLOW_MS }).not.toContain('is still in progress')
      const verified = await verify()
      expect(verified).toContain('Reassignment of partition moving-0 is completed.')
      expect(verified).toContain('Reassignment of partition moving-1 is completed.')
      expect((await run(REASSIGN, '--list')).text).toContain('No partition reassignments found.')
      expect(await describeTopic('moving')).toEqual(['0: 2 of 2,3, isr 2,3, elr ', '1: 4 of 4, isr 4, elr '])
    },
    SLOW_MS,
  )

  it(
    'shows the quorum: who leads, who votes, how far each is',
    async () => {
      const { text } = await run(QUORUM, 'describe', '--status')
      expect(text).toContain(`ClusterId:              ${cluster.clusterId}`)
      expect(text).toMatch(/LeaderId: +[123]\n/)
      const membersIn = (heading: string): string => text.split('\n').find((line) => line.startsWith(`${heading}:`)) ?? ''
      expect(membersIn('CurrentVoters').match(/"directoryId"/g)).toHaveLength(3)
      expect(membersIn('CurrentVoters').match(/CONTROLLER:\/\/127\.0\.0\.1:\d+/g)).toHaveLength(3)
      expect(membersIn('CurrentObservers').match(/"id": \d+/g)).toEqual(['"id": 4'])
      const replication = await run(QUORUM, 'describe', '--replication')
      expect(replication.text.match(/Leader/g)).toHaveLength(1)
      expect(replication.text.match(/Follower/g)).toHaveLength(2)
      expect(replication.text.match(/Observer/g)).toHaveLength(1)
    },
    SLOW_MS,
  )

  it(
    'shows features and their levels, and changes none that there is not',
    async () => {
      const { text } = await run(FEATURES, 'describe')
      expect(text).toMatch(/millrace\.version +SupportedMinVersion: 1 +SupportedMaxVersion: 1 +FinalizedVersionLevel: 1/)
      expect(await run(FEATURES, 'upgrade', '--feature', 'millrace.version=1')).toMatchObject({ exitCode: 0 })
      const refused = await run(FEATURES, 'upgrade', '--feature', 'millrace.version=2')
      expect(refused).toMatchObject({ exitCode: 1, text: expect.stringContaining('the controller supports 1 to 1') })
    },
    SLOW_MS,
  )

  it(
    'looks for transactions that hang on a broker which leads only some of what it has',
    async () => {
      for (const brokerId of ['1', '2', '3']) {
        const { exitCode, text } = await run(TRANSACTIONS, 'find-hanging', '--broker-id', brokerId)
        expect(text).toMatch(/^Topic\s+Partition\s+ProducerId\s+ProducerEpoch\s+CoordinatorEpoch\s+StartOffset\s.*$/)
        expect(exitCode).toBe(0)
      }
    },
    SLOW_MS,
  )

  it(
    'elects leaders when the preferred ones are back, or at any price',
    async () => {
      await cluster.node(4).stop()
      expect(await describeTopic('frail')).toEqual(['0: 3 of 3,4, isr 3, elr '])
      await cluster.node(3).stop()
      await cluster.node(4).start()
      expect(await describeTopic('frail')).toEqual(['0: none of 3,4, isr , elr 3'])
      const here = ['--topic', 'frail', '--partition', '0']
      const refused = await run(ELECT, '--election-type', 'preferred', ...here)
      expect(refused).toMatchObject({ exitCode: 1, text: expect.stringContaining('PreferredLeaderNotAvailableException') })
      const elected = await run(ELECT, '--election-type', 'unclean', ...here)
      expect(elected).toMatchObject({ exitCode: 0, text: expect.stringContaining('Successfully completed leader election (UNCLEAN)') })
      expect(await describeTopic('frail')).toEqual(['0: 4 of 3,4, isr 4, elr '])
      expect((await run(ELECT, '--election-type', 'unclean', ...here)).text).toContain('Valid replica already elected')
    },
    SLOW_MS,
  )

  it(
    'lists the brokers, and forgets one that is gone',
    async () => {
      expect((await run(CLUSTER, 'cluster-id')).text).toContain(`Cluster ID: ${cluster.clusterId}`)
      expect((await run(CLUSTER, 'unregister', '--id', '3')).text).toContain('Broker 3 is no longer registered.')
      expect(await run(CLUSTER, 'unregister', '--id', '3')).toMatchObject({ exitCode: 1 })
      const { text } = await run(CLUSTER, 'list-endpoints', '--include-fenced-brokers')
      expect([...text.matchAll(/^(\d) /gm)].map(([, id]) => id)).toEqual(['1', '2', '4'])
    },
    SLOW_MS,
  )
})
