/** A classic group as operators see it. */
import type { DescribedClassicGroup } from '../group/group.ts'
import { metadataOf, NO_ASSIGNMENT } from './member.ts'
import type { ClassicState } from './state.ts'

/** What members told each other is shown only when all of them have it. */
export function describe(state: ClassicState): DescribedClassicGroup {
  const isStable = state.phase === 'Stable'
  return {
    groupState: state.phase,
    protocolType: state.protocolType ?? '',
    protocolData: isStable ? (state.protocolName ?? '') : '',
    members: [...state.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataOf(member, state.protocolName) : NO_ASSIGNMENT,
      memberAssignment: member.assignment,
    })),
  }
}
