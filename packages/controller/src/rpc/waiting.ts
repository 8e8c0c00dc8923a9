/** Waiting by the Clock port: for a while, or for something that may come too late. */
import type { Clock } from '@millrace/runtime'

export function pause(clock: Pick<Clock, 'setTimer'>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve)
  })
}

/** Rejects with `late` when the promise takes longer than `ms`. What becomes of it then is nobody's concern. */
export function within<Value>(clock: Pick<Clock, 'setTimer'>, ms: number, promise: Promise<Value>, late: Error): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(ms, () => reject(late))
    promise.then(
      (value) => {
        timer.cancel()
        resolve(value)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error)
      },
    )
  })
}
