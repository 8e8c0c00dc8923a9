/** `millrace start`: a node in this process, until a signal ends it. */
import {
  addressText,
  type Configuration,
  loadConfiguration,
  type RunningNode,
  SETTING_NAMES,
  type SettingName,
  SETTINGS,
  startNode,
} from '@millrace/server'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type PresentationOptions, withPresentationOptions } from '../options/presentation.ts'
import { oneMore } from '../options/values.ts'

type SettingFlags = { readonly [Name in Exclude<SettingName, 'config'>]?: string } & { readonly set?: readonly string[] }

interface StartOptions extends PresentationOptions, SettingFlags {
  /** Path of the configuration file. */
  readonly config?: string
  readonly memory?: true
}

export function defineStart(parent: Command, context: CommandContext): Command {
  const { invocation } = context
  const command = parent.command('start').description('Run a broker, alone or as a node of a cluster, until Ctrl-C or SIGTERM ends it.')
  for (const name of SETTING_NAMES) {
    const { flag, doc, default: byDefault } = SETTINGS[name]
    const option = new Option(flag, withDefault(doc, byDefault))
    command.addOption(name === 'config' ? option.argParser(oneMore) : option)
  }
  command.option('--memory', 'Keep everything in memory; the same as --storage memory.')
  command.option('--config <file>', 'Read settings from this YAML file; flags go before it.')
  withPresentationOptions(command, [
    `${invocation} start`,
    `${invocation} start --port 9192 --data-dir /var/lib/millrace`,
    `${invocation} start --memory --set num.partitions=3`,
    `${invocation} start --config millrace.yaml`,
  ])
  return command.action((options: StartOptions) => start(options, context))
}

function withDefault(doc: string, byDefault: unknown): string {
  return typeof byDefault === 'string' || typeof byDefault === 'number' ? `${doc} (default: ${byDefault})` : doc
}

async function start(options: StartOptions, { io, invocation }: CommandContext): Promise<void> {
  const stopped = new Promise<void>((resolve) => io.onStop(resolve))
  const { configuration } = await loadConfiguration({
    flags: flagsOf(options),
    readFile: (path) => io.readTextFile(path),
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const starting = startNode(configuration)
  // A node may wait long for others. Who ends it meanwhile is not to wait with it; nothing is lost that a crash would not keep.
  const started = await Promise.race([starting, stopped])
  if (started === undefined) return
  await using node = started
  const { nodeId, clusterId, roles, broker, controller, failed } = node
  if (options.json) {
    const storage = configuration.storage === 'memory' ? { storage: 'memory' } : { storage: 'file', dataDir: configuration.dataDir }
    const addresses = { address: addressOrNull(broker), controllerAddress: addressOrNull(controller) }
    await io.stdout.write(`${JSON.stringify({ event: 'ready', ...addresses, nodeId, clusterId, roles, ...storage })}\n`)
  } else await io.stdout.write(`${readyText(node, configuration, invocation)}\n`)
  await Promise.race([stopped, failed])
}

function readyText({ nodeId, broker, controller, roles }: RunningNode, configuration: Configuration, invocation: string): string {
  const where = placeOf(configuration)
  if (broker === null) return `Millrace is ready: controller ${nodeId} on ${addressOrNull(controller)}, ${where}.`
  const address = addressText(broker)
  const brokers = configuration.port === DEFAULT_PORT ? '' : ` -b ${address}`
  const hint = `Try: echo hello | ${invocation} produce greetings${brokers}`
  const isAlone = configuration.controllerQuorumVoters.length === 0
  const role = isAlone ? '' : ` as node ${nodeId} (${roles.join(' and ')})`
  return `Millrace is ready on ${address}${role}, ${where}. ${hint}`
}

function addressOrNull(address: RunningNode['broker']): string | null {
  return address === null ? null : addressText(address)
}

const DEFAULT_PORT = SETTINGS.port.default

function placeOf({ storage, dataDir }: Configuration): string {
  return storage === 'memory' ? 'keeping records in memory' : `with its data in ${dataDir}`
}

function flagsOf(options: StartOptions) {
  const flags: Record<string, string | readonly string[]> = {}
  for (const name of SETTING_NAMES) {
    const given = name === 'config' ? options.set : options[name]
    if (given !== undefined) flags[name] = given
  }
  if (options.memory) {
    if (options.storage !== undefined && options.storage !== 'memory') throw new UsageError('--memory and --storage say different things')
    flags['storage'] = 'memory'
  }
  return flags
}
