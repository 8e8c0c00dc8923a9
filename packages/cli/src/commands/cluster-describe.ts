/** `millrace cluster describe`: who takes part, and how it goes. */
import type { BrokerLogDirs, ClusterDescription } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { bytesText } from '../output/quantity.ts'
import { table } from '../output/table.ts'

export function defineClusterDescribe(cluster: Command, context: CommandContext): void {
  const { invocation } = context
  const describe = cluster
    .command('describe')
    .summary('show brokers, controller and disk use')
    .description('Show the brokers of the cluster, which of them is the controller, and how much they store.')
  withClusterOptions(describe, context, [
    `${invocation} cluster describe`,
    `${invocation} cluster describe -b broker-1:9092 --json`,
  ]).action((options: ClusterOptions) => describeCluster(options, context))
}

interface DescribedBroker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isController: boolean
  readonly replicas: number
  readonly sizeBytes: number
  readonly directories: readonly { readonly path: string; readonly error: string | null; readonly usableBytes: number | null }[]
}

async function describeCluster(options: ClusterOptions, { io }: CommandContext): Promise<void> {
  const { cluster, logDirs } = await withClient(options, async (client) => {
    const admin = client.admin()
    const [description, directories] = await Promise.all([admin.describeCluster(), admin.describeLogDirs()])
    return { cluster: description, logDirs: directories }
  })
  const { clusterId, controllerId } = cluster
  const brokers = brokersOf(cluster, logDirs)
  if (options.json) {
    await io.stdout.write(`${JSON.stringify({ clusterId, controllerId, brokers })}\n`)
    return
  }
  const rows = brokers.map(({ nodeId, host, port, rack, isController, replicas, sizeBytes, directories }) => {
    const paths = directories.map(({ path, error }) => (error === null ? path : `${path} (out of use: ${error})`))
    return [nodeId, `${host}:${port}`, rack, isController ? 'controller' : '', replicas, bytesText(sizeBytes), paths.join(', ')]
  })
  const headings = ['BROKER', 'ADDRESS', 'RACK', 'ROLE', 'REPLICAS', 'SIZE', 'DIRECTORY']
  await io.stdout.write(`cluster ${clusterId ?? '-'}\n${table(headings, rows)}`)
}

function brokersOf({ brokers, controllerId }: ClusterDescription, logDirs: readonly BrokerLogDirs[]): DescribedBroker[] {
  return brokers.map(({ nodeId, host, port, rack }) => {
    const directories = logDirs.find((entry) => entry.nodeId === nodeId)?.directories ?? []
    const replicas = directories.flatMap((directory) => directory.replicas)
    return {
      nodeId,
      host,
      port,
      rack,
      isController: nodeId === controllerId,
      replicas: replicas.length,
      sizeBytes: replicas.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      directories: directories.map(({ path, error, usableBytes }) => ({ path, error: error?.message ?? null, usableBytes })),
    }
  })
}
