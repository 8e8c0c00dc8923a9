/** What a failover leaves of a classic group: one record, written when a generation has its assignment and when nobody is left. */
import type { GroupTurn } from '../group/turn.ts'
import type { TypedRecord } from '../records/record-format.ts'
import type { groupMetadataRecord } from '../records/group-metadata-record.ts'
import { metadataOf, NO_ASSIGNMENT } from './member.ts'
import type { ClassicState } from './state.ts'

type GroupMetadataRecord = TypedRecord<typeof groupMetadataRecord>

export function persist(turn: GroupTurn, state: ClassicState): void {
  turn.append(groupMetadata(state, (memberId) => state.members.get(memberId)?.assignment))
}

/** The group as it is, with the given assignments. */
export function groupMetadata(state: ClassicState, assignmentOf: (memberId: string) => Uint8Array | undefined): GroupMetadataRecord {
  return {
    type: 'group-metadata',
    key: { group: state.groupId },
    value: {
      protocolType: state.protocolType ?? '',
      generation: state.generationId,
      protocol: state.protocolName,
      leader: state.leaderId,
      currentStateTimestamp: state.phaseSinceMs ?? -1,
      members: [...state.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: metadataOf(member, state.protocolName),
        assignment: assignmentOf(member.memberId) ?? NO_ASSIGNMENT,
      })),
    },
  }
}
