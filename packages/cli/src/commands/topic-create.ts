/** `millrace topic create` */
import type { Admin, CreatedTopic, NewTopic } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { nameAndValue, wholeNumber } from '../options/values.ts'
import { plural } from '../output/quantity.ts'

interface CreateOptions extends ClusterOptions {
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly set?: Readonly<Record<string, string>>
  readonly ifNotExists?: true
  readonly dryRun?: true
}

export function defineTopicCreate(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('create')
    .summary('create topics')
    .description('Create topics.')
    .argument('<name...>')
    .option('-p, --partitions <number>', "number of partitions (default: the broker's num.partitions)", wholeNumber(1))
    .option('-r, --replication-factor <number>', "replicas of each partition (default: the broker's)", wholeNumber(1))
    .option('--set <name=value>', 'a topic config; may be given several times', nameAndValue)
    .option('--if-not-exists', 'leave topics alone that exist already')
    .option('--dry-run', 'only check whether it would work')
  withClusterOptions(command, context, [
    `${invocation} topic create orders`,
    `${invocation} topic create orders payments --partitions 12 --set retention.ms=86400000`,
    `${invocation} topic create customers --set cleanup.policy=compact`,
  ]).action((names: string[], options: CreateOptions) => create(names, options, context))
}

async function create(names: readonly string[], options: CreateOptions, { io }: CommandContext): Promise<void> {
  const created = await withClient(options, async (client) => {
    const admin = client.admin()
    const missing = options.ifNotExists ? await without(admin, names) : names
    return admin.createTopics(
      missing.map((name) => newTopic(name, options)),
      { validateOnly: options.dryRun ?? false },
    )
  })
  if (options.json) await io.stdout.write(`${JSON.stringify(created)}\n`)
  else for (const topic of created) await io.stdout.write(`${options.dryRun ? 'would create' : 'created'} ${describe(topic)}\n`)
}

function newTopic(name: string, { partitions, replicationFactor, set }: CreateOptions): NewTopic {
  return {
    name,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(set === undefined ? {} : { configs: set }),
  }
}

async function without(admin: Admin, names: readonly string[]): Promise<readonly string[]> {
  const existing = new Set((await admin.listTopics({ includeInternal: true })).map(({ name }) => name))
  return names.filter((name) => !existing.has(name))
}

function describe({ name, partitions, replicationFactor }: CreatedTopic): string {
  if (partitions === null || replicationFactor === null) return name
  return `${name} (${plural(partitions, 'partition')}, replication factor ${replicationFactor})`
}
