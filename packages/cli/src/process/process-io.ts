/** This process as the commands see it. */
import { createReadStream, readFileSync } from 'node:fs'
import type { Io } from '../io.ts'
import { processOutput } from './process-output.ts'

/** As shells report a process that a signal ended. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

export function createProcessIo(): Io {
  const stops = new Set<() => void>()
  let isStopping = false
  const stopAll = (): void => {
    isStopping = true
    for (const stop of stops) stop()
  }
  const onSignal = (signal: keyof typeof SIGNALS): void => {
    if (isStopping) process.exit(SIGNALS[signal])
    stopAll()
  }
  watchNpm(() => {
    if (!isStopping) stopAll()
  })
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
    sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  }
}

const READ_BYTES = 256 * 1024
const PARENT_CHECK_MS = 500

/**
 * A signal sent to `npm start` ends npm and the shell between npm and us, and never gets here. That we have lost our parent
 * then is as good as the signal.
 */
function watchNpm(onParentGone: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onParentGone()
  }, PARENT_CHECK_MS)
  timer.unref()
}
