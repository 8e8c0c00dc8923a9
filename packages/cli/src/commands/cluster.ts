/** `millrace cluster ...` */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { defineClusterDescribe } from './cluster-describe.ts'
import { defineLocalCluster } from './cluster-local.ts'
import { defineClusterMembers } from './cluster-members.ts'

export function defineCluster(parent: Command, context: CommandContext): Command {
  const description = 'Look at a cluster, or run one of several processes on this machine.'
  const cluster = parent.command('cluster').description(description).helpOption('-h, --help', 'show this help')
  defineClusterDescribe(cluster, context)
  defineLocalCluster(cluster, context)
  defineClusterMembers(cluster, context)
  cluster
    .command('new-id')
    .summary('draw an id for a cluster or a directory')
    .description('Draw an id for a new cluster, or for the data directory of one of its first controllers.')
    .helpOption('-h, --help', 'show this help')
    .action(async () => {
      const { newId } = await import('@millrace/server')
      await context.io.stdout.write(`${newId()}\n`)
    })
  return cluster
}
