/** `millrace group describe` */
import type { Admin, GroupDescription } from '@millrace/client'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { diagnose, type Evidence, type Finding, type OpenTransaction } from '../groups/diagnosis.ts'
import { groupProgress, type PartitionProgress } from '../groups/group-progress.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { wholeNumber } from '../options/values.ts'
import { countText, plural } from '../output/quantity.ts'
import { table } from '../output/table.ts'

interface DescribeOptions extends ClusterOptions {
  /** Seconds. */
  readonly observe?: number
}

export function defineGroupDescribe(parent: Command, context: CommandContext): void {
  const { invocation } = context
  const command = parent
    .command('describe')
    .summary('show members, offsets and lag, and why a group may not be moving')
    .description('Show the members of groups, how far they have read, and what may keep them from moving. All groups when none is named.')
    .argument('[name...]')
    .option('--observe <seconds>', 'look twice, with so much time between, and tell what stood still', wholeNumber(1, 3_600))
  withClusterOptions(command, context, [
    `${invocation} group describe workers`,
    `${invocation} group describe workers --observe 10`,
    `${invocation} group describe --json`,
  ]).action((names: string[], options: DescribeOptions) => describe(names, options, context))
}

interface DescribedGroup extends GroupDescription {
  readonly partitions: readonly PartitionProgress[]
  readonly findings: readonly Finding[]
}

async function describe(names: readonly string[], options: DescribeOptions, { io }: CommandContext): Promise<void> {
  const groups = await withClient(options, async (client) => {
    const admin = client.admin()
    const ids = names.length === 0 ? (await admin.listGroups()).map(({ groupId }) => groupId) : names
    const first = await examine(admin, ids, null)
    if (options.observe === undefined) return first
    if (!options.json) await io.stderr.write(`looking again in ${options.observe} s\n`)
    await io.sleep(options.observe * 1_000)
    return examine(admin, ids, { seconds: options.observe, groups: first })
  })
  if (options.json) await io.stdout.write(`${JSON.stringify(groups)}\n`)
  else if (groups.length === 0) await io.stderr.write('there are no groups yet; a consumer with a group id makes one\n')
  else await io.stdout.write(groups.map(textOf).join('\n'))
}

interface EarlierLook {
  readonly seconds: number
  readonly groups: readonly DescribedGroup[]
}

async function examine(admin: Admin, ids: readonly string[], earlier: EarlierLook | null): Promise<DescribedGroup[]> {
  const groups = await admin.describeGroups(ids)
  const examined: DescribedGroup[] = []
  for (const [index, group] of groups.entries()) {
    const partitions = await groupProgress(admin, group)
    const before = earlier === null ? null : { seconds: earlier.seconds, partitions: earlier.groups[index]?.partitions ?? [] }
    const evidence: Evidence = { group, partitions, openTransactions: await openTransactions(admin, partitions), before }
    examined.push({ ...group, partitions, findings: diagnose(evidence) })
  }
  return examined
}

/** Of the partitions where committed readers stand before one. */
async function openTransactions(admin: Admin, partitions: readonly PartitionProgress[]): Promise<OpenTransaction[]> {
  const held = partitions.filter(({ stableEndOffset, endOffset }) => stableEndOffset !== null && stableEndOffset < (endOffset ?? 0))
  const described = await admin.describeProducers(held.map(({ topic, partition }) => ({ topic, partition })))
  return described.flatMap(({ topic, partition, producers }) =>
    producers
      .filter(({ transactionStartOffset }) => transactionStartOffset !== null)
      .sort((left, right) => (left.transactionStartOffset ?? 0) - (right.transactionStartOffset ?? 0))
      .slice(0, 1)
      .map((producer) => ({ topic, partition, ...producer })),
  )
}

function textOf(group: DescribedGroup): string {
  const { groupId, type, state, assignor, members, coordinatorId, coordinatorAddress, partitions, findings } = group
  const how = assignor === null ? '' : `, assignor ${assignor}`
  const lag = partitions.reduce((sum, partition) => sum + (partition.lag ?? 0), 0)
  const head =
    `${groupId}: ${state}, ${type}${how}, ${plural(members.length, 'member')}, ${countText(lag)} behind, ` +
    `coordinated by broker ${coordinatorId} (${coordinatorAddress})\n`
  const offsets = table(
    ['  TOPIC', 'PARTITION', 'COMMITTED', 'START', 'END', 'LAG', 'MEMBER'],
    partitions.map((each) => [
      `  ${each.topic}`,
      each.partition,
      each.committed,
      each.startOffset,
      each.endOffset,
      each.lag,
      each.memberId,
    ]),
  )
  const people = table(
    ['  MEMBER', 'INSTANCE', 'CLIENT', 'HOST', 'PARTITIONS'],
    members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => [
      `  ${memberId}`,
      instanceId,
      clientId,
      clientHost.replace(/^\//, ''),
      assignment?.length ?? null,
    ]),
  )
  const why =
    findings.length === 0
      ? '  nothing is in sight that holds it up\n'
      : `  what may hold it up:\n${findings.map(({ message }) => `  - ${message}\n`).join('')}`
  return [head, partitions.length === 0 ? '' : offsets, members.length === 0 ? '' : people, why].join('')
}
