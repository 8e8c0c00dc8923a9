/**
 * A group of offsets only, whose consumer assigns partitions to itself. It has no members, so whoever does not say to be one may
 * commit. An id is such a group for as long as it has offsets.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupTurn } from '../group/turn.ts'
import type { CommitClaim, DescribedClassicGroup, Group, RetentionStart } from '../group/group.ts'

export class SimpleGroup implements Group {
  readonly type = 'classic'
  readonly groupId: string
  readonly stateName = 'Empty'
  readonly protocolType = ''

  constructor(groupId: string) {
    this.groupId = groupId
  }

  describe(): DescribedClassicGroup {
    return { groupState: this.stateName, protocolType: '', protocolData: '', members: [] }
  }

  checkOffsetCommit({ generationIdOrMemberEpoch }: CommitClaim): ErrorCode {
    return generationIdOrMemberEpoch < 0 ? ERROR_CODES.NONE : ERROR_CODES.UNKNOWN_MEMBER_ID
  }

  offsetsCommitted(): void {}

  checkOffsetFetch(): ErrorCode {
    return ERROR_CODES.NONE
  }

  checkOffsetDelete(): ErrorCode {
    return ERROR_CODES.NONE
  }

  isSubscribedTo(): boolean {
    return false
  }

  retentionStart(): RetentionStart {
    return ({ commitTimestamp }) => commitTimestamp
  }

  checkDelete(): ErrorCode {
    return ERROR_CODES.NONE
  }

  /** It ends with its offsets, and nobody keeps it in mind. */
  delete(turn: GroupTurn): void {
    turn.state.rememberedGroups.delete(this.groupId)
  }
}
