/**
 * Logging as the rest of Millrace sees it. The event name comes first and is constant, the fields carry what varies; no
 * caller builds a sentence out of values.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A logger that adds `bindings` to every line, such as `{ topic, partition }`. */
  child(bindings: LogFields): Logger
}

export type LogFields = Readonly<Record<string, unknown>>
