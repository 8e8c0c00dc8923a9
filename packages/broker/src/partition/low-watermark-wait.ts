/** Waits until no replica that lives holds records any more that were deleted. */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import type { Partition } from './partition.ts'

/** Resolves with an error when the time is up, or this broker leads the partition no more. */
export function whenDeletedEverywhere(partition: Partition, offset: number, clock: Clock, timeoutMs: number): Promise<ErrorCode> {
  return new Promise((resolve) => {
    const end = (errorCode: ErrorCode): void => {
      timer.cancel()
      partition.removeVisibilityWaiter(waiter)
      resolve(errorCode)
    }
    const waiter = {
      onVisible(): void {
        if (!partition.isLeader) end(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
        else if (partition.lowWatermark >= offset) end(ERROR_CODES.NONE)
      },
    }
    const timer = clock.setTimer(Math.max(0, timeoutMs), () => end(ERROR_CODES.REQUEST_TIMED_OUT))
    partition.readers.addLowWatermark(waiter)
    waiter.onVisible()
  })
}
