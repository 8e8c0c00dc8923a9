/**
 * A consumer group becomes a classic one when the last member goes that speaks the consumer protocol and the others do not: their
 * own leader assigns again. It is as if the classic group had been loaded from the log, where its record now stands, and had lost a member.
 */
import { CONSUMER_PROTOCOL_TYPE } from '@millrace/protocol'
import { ClassicGroup } from '../../classic/classic-group.ts'
import { prepareRebalance } from '../../classic/rebalance.ts'
import { resume } from '../../classic/resume.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { ClassicMemberMetadata } from '../../records/consumer-group-records.ts'
import type { GroupRecord } from '../../records/group-record.ts'
import { toTopicPartitions } from '../assignment.ts'
import { assignmentBytes } from '../classic-members/embedded-protocol.ts'
import { isClassic } from '../classic-members/find-classic-member.ts'
import type { ConsumerGroup, ConsumerGroupMember } from '../consumer-group.ts'
import { deleteConsumerGroup } from '../delete-group.ts'
import { memberTombstones } from '../member-records.ts'
import { removeMember, removeMembers } from '../membership.ts'
import { mayDowngrade } from './policy.ts'

/** Members leave, or are fenced. */
export function fenceMembers(turn: GroupTurn, group: ConsumerGroup, memberIds: readonly string[]): void {
  if (downgrade(turn, group, memberIds) === null) removeMembers(turn, group, memberIds)
}

/** A static member comes back with the classic protocol. The group that it is to join, if that is not the consumer group any more. */
export function downgradeForStaticMember(turn: GroupTurn, group: ConsumerGroup, replaced: ConsumerGroupMember): ClassicGroup | null {
  if (group.members.size > 1 || isClassic(replaced) || !mayDowngrade(turn.settings)) return downgrade(turn, group, [replaced.memberId])
  // It was alone, and nothing of the group is of any use to the next.
  removeMember(turn, group.groupId, replaced.memberId)
  deleteConsumerGroup(turn, group)
  const classicGroup = new ClassicGroup(group.groupId)
  turn.state.groups.set(group.groupId, classicGroup)
  return classicGroup
}

function downgrade(turn: GroupTurn, group: ConsumerGroup, leaving: readonly string[]): ClassicGroup | null {
  const members = [...group.members.values()]
  const staying = members.filter(({ memberId }) => !leaving.includes(memberId))
  const isLastOfConsumerProtocol = staying.every(isClassic) && members.some((member) => !isClassic(member))
  if (staying.length === 0 || !isLastOfConsumerProtocol) return null
  if (!mayDowngrade(turn.settings) || staying.length > turn.settings.maxSize) return null
  const record = classicRecord(turn, group, staying)
  if (record === null || !turn.fits([record, ...members.flatMap(({ memberId }) => memberTombstones(group.groupId, memberId))])) return null
  for (const { memberId } of members) removeMember(turn, group.groupId, memberId)
  deleteConsumerGroup(turn, group)
  turn.append(record)
  const classicGroup = turn.state.groups.get(group.groupId) as ClassicGroup
  resume(turn, classicGroup.state)
  prepareRebalance(turn, classicGroup.state)
  return classicGroup
}

/** Null when the members have no protocol in common: then each would have to join as if it were new. */
function classicRecord(turn: GroupTurn, group: ConsumerGroup, members: readonly ConsumerGroupMember[]): GroupRecord | null {
  const [first] = members as [ConsumerGroupMember]
  const candidates = classicOf(first).supportedProtocols.map(({ name }) => name)
  const protocol = candidates.find((name) => members.every((member) => protocolOf(member, name) !== undefined))
  if (protocol === undefined) return null
  return {
    type: 'group-metadata',
    key: { group: group.groupId },
    value: {
      protocolType: CONSUMER_PROTOCOL_TYPE,
      generation: group.groupEpoch,
      protocol,
      leader: first.memberId,
      currentStateTimestamp: turn.nowMs,
      members: members.map((member) => {
        const { memberId, metadata } = member
        const subscription = protocolOf(member, protocol) as Uint8Array
        return {
          memberId,
          groupInstanceId: metadata.instanceId,
          clientId: metadata.clientId,
          clientHost: metadata.clientHost,
          rebalanceTimeout: metadata.rebalanceTimeoutMs,
          sessionTimeout: classicOf(member).sessionTimeoutMs,
          subscription,
          assignment: assignmentBytes(toTopicPartitions(group.targetOf(memberId)), subscription, turn.topics),
        }
      }),
    },
  }
}

function classicOf({ metadata }: ConsumerGroupMember): ClassicMemberMetadata {
  return metadata.classicMemberMetadata as ClassicMemberMetadata
}

function protocolOf(member: ConsumerGroupMember, protocol: string): Uint8Array | undefined {
  return classicOf(member).supportedProtocols.find(({ name }) => name === protocol)?.metadata
}
