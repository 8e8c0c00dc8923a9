/** What a process logs goes into the trace. A broken invariant that only shows in a log line is a failure all the same. */
import type { LogFields, Logger } from '@millrace/runtime'
import type { Life } from '../core/life.ts'
import type { Scheduler } from '../core/scheduler.ts'

export type LogLevel = 'info' | 'warn' | 'error'

export interface LogListener {
  onLine(life: Life, level: LogLevel, event: string, fields: LogFields): void
}

export class SimulatedLogger implements Logger {
  readonly #scheduler: Scheduler
  readonly #life: Life
  readonly #listener: LogListener
  readonly #bindings: LogFields

  constructor(scheduler: Scheduler, life: Life, listener: LogListener, bindings: LogFields = {}) {
    this.#scheduler = scheduler
    this.#life = life
    this.#listener = listener
    this.#bindings = bindings
  }

  debug(): void {}

  info(event: string, fields?: LogFields): void {
    this.#log('info', event, fields)
  }

  warn(event: string, fields?: LogFields): void {
    this.#log('warn', event, fields)
  }

  error(event: string, fields?: LogFields): void {
    this.#log('error', event, fields)
  }

  child(bindings: LogFields): Logger {
    return new SimulatedLogger(this.#scheduler, this.#life, this.#listener, { ...this.#bindings, ...bindings })
  }

  #log(level: LogLevel, event: string, fields: LogFields = {}): void {
    // The last words of a process that crashed in the middle of its turn reach nobody.
    if (!this.#life.isAlive) return
    const all = { ...this.#bindings, ...fields }
    this.#scheduler.trace.record(this.#scheduler.nowMs, this.#life.who, level, `${event} ${described(all)}`)
    this.#listener.onLine(this.#life, level, event, all)
  }
}

function described(fields: LogFields): string {
  const texts = Object.entries(fields).map(
    ([name, value]) => `${name}=${value instanceof Error ? errorText(value) : JSON.stringify(value)}`,
  )
  return texts.join(' ')
}

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (because: ${errorText(error.cause)})`
  return `${error.name}: ${error.message}${cause}`
}
