/** A standard stream of the process as an `Output`. A reader that went away (`| head`) is no error. */
import type { WriteStream } from 'node:tty'
import type { Forget, Output } from '../io.ts'

type Stream = NodeJS.WriteStream

const DEFAULT_COLUMNS = 80

export function processOutput(stream: Stream): Output {
  const listeners = new Set<() => void>()
  let isClosed = false
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    for (const listener of listeners) listener()
    listeners.clear()
  }
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    close()
  })
  stream.on('close', close)
  return {
    get isTerminal() {
      return stream.isTTY === true
    },
    get columns() {
      return (stream as Partial<WriteStream>).columns ?? DEFAULT_COLUMNS
    },
    get isClosed() {
      return isClosed
    },
    write(data) {
      if (isClosed || stream.write(data)) return RESOLVED
      return new Promise((resolve) => {
        const done = (): void => {
          stream.off('drain', done)
          forget()
          resolve()
        }
        const forget = onClosed(done)
        stream.on('drain', done)
      })
    },
    onClosed,
  }

  function onClosed(listener: () => void): Forget {
    if (isClosed) listener()
    else listeners.add(listener)
    return () => listeners.delete(listener)
  }
}

const RESOLVED = Promise.resolve()
