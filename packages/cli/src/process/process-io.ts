/** This process as the commands see it. */
import { createReadStream, readFileSync } from 'node:fs'
import type { Io } from '../io.ts'
import { processOutput } from './process-output.ts'

/** As shells report a process that a signal ended. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

export function createProcessIo(): Io {
  const stops = new Set<() => void>()
  let isStopping = false
  const onSignal = (signal: keyof typeof SIGNALS): void => {
    if (isStopping) process.exit(SIGNALS[signal])
    isStopping = true
    for (const stop of stops) stop()
  }
  const listen = (on: boolean): void => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      if (on) process.on(signal, onSignal)
      else process.off(signal, onSignal)
    }
  }
  return {
    env: process.env,
    stdin: {
      isTerminal: process.stdin.isTTY === true,
      chunks: () => process.stdin,
    },
    stdout: processOutput(process.stdout),
    stderr: processOutput(process.stderr),
    openFile: (path) => createReadStream(path, { highWaterMark: READ_BYTES }),
    readTextFile: (path) => readFileSync(path, 'utf8'),
    onStop(stop) {
      // Without anybody who listens, a signal ends the process as usual.
      if (stops.size === 0) listen(true)
      stops.add(stop)
      return () => {
        stops.delete(stop)
        if (stops.size === 0) listen(false)
      }
    },
    now: () => performance.now(),
    every(intervalMs, run) {
      const timer = setInterval(run, intervalMs)
      timer.unref()
      return () => clearInterval(timer)
    },
  }
}

const READ_BYTES = 256 * 1024
