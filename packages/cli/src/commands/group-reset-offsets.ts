/** `millrace group reset-offsets` */
import type { Admin, CommittedOffset, NewOffset, OffsetQuery, PartitionName, StartPosition } from '@millrace/client'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { parseStartPosition } from '../options/start-position.ts'
import { table } from '../output/table.ts'

interface ResetOptions extends ClusterOptions {
  readonly topic?: readonly TopicChoice[]
  readonly to?: StartPosition
  readonly shiftBy?: number
  readonly dryRun?: true
}

interface TopicChoice {
  readonly topic: string
  /** Null for all. */
  readonly partitions: readonly number[] | null
}

interface Reset extends PartitionName {
  readonly from: number | null
  readonly to: number
}

export function defineGroupResetOffsets(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('reset-offsets')
    .summary('have a group read on from elsewhere')
    .description(
      'Have a group that has no members read on from elsewhere: the beginning, the end, an offset, a time, or so many records from where ' +
        'it is. Offsets stay within what the partitions hold. Without --topic, all that the group has committed to.',
    )
    .argument('<name>')
    .addOption(
      new Option('--topic <topic>', 'a topic, or some of its partitions as topic:0,1; may be given several times').argParser(oneMoreTopic),
    )
    .addOption(
      new Option('--to <position>', '"beginning", "end", an offset, or a time such as 2026-01-31T12:00:00Z').argParser(parseStartPosition),
    )
    .addOption(new Option('--shift-by <records>', 'so many records on, or back with "-"').argParser(shift).conflicts('to'))
    .option('--dry-run', 'only show what would be changed')
  withClusterOptions(command, context, [
    `${invocation} group reset-offsets workers --to beginning`,
    `${invocation} group reset-offsets workers --topic orders:0,1 --to 2026-01-31T12:00:00Z --dry-run`,
    `${invocation} group reset-offsets workers --topic orders --shift-by=-100`,
  ]).action((name: string, options: ResetOptions) => reset(name, options, context))
}

async function reset(groupId: string, options: ResetOptions, { io }: CommandContext): Promise<void> {
  const { to, shiftBy } = options
  if (to === undefined && shiftBy === undefined) throw new UsageError('say where to with --to or --shift-by')
  const resets = await withClient(options, async (client) => {
    const admin = client.admin()
    await refuseMembers(admin, groupId)
    const committed = await admin.groupOffsets(groupId)
    const places = await placesOf(admin, groupId, options.topic, committed)
    const planned = await plan(admin, places, committed, to ?? null, shiftBy ?? 0)
    if (!options.dryRun) await admin.alterGroupOffsets(groupId, planned.map(newOffset))
    return planned
  })
  if (options.json) await io.stdout.write(`${JSON.stringify(resets)}\n`)
  else {
    if (options.dryRun) await io.stderr.write('nothing is changed; this is what would be:\n')
    await io.stdout.write(
      table(
        ['TOPIC', 'PARTITION', 'FROM', 'TO'],
        resets.map((each) => [each.topic, each.partition, each.from, each.to]),
      ),
    )
  }
}

function newOffset({ topic, partition, to }: Reset): NewOffset {
  return { topic, partition, offset: to }
}

/** A group that does not exist yet may be given offsets before its first consumer comes. */
async function refuseMembers(admin: Admin, groupId: string): Promise<void> {
  if (!(await admin.listGroups()).some((group) => group.groupId === groupId)) return
  const [group] = await admin.describeGroups([groupId])
  const count = group?.members.length ?? 0
  if (count === 0) return
  throw new UsageError(`group "${groupId}" has ${count} member${count === 1 ? '' : 's'}, who would overwrite it: stop its consumers first`)
}

async function placesOf(
  admin: Admin,
  groupId: string,
  choices: readonly TopicChoice[] | undefined,
  committed: readonly CommittedOffset[],
): Promise<PartitionName[]> {
  if (choices === undefined) {
    if (committed.length > 0) return [...committed]
    throw new UsageError(`group "${groupId}" has not committed anything: name topics with --topic`)
  }
  const views = await admin.describeTopics(choices.map(({ topic }) => topic))
  return views.flatMap(({ name, partitions }, index) => {
    const wanted = choices[index]?.partitions ?? partitions.map(({ partition }) => partition)
    const missing = wanted.find((partition) => partitions[partition] === undefined)
    if (missing !== undefined) throw new UsageError(`topic "${name}" has no partition ${missing}; it has ${partitions.length}`)
    return wanted.map((partition) => ({ topic: name, partition }))
  })
}

async function plan(
  admin: Admin,
  places: readonly PartitionName[],
  committed: readonly CommittedOffset[],
  to: StartPosition | null,
  shiftBy: number,
): Promise<Reset[]> {
  const at = (target: OffsetQuery['target']) => admin.listOffsets(places.map(({ topic, partition }) => ({ topic, partition, target })))
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  const found = typeof to === 'object' && to !== null ? await at(to) : []
  return places.map(({ topic, partition }, index) => {
    const start = starts[index]?.offset ?? 0
    const end = ends[index]?.offset ?? start
    const from = committed.find((entry) => entry.topic === topic && entry.partition === partition)?.offset ?? null
    const wanted = (): number => {
      if (to === null) return (from ?? start) + shiftBy
      if (to === 'earliest') return start
      if (to === 'latest') return end
      // No record is as new as the time: reading begins with the next one.
      return typeof to === 'number' ? to : (found[index]?.offset ?? end)
    }
    return { topic, partition, from, to: Math.min(Math.max(wanted(), start), end) }
  })
}

function oneMoreTopic(text: string, previous: readonly TopicChoice[] | undefined): TopicChoice[] {
  const match = /^([^:]+)(?::(\d{1,9}(?:,\d{1,9})*))?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Write it as topic, or as topic:0,1 for some partitions.')
  const [, topic = '', partitions] = match
  if (previous?.some((choice) => choice.topic === topic)) throw new InvalidArgumentError(`Name "${topic}" once, with all its partitions.`)
  return [...(previous ?? []), { topic, partitions: partitions === undefined ? null : [...new Set(partitions.split(',').map(Number))] }]
}

function shift(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, such as 100 or -100.')
}
