/** Reads on until somebody says stop, also while it waits for more. */
import type { Forget } from '../io.ts'

export async function* untilStopped<Item>(
  source: AsyncIterable<Item>,
  onStop: (stop: () => void) => Forget,
): AsyncGenerator<Item, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let isStopped = false
  let wake = (): void => {}
  const forget = onStop(() => {
    isStopped = true
    wake()
  })
  try {
    while (!isStopped) {
      // One promise for each item: a race with one that lives long would collect a listener for each.
      const next = await new Promise<IteratorResult<Item> | null>((resolve, reject) => {
        wake = () => resolve(null)
        iterator.next().then(resolve, reject)
      })
      if (next === null || next.done) return
      yield next.value
    }
  } finally {
    forget()
  }
}
