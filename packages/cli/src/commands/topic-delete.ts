/** `millrace topic delete` */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'

interface DeleteOptions extends ClusterOptions {
  readonly ifExists?: true
}

export function defineTopicDelete(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('delete')
    .summary('delete topics with all their records')
    .description('Delete topics with all their records. Nothing brings them back.')
    .argument('<name...>')
    .option('--if-exists', 'do not mind topics that do not exist')
  withClusterOptions(command, context, [
    `${invocation} topic delete orders`,
    `${invocation} topic delete orders payments --if-exists`,
  ]).action((names: string[], options: DeleteOptions) => remove(names, options, context))
}

async function remove(names: readonly string[], options: DeleteOptions, { io }: CommandContext): Promise<void> {
  const deleted = await withClient(options, async (client) => {
    const admin = client.admin()
    const existing = options.ifExists
      ? new Set((await admin.listTopics({ includeInternal: true })).map(({ name }) => name))
      : new Set(names)
    const wanted = names.filter((name) => existing.has(name))
    await admin.deleteTopics(wanted)
    return wanted
  })
  if (options.json) await io.stdout.write(`${JSON.stringify(deleted)}\n`)
  else for (const name of deleted) await io.stdout.write(`deleted ${name}\n`)
}
