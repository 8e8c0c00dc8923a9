/** A coordinator and the members of one classic group, as a client would drive them. Members wait for nothing that tests do not give. */
import { CONSUMER_PROTOCOL_TYPE, encodeSubscription, ZERO_UUID } from '@millrace/protocol'
import type { GroupApis } from '../group/requests.ts'
import type { GroupSettings } from '../group/settings.ts'
import type { ReplyToken } from '../machine.ts'
import { GroupHarness } from './group-harness.ts'

export const SESSION_MS = 10_000
export const REBALANCE_MS = 60_000

export interface JoinOptions {
  readonly memberId?: string
  readonly groupInstanceId?: string | null
  readonly protocolType?: string
  /** By name, with the topics that the metadata subscribes to. */
  readonly protocols?: Readonly<Record<string, readonly string[]>>
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly apiVersion?: number
  readonly connectionId?: number
  readonly clientId?: string
  readonly groupId?: string
}

export interface Membership {
  readonly memberId: string
  readonly groupInstanceId?: string | null
  readonly generationId: number
  readonly connectionId?: number
}

const GROUP = 'g'

export interface CommitOptions extends Partial<Membership> {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly retentionTimeMs?: number
  readonly apiVersion?: number
  readonly groupId?: string
}

function toCommit({ topic = 'orders', partition = 0, offset = 1 }: CommitOptions) {
  const partitions = [{ partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: 0, committedMetadata: '' }]
  return [{ name: topic, topicId: ZERO_UUID, partitions }]
}

export class ClassicScene extends GroupHarness {
  constructor(settings: Partial<GroupSettings> = {}) {
    super(settings)
    this.addTopic('orders')
  }

  sendJoin(options: JoinOptions = {}): ReplyToken {
    const protocols = Object.entries(options.protocols ?? { range: ['orders'] })
    const body = {
      groupId: options.groupId ?? GROUP,
      sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_MS,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? REBALANCE_MS,
      memberId: options.memberId ?? '',
      groupInstanceId: options.groupInstanceId ?? null,
      protocolType: options.protocolType ?? CONSUMER_PROTOCOL_TYPE,
      protocols: protocols.map(([name, topics]) => ({ name, metadata: encodeSubscription({ topics }) })),
      reason: null,
    }
    const { apiVersion = 9, connectionId = 1, clientId = 'client' } = options
    return this.send('JoinGroup', body, { apiVersion, connectionId, clientId })
  }

  joined(token: ReplyToken): GroupApis['JoinGroup']['response'] | undefined {
    return this.answerTo(token, 'JoinGroup')
  }

  /** As `sendJoin`, with the id that the coordinator gives a newcomer if it asks for one. */
  sendJoinWithId(options: JoinOptions = {}): { readonly token: ReplyToken; readonly memberId: string } {
    if (options.memberId !== undefined || options.groupInstanceId != null) {
      return { token: this.sendJoin(options), memberId: options.memberId ?? '' }
    }
    const { memberId } = this.joined(this.sendJoin(options)) as GroupApis['JoinGroup']['response']
    return { token: this.sendJoin({ ...options, memberId }), memberId }
  }

