/**
 * What a scenario knows of a broker: how to prepare a directory, how to start a process over it, and what that process uses.
 *
 * Both brokers stand behind this one shape, so a scenario is written once and measures both the same way.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { cpuSeconds, memoryUse, type MemoryUse } from './process-usage.ts'

export type Launcher = {
  /** As printed in tables. */
  readonly name: string
  /** Configuration of a topic whose acknowledgements wait for the page cache only, and for the disk. */
  readonly topicConfigs: Readonly<Record<'replicated' | 'fsync', Readonly<Record<string, string>>>>
  /** Makes a directory ready for its first start; not part of any start-up time. */
  prepare(dataDir: string, port: number, options?: PrepareOptions): Promise<void>
  /** Starts the process and returns at once: whoever needs an answer asks the port. */
  start(dataDir: string, port: number): RunningBroker
  readonly cluster: ClusterLauncher
}

/** A cluster of one broker's kind: node N listens at the base port + N - 1. */
export type ClusterLauncher = {
  readonly name: string
  readonly topicConfigs: Launcher['topicConfigs']
  /** Makes the directories of all nodes ready; not part of any start-up time. */
  prepare(directory: string, basePort: number, nodes: number, options?: PrepareOptions): Promise<void>
  /** Starts the process of one node and returns at once. */
  start(directory: string, basePort: number, nodeId: number): RunningBroker
}

export type PrepareOptions = {
  /** A deleted topic frees its pages within seconds. False: whenever the broker's defaults say so. */
  readonly deletesSoon?: boolean
}

export type RunningBroker = {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** On the clock of `performance.now()`. */
  readonly startedAtMs: number
  cpuSeconds(): number
  memoryUse(): MemoryUse
  /** Throws, with the end of its output, when the process has ended by itself. */
  assertRunning(): void
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

export type Command = {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Receives stdout and stderr. */
  readonly outputPath: string
}

/** Ten thousand partitions need as many descriptors; `exec` keeps the shell's process id. */
const ALL_DESCRIPTORS = 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"'
const STOP_DEADLINE_MS = 120_000
const OUTPUT_TAIL_CHARACTERS = 2_000
const children = new Set<ChildProcess>()

/** Starts a broker's process; it dies with the benchmark, also when that is interrupted. */
export function spawnBroker(name: string, port: number, command: Command): RunningBroker {
  const log = openSync(command.outputPath, 'a')
  const startedAtMs = performance.now()
  const child = spawn('sh', ['-c', ALL_DESCRIPTORS, command.file, ...command.args], { cwd: command.cwd, stdio: ['ignore', log, log] })
  closeSync(log)
  const { pid } = child
  if (pid === undefined) throw new Error(`${name} did not start: no shell was found`)
  children.add(child)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      children.delete(child)
      resolve()
    })
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
    await ended
    clearTimeout(force)
  }
  return {
    name,
    port,
    pid,
    startedAtMs,
    cpuSeconds: () => cpuSeconds(pid),
    memoryUse: () => memoryUse(pid),
    assertRunning() {
      if (child.exitCode !== null || child.signalCode !== null) {
        const output = readFileSync(command.outputPath, 'utf8').slice(-OUTPUT_TAIL_CHARACTERS)
        throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}; it said at last:\n${output}`)
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** For the way out: no broker outlives the benchmark. */
export function killAllBrokers(): void {
  for (const child of children) child.kill('SIGKILL')
}
