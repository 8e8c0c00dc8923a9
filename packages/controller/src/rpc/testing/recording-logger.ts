/** A logger that remembers, for tests that ask what people are told. */
import type { LogFields, Logger } from '@millrace/runtime'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: LogFields | undefined
}

export interface RecordingLogger extends Logger {
  readonly lines: readonly LogLine[]
}

export function recordingLogger(): RecordingLogger {
  const lines: LogLine[] = []
  const writer = (level: LogLine['level']) => (event: string, fields?: LogFields) => void lines.push({ level, event, fields })
  const logger: RecordingLogger = {
    lines,
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    child: () => logger,
  }
  return logger
}
