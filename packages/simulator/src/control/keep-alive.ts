/** Ends a connection whose far end answers no pings, as gRPC does at both ends: a black hole is noticed within a second or so. */
import type { Clock, Connection, Timer } from '@millrace/runtime'

const PING_MS = 500
const UNANSWERED_MAX = 2

/** Returns what ends the watch. The pings themselves are not sent: whether they would be answered is asked. */
export function keepAlive(clock: Pick<Clock, 'setTimer'>, connection: Pick<Connection, 'destroy'>, isAnswered: () => boolean): () => void {
  let unanswered = 0
  let timer: Timer
  const ping = (): void => {
    unanswered = isAnswered() ? 0 : unanswered + 1
    if (unanswered === UNANSWERED_MAX) connection.destroy()
    else timer = clock.setTimer(PING_MS, ping)
  }
  timer = clock.setTimer(PING_MS, ping)
  return () => timer.cancel()
}
