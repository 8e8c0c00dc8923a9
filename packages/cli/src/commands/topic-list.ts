/** `millrace topic list` */
import type { TopicView } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { table } from '../output/table.ts'

interface ListOptions extends ClusterOptions {
  readonly internal?: true
}

export function defineTopicList(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('list')
    .summary('list topics')
    .description('List topics, by name.')
    .option('--internal', 'also those that brokers keep for themselves')
  withClusterOptions(command, context, [`${invocation} topic list`, `${invocation} topic list --json | jq -r '.[].name'`]).action(
    (options: ListOptions) => list(options, context),
  )
}

async function list(options: ListOptions, { io, invocation }: CommandContext): Promise<void> {
  const topics = await withClient(options, (client) => client.admin().listTopics({ includeInternal: options.internal ?? false }))
  if (options.json) await io.stdout.write(`${JSON.stringify(topics.map(summaryOf))}\n`)
  else if (topics.length === 0) await io.stderr.write(`there are no topics yet; "${invocation} topic create NAME" makes one\n`)
  else {
    const rows = topics.map(summaryOf).map(({ name, partitions, replicationFactor }) => [name, partitions, replicationFactor])
    await io.stdout.write(table(['TOPIC', 'PARTITIONS', 'REPLICAS'], rows))
  }
}

function summaryOf({ name, topicId, isInternal, partitions }: TopicView) {
  const replicationFactor = Math.max(0, ...partitions.map(({ replicas }) => replicas.length))
  return { name, topicId, isInternal, partitions: partitions.length, replicationFactor }
}
