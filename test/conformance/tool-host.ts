/** Apache Kafka's tools in one process that stays: what takes a second as a process of its own takes a fraction of that here. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaHome } from './apache-kafka.ts'
import { JAVA_FLAGS, kafkaTool, type ToolResult, toolLines } from './kafka-tool.ts'

const PROGRAM = fileURLToPath(new URL('java/ToolHost.java', import.meta.url))
/** They count in variables of their class, or read standard input, and so are good for one run of a process. */
const ONCE_A_PROCESS = /\.(ConsoleConsumer|ConsoleProducer|ProducerPerformance|VerifiableConsumer)$/
const LINE_FEED = 10

export class ToolHost implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}
  /** The end of the tool before: they run one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor() {
    const classpath = join(kafkaHome ?? '', 'libs', '*')
    this.#child = spawn('java', [...JAVA_FLAGS, '-cp', classpath, PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdin?.on('error', () => {})
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    this.#closed = once(this.#child, 'close').finally(() => this.#wake())
  }

  run(name: string, args: readonly string[], stdin = ''): Promise<ToolResult> {
    if (ONCE_A_PROCESS.test(name)) return kafkaTool(name, args, stdin)
    const result = this.#last.then(() => this.#next(`${[name, ...args].join('\t')}\n`))
    this.#last = result.catch(() => {})
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  async #next(request: string): Promise<ToolResult> {
    this.#child.stdin?.write(request)
    const headBytes = await this.#until(() => this.#received.indexOf(LINE_FEED) + 1)
    const [exitCode = 1, bodyBytes = 0] = this.#received.toString('utf8', 0, headBytes).split(' ').map(Number)
    const endsAt = headBytes + bodyBytes
    await this.#until(() => (this.#received.length >= endsAt ? endsAt : 0))
    const text = this.#received.toString('utf8', headBytes, endsAt)
    this.#received = this.#received.subarray(endsAt)
    return { exitCode, lines: toolLines(text) }
  }

  /** Resolves with what `found` gives once that is more than nothing. */
  async #until(found: () => number): Promise<number> {
    for (;;) {
      const value = found()
      if (value > 0) return value
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error('the process of the tools has ended')
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
