/**
 * Keeps one process of each worker alive: one that ends, of itself or because it was killed, is followed by another. What they say
 * is collected, also from those that are not to be there any more.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Word, workerArguments } from './process-words.ts'

/** So that a worker that ends at once does not take the processor. */
const RESTART_PAUSE_MS = 200
const STOP_DEADLINE_MS = 60_000
const STDERR_CHARACTERS_MAX = 2_000

export type WorkerKind = 'copy' | 'transfer'

export interface WorkerName {
  readonly kind: WorkerKind
  readonly index: number
}

interface Worker extends WorkerName {
  incarnations: number
  process: ChildProcess
  /** Times that a broker confirmed something to its present process. */
  confirmed: number
}

export class Workers {
  readonly committed: Readonly<Record<WorkerKind, string[]>> = { copy: [], transfer: [] }
  readonly aborted: Readonly<Record<WorkerKind, string[]>> = { copy: [], transfer: [] }
  /** Processes that ended without being told to. */
  failures = 0
  lastFailure = ''
  readonly #brokers: string
  readonly #workers: Worker[] = []
  readonly #all = new Set<ChildProcess>()
  #isStopping = false

  constructor(brokers: string, names: readonly WorkerName[]) {
    this.#brokers = brokers
    for (const name of names) {
      const worker: Worker = { ...name, incarnations: 0, confirmed: 0, process: undefined as unknown as ChildProcess }
      this.#workers.push(worker)
      this.#start(worker)
    }
  }

  get count(): number {
    return this.#workers.length
  }

  /** Workers whose present process has had nothing confirmed yet. */
  silent(): readonly WorkerName[] {
    return this.#workers.filter(({ confirmed }) => confirmed === 0).map(({ kind, index }) => ({ kind, index }))
  }

  /** Forgets what has been confirmed, so that `silent` tells who has had nothing since. */
  listenAnew(): void {
    for (const worker of this.#workers) worker.confirmed = 0
  }

  /** Signal 9; the next process follows. */
  kill(index: number): void {
    this.#workers[index]?.process.kill('SIGKILL')
  }

  /** The process is stopped in the middle of what it does, and another one takes its place; `wake` lets it go on. */
  replace(index: number): { wake(): void } {
    const worker = this.#workers[index] as Worker
    const zombie = worker.process
    zombie.kill('SIGSTOP')
    this.#start(worker)
    return { wake: () => void zombie.kill('SIGCONT') }
  }

  /** Lets each end what it is at. Rejects when one does not. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const running = this.#workers.filter(({ process }) => process.exitCode === null && process.signalCode === null)
    const ends = running.map(({ process }) => once(process, 'exit'))
    for (const { process } of this.#workers) process.kill('SIGTERM')
    const deadline = Promise.withResolvers<never>()
    const timer = setTimeout(() => deadline.reject(new Error('a worker does not end')), STOP_DEADLINE_MS)
    await Promise.race([Promise.all(ends), deadline.promise])
    clearTimeout(timer)
    this.killAll()
  }

  killAll(): void {
    this.#isStopping = true
    for (const process of this.#all) process.kill('SIGKILL')
  }

  #start(worker: Worker): void {
    const { kind, index } = worker
    const file = fileURLToPath(new URL(`${kind}-worker.ts`, import.meta.url))
    const options = { brokers: this.#brokers, index, incarnation: worker.incarnations }
    const child = spawn(process.execPath, ['--conditions=@millrace/source', file, ...workerArguments(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    worker.incarnations += 1
    worker.confirmed = 0
    worker.process = child
    this.#all.add(child)
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString()}`.slice(-STDERR_CHARACTERS_MAX)))
    createInterface(child.stdout).on('line', (line) => {
      const [word, what = ''] = line.split(' ') as [Word, string?]
      this[word][kind].push(what)
      if (worker.process === child) worker.confirmed += 1
    })
    child.once('exit', (exitCode) => {
      this.#all.delete(child)
      if (exitCode !== null && exitCode !== 0) {
        this.failures += 1
        this.lastFailure = stderr
      }
      if (worker.process === child && !this.#isStopping) setTimeout(() => this.#isStopping || this.#start(worker), RESTART_PAUSE_MS)
    })
  }
}
