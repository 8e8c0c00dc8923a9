/** A broker in a process of its own, on one directory and one port through all of its lives. */
import { CliProcess, type CliResult } from '../cli-process.ts'

export interface BrokerProcessOptions {
  readonly dataDir: string
  readonly flags?: readonly string[]
}

export class BrokerProcess implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly #options: BrokerProcessOptions
  #port = 0
  #process: CliProcess | null = null

  private constructor(options: BrokerProcessOptions) {
    this.#options = options
  }

  static async start(options: BrokerProcessOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess(options)
    await broker.start()
    return broker
  }

  get port(): number {
    return this.#port
  }

  get address(): string {
    return `${this.host}:${this.#port}`
  }

  get pid(): number {
    return this.#running().child.pid as number
  }

  /** What this life has said to standard error. */
  get stderr(): string {
    return this.#running().stderr
  }

  /** Resolves when it is ready; from the second life on, on the port of the first. */
  async start(): Promise<void> {
    const { dataDir, flags = [] } = this.#options
    const started = new CliProcess(['start', '--json', '--host', this.host, '--port', `${this.#port}`, '--data-dir', dataDir, ...flags])
    this.#process = started
    const [, port] = await started.says(/"ready","address":"127\.0\.0\.1:(\d+)"/)
    this.#port = Number(port)
  }

  /** Resolves when the process is gone. */
  async stop(signal: NodeJS.Signals): Promise<CliResult> {
    const result = await this.#running().stop(signal)
    this.#process = null
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
  }

  #running(): CliProcess {
    if (this.#process === null) throw new Error('the broker is not running')
    return this.#process
  }
}
