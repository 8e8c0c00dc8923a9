/**
 * A group of offsets only, whose consumer assigns partitions to itself. It has no members, so whoever does not say to be one may
 * commit. An id is such a group for as long as it has offsets.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { CommitClaim, Group } from '../group/group.ts'

export class SimpleGroup implements Group {
  readonly type = 'classic'
  readonly groupId: string
  readonly isEmpty = true

  constructor(groupId: string) {
    this.groupId = groupId
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
}
