/** A logger that keeps what it was told, for tests that hold the log to its reports. */
import type { LogFields, Logger } from '@millrace/runtime'

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: LogFields
}

export interface RecordingLogger extends Logger {
  readonly events: LoggedEvent[]
}

export function recordingLogger(events: LoggedEvent[] = [], bindings: LogFields = {}): RecordingLogger {
  const record =
    (level: LoggedEvent['level']) =>
    (event: string, fields: LogFields = {}): void =>
      void events.push({ level, event, fields: { ...bindings, ...fields } })
  return {
    events,
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    child: (more) => recordingLogger(events, { ...bindings, ...more }),
  }
}
