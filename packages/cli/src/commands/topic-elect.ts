/** `millrace topic elect` */
import type { LeaderElection } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { wholeNumber } from '../options/values.ts'

interface ElectOptions extends ClusterOptions {
  readonly partition?: number
  readonly unclean?: true
}

export function defineTopicElect(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('elect')
    .summary('give partitions their preferred leaders')
    .description(
      'Give partitions back to their preferred leaders, of all topics when none is named. With --unclean, give partitions without a ' +
        'leader one that may lack committed records: what it lacks is lost.',
    )
    .argument('[name...]')
    .option('-p, --partition <number>', 'only this partition of the one topic', wholeNumber(0))
    .option('--unclean', 'let replicas lead that may lack committed records')
  withClusterOptions(command, context, [`${invocation} topic elect`, `${invocation} topic elect orders --partition 3 --unclean`]).action(
    (names: string[], options: ElectOptions) => elect(names, options, context),
  )
}

async function elect(names: readonly string[], options: ElectOptions, { io }: CommandContext): Promise<void> {
  const { partition } = options
  if (partition !== undefined && names.length !== 1) throw new UsageError('--partition is for exactly one topic')
  const elections = await withClient(options, async (client) => {
    const admin = client.admin()
    const type = options.unclean === true ? 'unclean' : 'preferred'
    if (names.length === 0) return admin.electLeaders('all', { type })
    const topics = await admin.describeTopics(names)
    const wanted = topics.flatMap((topic) => topic.partitions.map((each) => ({ topic: topic.name, partition: each.partition })))
    return admin.electLeaders(partition === undefined ? wanted : [{ topic: names[0] ?? '', partition }], { type })
  })
  const elected = elections.filter(({ isElected }) => isElected)
  if (options.json) await io.stdout.write(`${JSON.stringify(elections.map(shown))}\n`)
  else if (elected.length === 0) await io.stdout.write('no leader was elected\n')
  else for (const { topic, partition: index } of elected) await io.stdout.write(`elected a leader of ${topic}-${index}\n`)
  const failure = elections.find(({ error }) => error !== null)?.error
  if (failure !== undefined && failure !== null) throw failure
}

function shown({ topic, partition, isElected, error }: LeaderElection) {
  return { topic, partition, isElected, error: error?.message ?? null }
}
