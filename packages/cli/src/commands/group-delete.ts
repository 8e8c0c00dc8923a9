/** `millrace group delete` */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'

interface DeleteOptions extends ClusterOptions {
  readonly ifExists?: true
}

export function defineGroupDelete(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('delete')
    .summary('delete groups that have no members')
    .description('Delete groups that have no members, with all offsets they have committed. Nothing brings them back.')
    .argument('<name...>')
    .option('--if-exists', 'do not mind groups that do not exist')
  withClusterOptions(command, context, [`${invocation} group delete workers`, `${invocation} group delete a b --if-exists`]).action(
    (names: string[], options: DeleteOptions) => remove(names, options, context),
  )
}

async function remove(names: readonly string[], options: DeleteOptions, { io }: CommandContext): Promise<void> {
  const deleted = await withClient(options, async (client) => {
    const admin = client.admin()
    const existing = options.ifExists ? new Set((await admin.listGroups()).map(({ groupId }) => groupId)) : new Set(names)
    const wanted = names.filter((name) => existing.has(name))
    await admin.deleteGroups(wanted)
    return wanted
  })
  if (options.json) await io.stdout.write(`${JSON.stringify(deleted)}\n`)
  else for (const name of deleted) await io.stdout.write(`deleted ${name}\n`)
}
