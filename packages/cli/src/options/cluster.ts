/** Which cluster a command talks to, and the client that does. */
import { type Client, createClient } from '@millrace/client'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { type PresentationOptions, withPresentationOptions } from './presentation.ts'
import { wholeNumber } from './values.ts'

export interface ClusterOptions extends PresentationOptions {
  readonly brokers: string
  /** Seconds. */
  readonly timeout: number
}

export function withClusterOptions(command: Command, { io }: CommandContext, examples: readonly string[]): Command {
  const brokers = new Option('-b, --brokers <addresses>', 'brokers to begin with, as host:port with commas between')
  const timeout = new Option('--timeout <seconds>', 'how long to try').argParser(wholeNumber(1, 3_600)).default(30)
  command
    .addOption(brokers.default(io.env['MILLRACE_BROKERS'] || '127.0.0.1:9092', '127.0.0.1:9092, or $MILLRACE_BROKERS'))
    .addOption(timeout)
  return withPresentationOptions(command, examples)
}

/** Runs `use` with a client that has reached a broker, and closes it. Rejects at once when no broker can be reached. */
export async function withClient<Result>(options: ClusterOptions, use: (client: Client) => Promise<Result>): Promise<Result> {
  const timeoutMs = options.timeout * 1_000
  await using client = createClient({
    brokers: options.brokers,
    clientId: 'millrace-cli',
    connectTimeoutMs: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
    requestTimeoutMs: timeoutMs,
    retryTimeoutMs: timeoutMs,
  })
  await client.connect()
  return await use(client)
}

const CONNECT_TIMEOUT_MS = 5_000
