/** Tries again what may succeed later, with growing pauses, until a deadline. */
import { ClientError } from '../errors.ts'
import type { ClientSettings } from '../settings.ts'
import { backoffMs } from '@millrace/runtime'
import { type CloseSignal, sleep } from './sleep.ts'

/**
 * Runs `attempt` until it succeeds, fails with an error that is not retriable, or the deadline (on the monotonic clock)
 * passes; then the last failure is thrown. The first attempt is made whatever the deadline says. `mayRepeat` narrows what is
 * tried again, for requests that must not be carried out twice.
 */
export async function retry<Result>(
  settings: ClientSettings,
  closing: CloseSignal,
  deadlineMs: number,
  attempt: (number: number) => Promise<Result>,
  mayRepeat: (error: ClientError) => boolean = (error) => error.isRetriable,
): Promise<Result> {
  const { clock, random } = settings.runtime
  for (let number = 1; ; number++) {
    try {
      return await attempt(number)
    } catch (error) {
      if (!(error instanceof ClientError) || !mayRepeat(error) || closing.isClosed) throw error
      const pauseMs = backoffMs(settings.retryBackoff, number, random)
      if (clock.monotonic() + pauseMs >= deadlineMs) throw error
      await sleep(clock, pauseMs, closing)
    }
  }
}
