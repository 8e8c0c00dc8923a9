/** `millrace topic alter` */
import type { ConfigChange } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { nameAndValue, oneMore, wholeNumber } from '../options/values.ts'

interface AlterOptions extends ClusterOptions {
  readonly partitions?: number
  readonly set?: Readonly<Record<string, string>>
  readonly unset?: readonly string[]
  readonly dryRun?: true
}

export function defineTopicAlter(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('alter')
    .summary('add partitions, set and unset configs')
    .description('Give a topic more partitions, or change its configs one by one.')
    .argument('<name>')
    .option('-p, --partitions <number>', 'how many partitions it is to have in all', wholeNumber(1))
    .option('--set <name=value>', 'set a config; may be given several times', nameAndValue)
    .option('--unset <name>', 'let a config have its default again; may be given several times', oneMore)
    .option('--dry-run', 'only check whether it would work')
  withClusterOptions(command, context, [
    `${invocation} topic alter orders --partitions 24`,
    `${invocation} topic alter orders --set retention.ms=3600000 --unset segment.ms`,
  ]).action((name: string, options: AlterOptions) => alter(name, options, context))
}

async function alter(name: string, options: AlterOptions, { io }: CommandContext): Promise<void> {
  const { partitions } = options
  const validateOnly = options.dryRun ?? false
  const changes = changesOf(options)
  if (partitions === undefined && changes.length === 0) throw new UsageError('nothing to alter: give --partitions, --set or --unset')
  await withClient(options, async (client) => {
    const admin = client.admin()
    if (changes.length > 0) await admin.incrementalAlterConfigs([{ resource: { type: 'topic', name }, changes }], { validateOnly })
    if (partitions !== undefined) await admin.createPartitions([{ topic: name, count: partitions }], { validateOnly })
  })
  if (options.json) await io.stdout.write(`${JSON.stringify({ topic: name, partitions: partitions ?? null, changes })}\n`)
  else await io.stdout.write(`${validateOnly ? 'would alter' : 'altered'} ${name}\n`)
}

function changesOf({ set = {}, unset = [] }: AlterOptions): ConfigChange[] {
  const both = unset.find((name) => set[name] !== undefined)
  if (both !== undefined) throw new UsageError(`${both} is both set and unset`)
  return [
    ...Object.entries(set).map(([name, value]) => ({ name, operation: 'set', value }) as const),
    ...unset.map((name) => ({ name, operation: 'delete' }) as const),
  ]
}
