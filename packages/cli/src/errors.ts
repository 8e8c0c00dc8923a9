/** What ends a command, and what a person is told about it: one line that says what to do. */

/** As scripts know them. */
export const EXIT_CODES = { ok: 0, failed: 1, usage: 2 } as const

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

const USAGE_ERROR_CODE = 'ERR_CLI_USAGE'

/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  readonly code = USAGE_ERROR_CODE

  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** What was read (a line, a file) cannot be used. */
export class InputError extends Error {
  readonly code = 'ERR_CLI_INPUT'

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'InputError'
  }
}

export const LOCAL_CLUSTER_ERROR_CODES = {
  /** There is no such cluster, or no such node in it. */
  missing: 'ERR_CLI_CLUSTER_MISSING',
  /** What is there was made otherwise. */
  different: 'ERR_CLI_CLUSTER_DIFFERENT',
  unreadable: 'ERR_CLI_CLUSTER_UNREADABLE',
  portTaken: 'ERR_CLI_CLUSTER_PORT_TAKEN',
  notRunning: 'ERR_CLI_CLUSTER_NOT_RUNNING',
  /** A process ended that was to run. */
  fallen: 'ERR_CLI_CLUSTER_NODE_FALLEN',
  /** Something did not come about in time. */
  stuck: 'ERR_CLI_CLUSTER_STUCK',
} as const

type LocalClusterErrorCode = (typeof LOCAL_CLUSTER_ERROR_CODES)[keyof typeof LOCAL_CLUSTER_ERROR_CODES]

/** The cluster of processes on this machine cannot do what it is asked. */
export class LocalClusterError extends Error {
  readonly code: LocalClusterErrorCode

  constructor(code: LocalClusterErrorCode, message: string) {
    super(message)
    this.name = 'LocalClusterError'
    this.code = code
  }
}

export interface FailureReport {
  readonly exitCode: ExitCode
  /** Stable, for scripts; null for an error that has none. */
  readonly code: string | null
  /** Kafka's name for it, where a broker refused. */
  readonly kafkaError: string | null
  /** Several lines where there are several problems. */
  readonly message: string
}

/** `invocation` is how this command is called here, for what it suggests to try. */
export function reportOf(error: unknown, invocation: string): FailureReport {
  const fields: ErrorFields = typeof error === 'object' && error !== null ? error : {}
  const code = textOrNull(fields.code)
  const kafkaError = textOrNull(fields.kafkaError)
  const exitCode = code !== null && USAGE_CODES.has(code) ? EXIT_CODES.usage : EXIT_CODES.failed
  return { exitCode, code, kafkaError, message: messageFor(error, fields, invocation) }
}

/** The parts of the errors of server and client that are looked at here, without loading either. */
interface ErrorFields {
  readonly code?: unknown
  readonly kafkaError?: unknown
  readonly address?: unknown
  readonly cause?: unknown
}

const USAGE_CODES: ReadonlySet<string> = new Set([USAGE_ERROR_CODE, 'ERR_SERVER_CONFIGURATION', 'ERR_CLIENT_INVALID_ARGUMENT'])

function messageFor(error: unknown, fields: ErrorFields, invocation: string): string {
  const message = error instanceof Error ? error.message : String(error)
  if (fields.code === 'ERR_NETWORK_ADDRESS_IN_USE') return `${message}: is a broker running already? Choose another port with --port`
  if (fields.code === 'ERR_LOG_LOCKED') return `${message}; stop that broker, or choose another directory with --data-dir`
  if (fields.code === 'ERR_CLIENT_UNREACHABLE') return unreachable(message, fields, invocation)
  // What the client says to programs about its options is of no use here.
  if (fields.kafkaError === 'OFFSET_OUT_OF_RANGE') return `${message.split(';')[0]}; choose another place with --from`
  if (fields.kafkaError === 'UNKNOWN_TOPIC_OR_PARTITION') return `${message}; "${invocation} topic list" shows what there is`
  return message
}

function unreachable(message: string, { address, cause }: ErrorFields, invocation: string): string {
  const isRefused = typeof cause === 'object' && cause !== null && (cause as ErrorFields).code === 'ERR_NETWORK_REFUSED'
  if (!isRefused) return `${message}; check --brokers`
  return `no broker at ${String(address)} (connection refused): start one with "${invocation} start", or name another with --brokers`
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
