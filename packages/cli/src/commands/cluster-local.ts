/** `millrace cluster up`, `down`, `status`, `kill`, `start`, `logs` and `restart`: a cluster of processes on this machine. */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { NODES_MAX } from '../local-cluster/cluster-plan.ts'
import type { LocalCluster, NodeStatus } from '../local-cluster/local-cluster.ts'
import { type PresentationOptions, withPresentationOptions } from '../options/presentation.ts'
import { nameAndValue, wholeNumber } from '../options/values.ts'
import { table } from '../output/table.ts'

interface LocalOptions extends PresentationOptions {
  readonly data: string
}

interface UpOptions extends LocalOptions {
  readonly nodes?: number
  readonly basePort?: number
  readonly set?: Readonly<Record<string, string>>
}

interface LogsOptions extends LocalOptions {
  readonly follow?: true
}

const DEFAULT_DIRECTORY = './cluster-data'
const PORT_MAX = 65535
const FOLLOW_INTERVAL_MS = 200

/** Adds the commands to `cluster`. */
export function defineLocalCluster(cluster: Command, context: CommandContext): void {
  const { io, invocation } = context
  const define = (words: string, summary: string, description: string, examples: readonly string[] = []): Command => {
    const command = cluster.command(words).summary(summary).description(description)
    command.option('--data <directory>', 'where the cluster on this machine lives', DEFAULT_DIRECTORY)
    return withPresentationOptions(command, [`${invocation} cluster ${words.replace('<node>', '2')}`, ...examples])
  }

  define(
    'up',
    'start a cluster on this machine',
    'Make a cluster of processes on this machine if there is none, start what does not run, and wait.',
    [`${invocation} cluster up --nodes 5 --base-port 9192 --data /tmp/five`, `${invocation} cluster up --set min.insync.replicas=1`],
  )
    .option('--nodes <count>', 'how many nodes a new cluster has (default: 3)', wholeNumber(1, NODES_MAX))
    .option('--base-port <number>', 'port of node 1; node N is N - 1 above (default: 9092)', wholeNumber(1, PORT_MAX - NODES_MAX))
    .option('--set <name=value>', "one of Kafka's broker configs for all nodes; may be given several times", nameAndValue)
    .action(async (options: UpOptions) => {
      const { nodes, basePort, set: config = {} } = options
      const local = await open(options, context)
      const status = await local.up({ config, ...(nodes === undefined ? {} : { nodes }), ...(basePort === undefined ? {} : { basePort }) })
      await show(status, options, context)
      if (!options.json) await io.stdout.write(`ready. Try: echo hello | ${invocation} produce greetings -b ${local.bootstrap()}\n`)
    })

  define('down', 'stop the cluster on this machine', 'Stop all nodes in good order. Their data stays.').action(
    async (options: LocalOptions) => {
      const local = await open(options, context)
      await local.down()
      await show(await local.status(), options, context)
    },
  )

  define('status', 'show the nodes on this machine', 'Show address, process and state of each node.').action(
    async (options: LocalOptions) => {
      await show(await (await open(options, context)).status(), options, context)
    },
  )

  define('kill <node>', 'kill a node with signal 9', 'End the process of a node as a crash would end it.').action(
    async (node: string, options: LocalOptions) => {
      const nodeId = nodeOf(node)
      const pid = await (await open(options, context)).kill(nodeId)
      if (options.json) await io.stdout.write(`${JSON.stringify({ nodeId, pid })}\n`)
      else await io.stdout.write(`node ${nodeId}: process ${pid} is killed\n`)
    },
  )

  define('start <node>', 'start a node again', 'Start a node that does not run, and wait until it takes part.').action(
    async (node: string, options: LocalOptions) => {
      const local = await open(options, context)
      await local.start(nodeOf(node))
      await show(await local.status(), options, context)
    },
  )

  define('restart', 'restart all nodes, one after the other', 'Restart one node after the other without making clients fail.').action(
    async (options: LocalOptions) => {
      const local = await open(options, context)
      await local.restart()
      await show(await local.status(), options, context)
    },
  )

  define('logs <node>', 'show what a node says', 'Show what a node has written to its log.', [`${invocation} cluster logs 2 --follow`])
    .option('-F, --follow', 'go on with what it writes from now on, until Ctrl-C')
    .action(async (node: string, options: LogsOptions) => logs((await open(options, context)).logPath(nodeOf(node)), options, context))
}

const wholeNode = wholeNumber(1, NODES_MAX)

function nodeOf(text: string): number {
  return wholeNode(text)
}

async function open({ data, json }: LocalOptions, { io }: CommandContext): Promise<LocalCluster> {
  const [{ LocalCluster: Local }, { createNodeMachine }, { clientProbe }, { formatNode, newId, parseInitialControllers }] =
    await Promise.all([
      import('../local-cluster/local-cluster.ts'),
      import('../process/node-machine.ts'),
      import('../local-cluster/cluster-probe.ts'),
      import('@millrace/server'),
    ])
  return new Local(data, {
    machine: createNodeMachine(),
    probe: clientProbe,
    newId,
    async format({ dataDir, clusterId, nodeId, initialControllers }) {
      const controllers = initialControllers === null ? 'none' : (parseInitialControllers(initialControllers) ?? 'none')
      await formatNode({ dataDir, clusterId, nodeId, controllers })
    },
    async tell(line) {
      if (!json) await io.stderr.write(`${line}\n`)
    },
  })
}

async function show(status: readonly NodeStatus[], { json }: LocalOptions, { io }: CommandContext): Promise<void> {
  if (json) {
    await io.stdout.write(`${JSON.stringify(status)}\n`)
    return
  }
  const rows = status.map(({ nodeId, address, pid, state }) => [nodeId, address, pid, state])
  await io.stdout.write(table(['NODE', 'ADDRESS', 'PID', 'STATE'], rows))
}

async function logs(path: string, { follow }: LogsOptions, { io }: CommandContext): Promise<void> {
  const { createNodeMachine } = await import('../process/node-machine.ts')
  const machine = createNodeMachine()
  let position = 0
  let isStopped = false
  const forgets = [io.onStop(() => (isStopped = true)), io.stdout.onClosed(() => (isStopped = true))]
  do {
    if (machine.sizeOf(path) > position) {
      const bytes = machine.readFrom(path, position)
      position += bytes.length
      await io.stdout.write(bytes)
    } else if (follow) await machine.wait(FOLLOW_INTERVAL_MS)
  } while (follow && !isStopped)
  for (const forget of forgets) forget()
}
