/** A logger that remembers what was reported. */
import type { LogFields, Logger } from '@millrace/runtime'

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: LogFields
}

export class RecordingLogger implements Logger {
  readonly events: LoggedEvent[] = []

  debug(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'debug', event, fields })
  }

  info(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'info', event, fields })
  }

  warn(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'warn', event, fields })
  }

  error(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'error', event, fields })
  }

  child(): Logger {
    return this
  }

  /** What was reported as a warning or an error. */
  problems(): readonly string[] {
    return this.events.filter(({ level }) => level === 'warn' || level === 'error').map(({ event }) => event)
  }
}
