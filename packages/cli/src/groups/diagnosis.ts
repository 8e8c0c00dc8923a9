/** Why a group may not be moving: everything in sight that can hold it up, each with what to do about it. */
import type { ActiveProducer, GroupDescription, GroupMember } from '@millrace/client'
import { countText, plural } from '../output/quantity.ts'
import type { PartitionProgress } from './group-progress.ts'

export interface Finding {
  /** Stable, for scripts. */
  readonly code: FindingCode
  readonly message: string
}

export type FindingCode =
  | 'no-members'
  | 'rebalancing'
  | 'member-behind'
  | 'topic-missing'
  | 'no-leader'
  | 'records-gone'
  | 'beyond-end'
  | 'open-transaction'
  | 'no-owner'
  | 'idle-members'
  | 'never-committed'
  | 'no-commits'

export interface Evidence {
  readonly group: GroupDescription
  readonly partitions: readonly PartitionProgress[]
  /** Open transactions, of partitions whose readable end is before their end. */
  readonly openTransactions: readonly OpenTransaction[]
  /** What was committed some time before, with the time between; null when the group was looked at once. */
  readonly before: { readonly seconds: number; readonly partitions: readonly PartitionProgress[] } | null
}

export interface OpenTransaction extends Pick<ActiveProducer, 'producerId' | 'transactionStartOffset' | 'lastTimestamp'> {
  readonly topic: string
  readonly partition: number
}

const REBALANCING: ReadonlySet<string> = new Set(['PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling'])

/** The most telling first. Empty when nothing stands in the way. */
export function diagnose(evidence: Evidence): Finding[] {
  return [...ofMembers(evidence), ...evidence.partitions.flatMap((partition) => ofPartition(partition, evidence)), ...ofOwners(evidence)]
}

function ofMembers({ group, partitions }: Evidence): Finding[] {
  const { members, state, epoch } = group
  if (members.length === 0) {
    const lag = partitions.reduce((sum, partition) => sum + (partition.lag ?? 0), 0)
    const waiting = lag === 0 ? '' : `, and ${plural(lag, 'record')} wait`
    return [finding('no-members', `nobody consumes: the group has no members${waiting}; start a consumer of this group`)]
  }
  if (!REBALANCING.has(state)) return []
  const behind = epoch === null ? [] : members.filter((member) => member.epoch !== null && member.epoch < epoch)
  const found = behind.map((member) =>
    finding(
      'member-behind',
      `${nameOf(member)} is at epoch ${member.epoch} of ${epoch}: the others wait until it has let go of its partitions; ` +
        'if its process hangs, end it, or wait for its session to time out',
    ),
  )
  const ask = 'ask again in a moment; if it goes on, members come and go, or one does not answer'
  return found.length > 0 ? found : [finding('rebalancing', `the group is dividing its partitions anew (${state}): ${ask}`)]
}

function ofPartition(progress: PartitionProgress, { group, openTransactions }: Evidence): Finding[] {
  const { topic, partition, committed, startOffset, endOffset, stableEndOffset, exists, hasLeader } = progress
  const where = `${topic} ${partition}`
  if (!exists) return [finding('topic-missing', `${where} does not exist any more; nothing more will come from it`)]
  if (!hasLeader) return [finding('no-leader', `${where} has no leader: see "millrace cluster describe" for brokers that are missing`)]
  const found: Finding[] = []
  if (committed !== null && startOffset !== null && committed < startOffset) {
    const gone = `${where} is committed up to ${committed}, but begins at ${startOffset}: the records between were deleted`
    found.push(finding('records-gone', `${gone}; consumers go where auto.offset.reset says, or nowhere with "none"`))
  }
  if (committed !== null && endOffset !== null && committed > endOffset) {
    const beyond = `${where} is committed up to ${committed}, but ends at ${endOffset}: the topic was made anew, or its end was lost`
    found.push(finding('beyond-end', `${beyond}; put the group back with "millrace group reset-offsets"`))
  }
  if (committed !== null && stableEndOffset !== null && endOffset !== null && stableEndOffset < endOffset && committed >= stableEndOffset) {
    const open = openTransactions.find((transaction) => transaction.topic === topic && transaction.partition === partition)
    const whose = open === undefined ? '' : ` by producer ${open.producerId}`
    const text = `${where}: a transaction${whose} is open since offset ${stableEndOffset}; read_committed consumers wait for its end`
    found.push(finding('open-transaction', text))
  }
  if (group.members.length > 0 && progress.memberId === null && group.state === 'Stable') {
    found.push(finding('no-owner', `${where} is read by no member: none subscribes to the topic any more`))
  }
  return found
}

function ofOwners({ group, partitions, before }: Evidence): Finding[] {
  if (group.state !== 'Stable') return []
  const found: Finding[] = []
  const idle = group.members.filter(({ assignment }) => assignment?.length === 0)
  if (idle.length > 0) {
    const who = `${plural(idle.length, 'member')} of ${countText(group.members.length)} ${idle.length === 1 ? 'has' : 'have'} no partition`
    found.push(finding('idle-members', `${who}: there are more members than partitions`))
  }
  const committedBefore = new Map(before?.partitions.map(({ topic, partition, committed }) => [`${topic} ${partition}`, committed]))
  for (const { topic, partition, committed, endOffset, startOffset, memberId, lag } of partitions) {
    const owner = group.members.find((member) => member.memberId === memberId)
    if (owner === undefined) continue
    const where = `${topic} ${partition}`
    if (committed === null && (endOffset ?? 0) > (startOffset ?? 0)) {
      found.push(finding('never-committed', `${where}: ${nameOf(owner)} has not committed anything yet`))
    } else if (before !== null && (lag ?? 0) > 0 && committedBefore.get(where) === committed) {
      const ahead = `has ${plural(lag ?? 0, 'record')} before it, and committed nothing in ${before.seconds} s`
      found.push(
        finding(
          'no-commits',
          `${where}: ${nameOf(owner)} is a live member, ${ahead}; it works on a record, waits for something else, or commits rarely`,
        ),
      )
    }
  }
  return found
}

function nameOf({ memberId, instanceId, clientId, clientHost }: GroupMember): string {
  return `member ${instanceId ?? memberId} (${clientId} at ${clientHost.replace(/^\//, '')})`
}

function finding(code: FindingCode, message: string): Finding {
  return { code, message }
}
