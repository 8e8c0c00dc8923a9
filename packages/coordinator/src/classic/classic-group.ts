/** A classic group, as the coordinator sees all groups. What it decides is in the files beside this one. */
import { CONSUMER_PROTOCOL_TYPE, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { CommitClaim, DescribedClassicGroup, Group, RetentionStart } from '../group/group.ts'
import type { GroupTurn } from '../group/turn.ts'
import { cancelTimer, renewSession } from './deadlines.ts'
import { describe } from './describe.ts'
import { findMember } from './membership.ts'
import { ClassicState, type GroupMetadataValue } from './state.ts'

export class ClassicGroup implements Group {
  readonly type = 'classic'
  readonly state: ClassicState

  constructor(groupId: string) {
    this.state = new ClassicState(groupId)
  }

  get groupId(): string {
    return this.state.groupId
  }

  get stateName(): string {
    return this.state.phase
  }

  get protocolType(): string {
    return this.state.protocolType ?? ''
  }

  /** What the log says of the group. Members that are there have their assignments from it. */
  replay(value: GroupMetadataValue): void {
    this.state.persisted = value
    for (const { memberId, assignment } of value.members) {
      const member = this.state.members.get(memberId)
      if (member !== undefined) member.assignment = assignment
    }
  }

  describe(): DescribedClassicGroup {
    return describe(this.state)
  }

  checkOffsetCommit({ memberId, groupInstanceId, generationIdOrMemberEpoch, isTransactional }: CommitClaim): ErrorCode {
    const { phase, generationId } = this.state
    // Without members anybody may commit who does not say to be one: a tool, or a consumer that assigns partitions to itself.
    if (generationIdOrMemberEpoch < 0 && phase === 'Empty') return ERROR_CODES.NONE
    if (generationIdOrMemberEpoch >= 0 || memberId !== '' || groupInstanceId !== null) {
      const member = findMember(this.state, memberId, groupInstanceId)
      if (typeof member === 'number') return member
      if (generationIdOrMemberEpoch !== generationId) return ERROR_CODES.ILLEGAL_GENERATION
    } else if (!isTransactional) return ERROR_CODES.UNKNOWN_MEMBER_ID
    // The member has heard of the new generation, but not what it is assigned. Old producers do not say for whom they commit.
    return phase === 'CompletingRebalance' && !isTransactional ? ERROR_CODES.REBALANCE_IN_PROGRESS : ERROR_CODES.NONE
  }

  offsetsCommitted(turn: GroupTurn, memberId: string): void {
    const member = this.state.members.get(memberId)
    if (member !== undefined) renewSession(turn, this.state, member)
  }

  checkOffsetFetch(): ErrorCode {
    return ERROR_CODES.NONE
  }

  checkOffsetDelete(): ErrorCode {
    // Of consumers it is known what they read, of others it is not.
    return this.state.phase === 'Empty' || this.#hasConsumers ? ERROR_CODES.NONE : ERROR_CODES.NON_EMPTY_GROUP
  }

  isSubscribedTo(topic: string): boolean {
    return this.state.subscribedTopics?.has(topic) ?? this.#hasConsumers
  }

  retentionStart(): RetentionStart | null {
    const { phase, phaseSinceMs, protocolType, subscribedTopics, pendingMembers } = this.state
    if (pendingMembers.size > 0) return null
    if (protocolType === null) return ({ commitTimestamp }) => commitTimestamp
    if (phase === 'Empty') return ({ commitTimestamp }) => phaseSinceMs ?? commitTimestamp
    return phase === 'Stable' && this.#hasConsumers && subscribedTopics !== null ? ({ commitTimestamp }) => commitTimestamp : null
  }

  checkDelete(): ErrorCode {
    return this.state.phase === 'Empty' ? ERROR_CODES.NONE : ERROR_CODES.NON_EMPTY_GROUP
  }

  delete(turn: GroupTurn): void {
    const { groupId, pendingMembers, persisted } = this.state
    for (const memberId of pendingMembers.keys()) turn.state.pendingMembers.remove(this.state, memberId)
    cancelTimer(turn, this.state)
    turn.state.groups.delete(groupId)
    if (persisted !== null) turn.append({ type: 'group-metadata', key: { group: groupId }, value: null })
  }

  get #hasConsumers(): boolean {
    return this.state.protocolType === CONSUMER_PROTOCOL_TYPE
  }
}
