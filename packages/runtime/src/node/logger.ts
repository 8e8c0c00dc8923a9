/**
 * pino behind the logger port: one line of JSON per event, the event's name as `msg`.
 *
 * pino is loaded by the first line that is really written. An embedded broker that logs nothing then starts without it,
 * which is worth 20 ms. Lines are written synchronously: there are few (state changes, never requests), and the last one
 * before a crash is the one that matters.
 */
import { createRequire } from 'node:module'
import type { Logger as Pino, LoggerOptions as PinoOptions } from 'pino'
import type { LogFields, Logger } from '../ports/logger.ts'

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50, silent: Number.POSITIVE_INFINITY } as const

export type LogLevel = keyof typeof LEVELS

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

export interface LoggerOptions {
  /** The least severe level that is written; `info` when absent. */
  readonly level?: LogLevel
  /** Where lines go; standard output when absent. An object receives each line with its newline. */
  readonly destination?: 'stdout' | 'stderr' | { write(line: string): void }
}

type WrittenLevel = Exclude<LogLevel, 'silent'>

class PinoLogger implements Logger {
  readonly #threshold: number
  readonly #load: () => Pino
  #pino: Pino | undefined

  constructor(threshold: number, load: () => Pino) {
    this.#threshold = threshold
    this.#load = load
  }

  debug(event: string, fields?: LogFields): void {
    this.#write('debug', event, fields)
  }

  info(event: string, fields?: LogFields): void {
    this.#write('info', event, fields)
  }

  warn(event: string, fields?: LogFields): void {
    this.#write('warn', event, fields)
  }

  error(event: string, fields?: LogFields): void {
    this.#write('error', event, fields)
  }

  child(bindings: LogFields): Logger {
    return new PinoLogger(this.#threshold, () => this.#loaded().child(bindings))
  }

  #write(level: WrittenLevel, event: string, fields: LogFields | undefined): void {
    if (LEVELS[level] < this.#threshold) return
    const pino = this.#loaded()
    if (fields === undefined) pino[level](event)
    else pino[level](fields, event)
  }

  #loaded(): Pino {
    this.#pino ??= this.#load()
    return this.#pino
  }
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const level = options.level ?? 'info'
  if (level === 'silent') return silentLogger
  return new PinoLogger(LEVELS[level], () => loadPino(level, options.destination ?? 'stdout'))
}

/** Writes nothing, costs nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}

function loadPino(level: WrittenLevel, destination: NonNullable<LoggerOptions['destination']>): Pino {
  const { pino } = createRequire(import.meta.url)('pino') as typeof import('pino')
  const options: PinoOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err, cause: pino.stdSerializers.err },
  }
  if (typeof destination === 'object') return pino(options, destination)
  return pino(options, pino.destination({ dest: destination === 'stdout' ? 1 : 2, sync: true }))
}
