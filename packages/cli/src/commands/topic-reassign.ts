/** `millrace topic reassign` */
import type { OngoingReassignment, Reassignment } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { nodeIds, wholeNumber } from '../options/values.ts'

interface ReassignOptions extends ClusterOptions {
  readonly to?: readonly number[]
  readonly partition?: number
  readonly cancel?: true
}

export function defineTopicReassign(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('reassign')
    .summary('move partitions to other brokers')
    .description(
      'Move the partitions of a topic to other brokers; their leaders are spread over these. Without a topic, show the moves that ' +
        'are going on.',
    )
    .argument('[name]')
    .option('--to <ids>', 'the brokers that shall have each partition, with commas between', nodeIds)
    .option('-p, --partition <number>', 'only this partition, led by the first of the brokers', wholeNumber(0))
    .option('--cancel', 'take back the moves that are going on')
  withClusterOptions(command, context, [
    `${invocation} topic reassign orders --to 2,3,4`,
    `${invocation} topic reassign`,
    `${invocation} topic reassign orders --cancel`,
  ]).action((name: string | undefined, options: ReassignOptions) =>
    name === undefined ? showMoves(options, context) : reassign(name, options, context),
  )
}

async function reassign(name: string, options: ReassignOptions, { io }: CommandContext): Promise<void> {
  const { to, partition } = options
  if ((to === undefined) === (options.cancel === undefined)) throw new UsageError('say where the partitions shall go (--to), or --cancel')
  const begun = await withClient(options, async (client) => {
    const admin = client.admin()
    const wanted = to === undefined ? await movesOf(name) : await partitionsOf(name)
    const chosen = partition === undefined ? wanted : wanted.filter((index) => index === partition)
    if (partition !== undefined && chosen.length === 0) throw new UsageError(`nothing to do for partition ${partition} of "${name}"`)
    const reassignments = chosen.map((index): Reassignment => {
      return { topic: name, partition: index, replicas: to === undefined ? null : rotated(to, partition === undefined ? index : 0) }
    })
    await admin.alterReassignments(reassignments)
    return reassignments

    async function partitionsOf(topic: string): Promise<number[]> {
      const [view] = await admin.describeTopics([topic])
      return view?.partitions.map((each) => each.partition) ?? []
    }

    async function movesOf(topic: string): Promise<number[]> {
      const moves = await admin.listReassignments()
      return moves.filter((move) => move.topic === topic).map((move) => move.partition)
    }
  })
  if (options.json) {
    await io.stdout.write(`${JSON.stringify(begun)}\n`)
    return
  }
  if (begun.length === 0) await io.stdout.write('nothing is being moved\n')
  for (const { topic, partition: index, replicas } of begun) {
    await io.stdout.write(
      replicas === null ? `took back the move of ${topic}-${index}\n` : `moving ${topic}-${index} to ${replicas.join(',')}\n`,
    )
  }
}

async function showMoves(options: ReassignOptions, { io }: CommandContext): Promise<void> {
  if (options.to !== undefined || options.cancel !== undefined || options.partition !== undefined) {
    throw new UsageError('name the topic whose partitions are meant')
  }
  const moves = await withClient(options, (client) => client.admin().listReassignments())
  if (options.json) await io.stdout.write(`${JSON.stringify(moves)}\n`)
  else await io.stdout.write(moves.length === 0 ? 'nothing is being moved\n' : moves.map(moveText).join(''))
}

function moveText({ topic, partition, replicas, adding, removing }: OngoingReassignment): string {
  const parts = [adding.length > 0 ? `adding ${adding.join(',')}` : '', removing.length > 0 ? `removing ${removing.join(',')}` : '']
  return `moving ${topic}-${partition}, on ${replicas.join(',')}: ${parts.filter((part) => part !== '').join(', ')}\n`
}

/** The preferred leaders of successive partitions are successive brokers. */
function rotated(ids: readonly number[], by: number): number[] {
  const start = by % ids.length
  return [...ids.slice(start), ...ids.slice(0, start)]
}
