/** `millrace cluster describe`: who takes part, who decides, and where replicas are missing. */
import { type BrokerView, type Client, createClient, type LogDirDescription } from '@millrace/client'
import type { QuorumReplica, QuorumView, TopicView } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { bytesText, plural } from '../output/quantity.ts'
import { table } from '../output/table.ts'

export function defineClusterDescribe(cluster: Command, context: CommandContext): void {
  const { invocation } = context
  const describe = cluster
    .command('describe')
    .summary('show brokers, controllers, and partitions that lack replicas')
    .description('Show the brokers and controllers of the cluster, and the partitions that have no leader or lack replicas.')
  withClusterOptions(describe, context, [
    `${invocation} cluster describe`,
    `${invocation} cluster describe -b broker-1:9092 --json`,
  ]).action((options: ClusterOptions) => describeCluster(options, context))
}

interface DescribedCluster {
  readonly clusterId: string | null
  readonly brokers: readonly DescribedBroker[]
  /** Null from brokers that do not say, and while no controller leads. */
  readonly quorum: QuorumView | null
  readonly partitionCount: number
  /** Those that have no leader, or fewer in-sync replicas than replicas. */
  readonly unhealthy: readonly UnhealthyPartition[]
}

interface DescribedBroker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
  /** It is the controller that decides. */
  readonly isController: boolean
  /** Partitions. */
  readonly leads: number
  readonly replicas: number
  /** Records that its replicas are behind their leaders, as far as it says; null when it does not answer. */
  readonly lag: number | null
  readonly sizeBytes: number | null
  readonly directories: readonly { readonly path: string; readonly error: string | null; readonly usableBytes: number | null }[]
}

interface UnhealthyPartition {
  readonly topic: string
  readonly partition: number
  readonly leaderId: number | null
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

async function describeCluster(options: ClusterOptions, { io }: CommandContext): Promise<void> {
  const described = await withClient(options, look)
  await io.stdout.write(options.json ? `${JSON.stringify(described)}\n` : textOf(described))
}

async function look(client: Client): Promise<DescribedCluster> {
  const admin = client.admin()
  const [cluster, topics, quorum] = await Promise.all([
    admin.describeCluster(),
    admin.listTopics({ includeInternal: true }),
    admin.describeQuorum().catch(() => null),
  ])
  const partitions = topics.flatMap(partitionsOf)
  const brokers = cluster.brokers.map(async (broker): Promise<DescribedBroker> => {
    const { nodeId } = broker
    // Those that are away are not asked, and one that goes away meanwhile must not keep the rest from being seen.
    const directories = broker.isFenced ? null : await directoriesOf(broker)
    const held = directories?.flatMap((directory) => directory.replicas) ?? []
    return {
      ...broker,
      isController: nodeId === quorum?.leaderId,
      leads: partitions.filter(({ leaderId }) => leaderId === nodeId).length,
      replicas: partitions.filter(({ replicas }) => replicas.includes(nodeId)).length,
      lag: directories === null ? null : knownLag(held),
      sizeBytes: directories === null ? null : held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      directories: (directories ?? []).map(({ path, error, usableBytes }) => ({ path, error: error?.message ?? null, usableBytes })),
    }
  })
  return {
    clusterId: cluster.clusterId,
    brokers: await Promise.all(brokers),
    quorum,
    partitionCount: partitions.length,
    unhealthy: partitions.filter(({ leaderId, replicas, isr }) => leaderId === null || isr.length < replicas.length),
  }
}

/** A replica that follows nobody yet, or whose leader is away, says -1. */
export function knownLag(replicas: readonly { readonly offsetLag: number }[]): number {
  return replicas.reduce((sum, { offsetLag }) => sum + Math.max(0, offsetLag), 0)
}

/** Over a line of its own that waits for nobody: a broker that is gone is not known to be yet. */
async function directoriesOf({ nodeId, host, port }: BrokerView): Promise<readonly LogDirDescription[] | null> {
  const brokers = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const patience = { connectTimeoutMs: PATIENCE_MS, requestTimeoutMs: PATIENCE_MS, retryTimeoutMs: PATIENCE_MS }
  await using client = createClient({ brokers, clientId: 'millrace-cli', ...patience })
  try {
    await client.connect()
    return (await client.admin().describeLogDirs([nodeId]))[0]?.directories ?? null
  } catch {
    return null
  }
}

const PATIENCE_MS = 3_000

function partitionsOf({ name, partitions }: TopicView): UnhealthyPartition[] {
  return partitions.map(({ partition, leaderId, replicas, isr }) => ({ topic: name, partition, leaderId, replicas, isr }))
}

const UNHEALTHY_SHOWN = 20

function textOf({ clusterId, brokers, quorum, partitionCount, unhealthy }: DescribedCluster): string {
  const rows = brokers.map(({ nodeId, host, port, rack, isFenced, leads, replicas, lag, sizeBytes, directories }) => {
    const paths = directories.map(({ path, error }) => (error === null ? path : `${path} (out of use: ${error})`))
    const size = sizeBytes === null ? null : bytesText(sizeBytes)
    return [nodeId, `${host}:${port}`, rack, isFenced ? 'fenced' : 'ready', leads, replicas, lag, size, paths.join(', ')]
  })
  const headings = ['BROKER', 'ADDRESS', 'RACK', 'STATE', 'LEADS', 'REPLICAS', 'LAG', 'SIZE', 'DIRECTORY']
  return [`cluster ${clusterId ?? '-'}\n${table(headings, rows)}`, quorumText(quorum), healthText(partitionCount, unhealthy)].join('\n')
}

function quorumText(quorum: QuorumView | null): string {
  if (quorum === null) return 'no controller leads, or the brokers do not say which\n'
  const { leaderId, leaderEpoch, voters, observers, nodes } = quorum
  const end = Math.max(...voters.map(({ logEndOffset }) => logEndOffset))
  const row = (role: string, { nodeId, directoryId, logEndOffset }: QuorumReplica) => {
    const node = nodes.find((each) => each.nodeId === nodeId)
    const address = node === undefined ? null : `${node.host}:${node.port}`
    return [nodeId, address, nodeId === leaderId ? 'leader' : role, logEndOffset < 0 ? null : end - logEndOffset, directoryId]
  }
  // Brokers follow the metadata too, and have their own table.
  const learners = observers.filter(({ nodeId }) => nodes.some((each) => each.nodeId === nodeId))
  const rows = [...voters.map((each) => row('voter', each)), ...learners.map((each) => row('learner', each))]
  const leader = leaderId === null ? 'none leads' : `${leaderId} leads in epoch ${leaderEpoch}`
  return `controllers: ${leader}\n${table(['CONTROLLER', 'ADDRESS', 'ROLE', 'LAG', 'DIRECTORY ID'], rows)}`
}

function healthText(partitionCount: number, unhealthy: readonly UnhealthyPartition[]): string {
  if (unhealthy.length === 0) return `${plural(partitionCount, 'partition')}, all replicas in sync\n`
  const rows = unhealthy
    .slice(0, UNHEALTHY_SHOWN)
    .map(({ topic, partition, leaderId, replicas, isr }) => [topic, partition, leaderId, replicas.join(','), isr.join(',')])
  const more = unhealthy.length - rows.length
  const rest = more === 0 ? '' : `and ${more} more\n`
  const headings = ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'IN SYNC']
  return `${unhealthy.length} of ${plural(partitionCount, 'partition')} lack replicas or a leader\n${table(headings, rows)}${rest}`
}
