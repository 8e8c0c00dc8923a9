/** `millrace format`: makes a data directory ready for its first start in a cluster. */
import { formatNode, type InitialController, type NodeFormat, parseInitialControllers } from '@millrace/server'
import { type Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type PresentationOptions, withPresentationOptions } from '../options/presentation.ts'
import { id, wholeNumber } from '../options/values.ts'

interface FormatOptions extends PresentationOptions {
  readonly clusterId: string
  readonly nodeId: number
  readonly dataDir: string
  readonly standalone?: true
  /** False for `--no-initial-controllers`. */
  readonly initialControllers?: readonly InitialController[] | false
}

const NODE_ID_MAX = 2147483647

export function defineFormat(parent: Command, context: CommandContext): Command {
  const { invocation } = context
  const command = parent
    .command('format')
    .description('Make the data directory of a node ready for its first start in a cluster. What is formatted the same way is left alone.')
    .requiredOption('--cluster-id <id>', 'id of the cluster, the same for all its nodes; "cluster new-id" draws one', id)
    .requiredOption('--node-id <number>', 'id of the node', wholeNumber(0, NODE_ID_MAX))
    .requiredOption('--data-dir <path>', 'its data directory; created when missing')
    .option('--standalone', 'this node is the first and only controller')
    .option('--initial-controllers <list>', 'the first controllers: 1@host:port:directoryId,2@host:port:directoryId', initialControllers)
    .option('--no-initial-controllers', 'this node is a broker only, or a controller that joins a cluster that exists')
  withPresentationOptions(command, [
    `${invocation} format --cluster-id "$ID" --node-id 1 --data-dir /var/lib/millrace --standalone`,
    `${invocation} format --cluster-id "$ID" --node-id 4 --data-dir /var/lib/millrace --no-initial-controllers`,
  ])
  return command.action((options: FormatOptions) => format(options, context))
}

async function format(options: FormatOptions, { io }: CommandContext): Promise<void> {
  const { clusterId, nodeId, dataDir } = options
  const { directoryId } = await formatNode({ clusterId, nodeId, dataDir, controllers: controllersOf(options) })
  if (options.json) await io.stdout.write(`${JSON.stringify({ clusterId, nodeId, directoryId, dataDir })}\n`)
  else await io.stdout.write(`${dataDir} is formatted for node ${nodeId} of cluster ${clusterId}; its directory id is ${directoryId}\n`)
}

function controllersOf({ standalone, initialControllers: initial }: FormatOptions): NodeFormat['controllers'] {
  const isList = Array.isArray(initial)
  const given = [standalone === true, isList, initial === false].filter((isGiven) => isGiven).length
  if (given !== 1) throw new UsageError('give one of --standalone, --initial-controllers and --no-initial-controllers')
  if (standalone) return 'standalone'
  return isList ? (initial as readonly InitialController[]) : 'none'
}

function initialControllers(text: string): readonly InitialController[] {
  const controllers = parseInitialControllers(text)
  if (controllers !== undefined) return controllers
  throw new InvalidArgumentError('It must be a list of controllers, each once, as id@host:port:directoryId with commas between.')
}
