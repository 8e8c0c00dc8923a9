/** A process inside the test: what it was given, and what it wrote. */
import type { Forget, Io, Output } from '../io.ts'

export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Text, or pieces that arrive as the iterable has them. */
  readonly stdin?: string | AsyncIterable<Uint8Array>
  readonly files?: Readonly<Record<string, string>>
  /** Which of the streams are terminals. */
  readonly terminals?: readonly ('stdin' | 'stdout' | 'stderr')[]
}

export class FakeOutput implements Output {
  readonly isTerminal: boolean
  readonly columns = 80
  isClosed = false
  text = ''
  readonly #decoder = new TextDecoder()
  readonly #listeners = new Set<() => void>()
  /** Called after each write. */
  onWrite: () => void = () => {}

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.isClosed) return
    this.text += typeof data === 'string' ? data : this.#decoder.decode(data, { stream: true })
    this.onWrite()
  }

  onClosed(listener: () => void): Forget {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The reader goes away. */
  close(): void {
    this.isClosed = true
    for (const listener of this.#listeners) listener()
  }
}

export class FakeIo implements Io {
  readonly env: Readonly<Record<string, string>>
  readonly stdin: Io['stdin']
  readonly stdout: FakeOutput
  readonly stderr: FakeOutput
  readonly #files: Readonly<Record<string, string>>
  readonly #stops = new Set<() => void>()
  readonly #ticks = new Set<() => void>()
  #nowMs = 0

  constructor(options: FakeIoOptions = {}) {
    const isTerminal = (name: 'stdin' | 'stdout' | 'stderr'): boolean => options.terminals?.includes(name) ?? false
    const { stdin = '' } = options
    this.env = options.env ?? {}
    this.#files = options.files ?? {}
    this.stdin = { isTerminal: isTerminal('stdin'), chunks: () => (typeof stdin === 'string' ? once(stdin) : stdin) }
    this.stdout = new FakeOutput(isTerminal('stdout'))
    this.stderr = new FakeOutput(isTerminal('stderr'))
  }

  openFile(path: string): AsyncIterable<Uint8Array> {
    const content = this.#files[path]
    return content === undefined ? failing(path) : once(content)
  }

  readTextFile(path: string): string {
    const content = this.#files[path]
    if (content === undefined) throw missing(path)
    return content
  }

  onStop(stop: () => void): Forget {
    this.#stops.add(stop)
    return () => this.#stops.delete(stop)
  }

  now(): number {
    return this.#nowMs
  }

  every(_intervalMs: number, run: () => void): Forget {
    this.#ticks.add(run)
    return () => this.#ticks.delete(run)
  }

  async sleep(ms: number): Promise<void> {
    this.tick(ms)
  }

  /** As Ctrl-C does. */
  stop(): void {
    for (const stop of this.#stops) stop()
  }

  get isListeningForStop(): boolean {
    return this.#stops.size > 0
  }

  tick(ms: number): void {
    this.#nowMs += ms
    for (const run of this.#ticks) run()
  }

  get isTicking(): boolean {
    return this.#ticks.size > 0
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield new TextEncoder().encode(text)
}

async function* failing(path: string): AsyncGenerator<Uint8Array> {
  yield* once('')
  throw missing(path)
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' })
}