  sendSync(
    { memberId, generationId, groupInstanceId = null }: Membership,
    assignments: Readonly<Record<string, string>> = {},
    {
      apiVersion = 5,
      protocolName = 'range',
      connectionId = 1,
    }: { apiVersion?: number; protocolName?: string; connectionId?: number } = {},
  ): ReplyToken {
    const body = {
      groupId: GROUP,
      generationId,
      memberId,
      groupInstanceId,
      protocolType: apiVersion >= 5 ? CONSUMER_PROTOCOL_TYPE : null,
      protocolName: apiVersion >= 5 ? protocolName : null,
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: new TextEncoder().encode(text) })),
    }
    return this.send('SyncGroup', body, { apiVersion, connectionId })
  }

  synced(token: ReplyToken): { readonly errorCode: number; readonly assignment: string } | undefined {
    const answer = this.answerTo(token, 'SyncGroup')
    return answer === undefined ? undefined : { errorCode: answer.errorCode, assignment: new TextDecoder().decode(answer.assignment) }
  }

  heartbeat({ memberId, generationId, groupInstanceId = null, connectionId = 1 }: Membership): number {
    const body = { groupId: GROUP, generationId, memberId, groupInstanceId }
    return this.ask('Heartbeat', body, { apiVersion: 4, connectionId }).errorCode
  }

  leave(...members: readonly (string | { readonly memberId: string; readonly groupInstanceId: string | null })[]): number[] {
    const leavers = members.map((member) => ({
      ...(typeof member === 'string' ? { memberId: member, groupInstanceId: null } : member),
      reason: null,
    }))
    const answer = this.ask('LeaveGroup', { groupId: GROUP, memberId: '', members: leavers }, { apiVersion: 5 })
    return (answer.members ?? []).map(({ errorCode }) => errorCode as number)
  }

  commit({ memberId = '', groupInstanceId = null, generationId = -1, apiVersion = 9, ...given }: CommitOptions = {}): number | undefined {
    const { retentionTimeMs = -1 } = given
    const body = {
      groupId: GROUP,
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId,
      retentionTimeMs,
      topics: toCommit(given),
    }
    return this.ask('OffsetCommit', body, { apiVersion }).topics?.[0]?.partitions?.[0]?.errorCode
  }

  commitInTransaction(producerId: number, options: CommitOptions = {}): number | undefined {
    const { memberId = '', groupInstanceId = null, generationId = -1, apiVersion = 3 } = options
    const body = {
      transactionalId: `transactional-${producerId}`,
      groupId: options.groupId ?? GROUP,
      producerId,
      producerEpoch: 0,
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId,
      topics: toCommit(options),
    }
    return this.ask('TxnOffsetCommit', body, { apiVersion }).topics[0]?.partitions?.[0]?.errorCode
  }

  /** The offset that is committed for partition 0 of `orders`. */
  fetch(): number | undefined {
    return this.fetchPartition()?.committedOffset
  }

  /** By id if one is given. */
  fetchPartition({ topicId, requireStable = false }: { readonly topicId?: string; readonly requireStable?: boolean } = {}) {
    const apiVersion = topicId === undefined ? 9 : 10
    const topics = [{ name: 'orders', topicId: topicId ?? ZERO_UUID, partitionIndexes: [0] }]
    const groups = [{ groupId: GROUP, memberId: null, memberEpoch: -1, topics }]
    const answer = this.ask('OffsetFetch', { groupId: '', topics: null, groups, requireStable }, { apiVersion })
    return answer.groups?.[0]?.topics?.[0]?.partitions?.[0]
  }

  describeGroup(groupId: string = GROUP): GroupApis['DescribeGroups']['response']['groups'][number] {
    const { groups } = this.ask('DescribeGroups', { groups: [groupId], includeAuthorizedOperations: false }, { apiVersion: 6 })
    return groups[0] as GroupApis['DescribeGroups']['response']['groups'][number]
  }

  /** Brings a group with the given members to Stable, each with its own id as assignment. The first of them leads. */
  stableGroup(options: readonly JoinOptions[] = [{}]): readonly Membership[] {
    const joining = options.map(({ groupInstanceId = null, connectionId = 1, ...rest }) => ({
      ...this.sendJoinWithId({ ...rest, groupInstanceId, connectionId }),
      groupInstanceId,
      connectionId,
    }))
    this.advance(this.settings.initialRebalanceDelayMs * 2)
    const members = joining.map(({ token, groupInstanceId, connectionId }) => {
      const { memberId, generationId = -1 } = this.joined(token) as GroupApis['JoinGroup']['response']
      return { memberId, generationId, groupInstanceId, connectionId }
    })
    const assignments = Object.fromEntries(members.map(({ memberId }) => [memberId, memberId]))
    const protocolName = this.joined(joining[0]?.token as ReplyToken)?.protocolName as string
    for (const member of members.toReversed()) {
      const isLeader = member === members[0]
      this.sendSync(member, isLeader ? assignments : {}, { protocolName, connectionId: member.connectionId })
    }
    if (this.describeGroup().groupState !== 'Stable') throw new Error('the group did not become stable')
    return members
  }
}
