/** `millrace topic describe` */
import type { Admin, PartitionView, TopicView } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { plural } from '../output/quantity.ts'
import { table } from '../output/table.ts'

export function defineTopicDescribe(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('describe')
    .summary('show partitions, offsets and configs')
    .description('Show the partitions of topics with their offsets, and the configs that were set. All topics when none is named.')
    .argument('[name...]')
  withClusterOptions(command, context, [`${invocation} topic describe orders`, `${invocation} topic describe --json`]).action(
    (names: string[], options: ClusterOptions) => describe(names, options, context),
  )
}

interface DescribedTopic extends Omit<TopicView, 'partitions'> {
  readonly partitions: readonly DescribedPartition[]
  /** Those that were set for this topic. */
  readonly configs: Readonly<Record<string, string | null>>
}

interface DescribedPartition extends PartitionView {
  /** Null while the partition has no leader who could say. */
  readonly startOffset: number | null
  readonly endOffset: number | null
}

async function describe(names: readonly string[], options: ClusterOptions, { io }: CommandContext): Promise<void> {
  const topics = await withClient(options, async (client) => {
    const admin = client.admin()
    const views = names.length === 0 ? await admin.listTopics() : await admin.describeTopics(names)
    return complete(admin, views)
  })
  if (options.json) await io.stdout.write(`${JSON.stringify(topics)}\n`)
  else await io.stdout.write(topics.map(textOf).join('\n'))
}

async function complete(admin: Admin, views: readonly TopicView[]): Promise<DescribedTopic[]> {
  const led = views.flatMap(({ name, partitions }) =>
    partitions.filter(({ leaderId }) => leaderId !== null).map(({ partition }) => ({ topic: name, partition })),
  )
  const [starts, ends, configs] = await Promise.all([
    admin.listOffsets(led.map((place) => ({ ...place, target: 'earliest' }))),
    admin.listOffsets(led.map((place) => ({ ...place, target: 'latest' }))),
    admin.describeConfigs(views.map(({ name }) => ({ type: 'topic', name }))),
  ])
  const places = new Map(led.map(({ topic, partition }, index) => [`${topic} ${partition}`, index]))
  return views.map((view, index) => ({
    ...view,
    partitions: view.partitions.map((partition) => {
      const place = places.get(`${view.name} ${partition.partition}`) ?? -1
      return { ...partition, startOffset: starts[place]?.offset ?? null, endOffset: ends[place]?.offset ?? null }
    }),
    configs: Object.fromEntries((configs[index] ?? []).filter(({ source }) => source === 'topic').map(({ name, value }) => [name, value])),
  }))
}

function textOf({ name, topicId, partitions, configs }: DescribedTopic): string {
  const id = topicId === null ? '' : `, id ${topicId}`
  const set = Object.entries(configs).map(([config, value]) => `  ${config}=${value ?? ''}\n`)
  const rows = partitions.map(({ partition, leaderId, replicas, isr, startOffset, endOffset }) => {
    return [partition, leaderId, replicas.join(','), isr.join(','), startOffset, endOffset]
  })
  const headings = ['  PARTITION', 'LEADER', 'REPLICAS', 'IN SYNC', 'START', 'END']
  return `${name}: ${plural(partitions.length, 'partition')}${id}\n${set.join('')}${table(headings, rows)}`
}
