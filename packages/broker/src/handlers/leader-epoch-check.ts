/** Whether a client that believes in some leader epoch talks to the leader that it means (KIP-320). */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'

/** The client does not say what it believes. */
const NO_EPOCH = -1

export function checkLeaderEpoch(believedEpoch: number, leaderEpoch: number): ErrorCode {
  if (believedEpoch === NO_EPOCH || believedEpoch === leaderEpoch) return ERROR_CODES.NONE
  return believedEpoch < leaderEpoch ? ERROR_CODES.FENCED_LEADER_EPOCH : ERROR_CODES.UNKNOWN_LEADER_EPOCH
}
