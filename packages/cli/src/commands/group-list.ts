/** `millrace group list` */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { table } from '../output/table.ts'

export function defineGroupList(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent.command('list').summary('list groups').description('List consumer groups, by name.')
  withClusterOptions(command, context, [`${invocation} group list`, `${invocation} group list --json | jq -r '.[].groupId'`]).action(
    (options: ClusterOptions) => list(options, context),
  )
}

async function list(options: ClusterOptions, { io }: CommandContext): Promise<void> {
  const groups = await withClient(options, (client) => client.admin().listGroups())
  if (options.json) await io.stdout.write(`${JSON.stringify(groups)}\n`)
  else if (groups.length === 0) await io.stderr.write('there are no groups yet; a consumer with a group id makes one\n')
  else {
    const rows = groups.map(({ groupId, type, state, protocolType }) => [groupId, type, state, protocolType === '' ? null : protocolType])
    await io.stdout.write(table(['GROUP', 'TYPE', 'STATE', 'PROTOCOL'], rows))
  }
}
