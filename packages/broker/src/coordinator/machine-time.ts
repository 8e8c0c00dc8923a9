/** Both clocks, as events tell machines of them. */
import type { MachineTime } from '@millrace/coordinator'
import type { Clock } from '@millrace/runtime'

export function timeOf(clock: Clock): MachineTime {
  return { nowMs: clock.now(), monotonicMs: clock.monotonic() }
}
