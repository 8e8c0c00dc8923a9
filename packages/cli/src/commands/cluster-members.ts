/** `millrace cluster add-controller`, `remove-controller` and `unregister`: who belongs to the cluster. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { CommandContext } from '../context.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { id, wholeNumber } from '../options/values.ts'

interface VoterOptions extends ClusterOptions {
  readonly directoryId: string
}

interface NewVoterOptions extends VoterOptions {
  readonly at: { readonly host: string; readonly port: number }
}

const NODE_ID_MAX = 2147483647
const PORT_MAX = 65535

/** Adds the commands to `cluster`. */
export function defineClusterMembers(cluster: Command, context: CommandContext): void {
  const { io, invocation } = context
  const tell = async (options: ClusterOptions, fields: object, text: string): Promise<void> => {
    await io.stdout.write(options.json ? `${JSON.stringify(fields)}\n` : `${text}\n`)
  }

  const add = cluster
    .command('add-controller <node>')
    .summary('give a controller a vote')
    .description('Give a vote to a controller that runs and was formatted with --no-initial-controllers. It catches up first.')
    .requiredOption('--directory-id <id>', 'of its data directory, as "format" said it', id)
    .requiredOption('--at <host:port>', 'where it listens for other controllers', address)
  withClusterOptions(add, context, [`${invocation} cluster add-controller 4 --directory-id "$DIR4" --at host4:9093`]).action(
    async (node: string, options: NewVoterOptions) => {
      const voter = { nodeId: nodeOf(node), directoryId: options.directoryId, ...options.at }
      await withClient(options, (client) => client.admin().addVoter(voter))
      await tell(options, voter, `controller ${voter.nodeId} votes`)
    },
  )

  const remove = cluster
    .command('remove-controller <node>')
    .summary('take the vote of a controller')
    .description('Take the vote of a controller. It may run, or be gone for good.')
    .requiredOption('--directory-id <id>', 'of its data directory, as "cluster describe" shows it', id)
  withClusterOptions(remove, context, [`${invocation} cluster remove-controller 3 --directory-id "$DIR3"`]).action(
    async (node: string, options: VoterOptions) => {
      const voter = { nodeId: nodeOf(node), directoryId: options.directoryId }
      await withClient(options, (client) => client.admin().removeVoter(voter))
      await tell(options, voter, `controller ${voter.nodeId} votes no more`)
    },
  )

  const unregister = cluster
    .command('unregister <node>')
    .summary('forget a broker that is gone for good')
    .description('Forget a broker that does not run any more and has no replicas. Its id may come back, as a new one.')
  withClusterOptions(unregister, context, [`${invocation} cluster unregister 4`]).action(async (node: string, options: ClusterOptions) => {
    const nodeId = nodeOf(node)
    await withClient(options, (client) => client.admin().unregisterBroker(nodeId))
    await tell(options, { nodeId }, `broker ${nodeId} is forgotten`)
  })
}

const nodeOf = wholeNumber(0, NODE_ID_MAX)

function address(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]\s]+)\]|([^\s:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) >= 1 && Number(port) <= PORT_MAX) return { host, port: Number(port) }
  throw new InvalidArgumentError('It must be host:port.')
}
