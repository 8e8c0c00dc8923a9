/** A machine made of nothing: files, processes and ports in memory, and a clock that moves when somebody waits. */
import type { Machine } from '../local-cluster/machine.ts'

export class FakeMachine implements Machine {
  readonly files = new Map<string, string>()
  /** Configuration file by pid. */
  readonly processes = new Map<number, string>()
  readonly takenPorts = new Set<number>()
  /** Signals that were sent, as `pid signal`. */
  readonly signals: string[] = []
  /** Pids that go on after SIGTERM. */
  readonly stubborn = new Set<number>()
  /** Called before each wait is over. */
  onWait: () => void = () => {}
  /** Called for each process that starts; false: it ends at once. */
  onStart: (configuration: string) => boolean = () => true
  #nowMs = 0
  #nextPid = 100

  absolute(path: string): string {
    return path.startsWith('/') ? path : `/here/${path.replace('./', '')}`
  }

  readText(path: string): string | null {
    return this.files.get(path) ?? null
  }

  writeText(path: string, content: string): void {
    this.files.set(path, content)
  }

  removeFile(path: string): void {
    this.files.delete(path)
  }

  createDirectory(): void {}

  startCommand(args: readonly string[], outputPath: string): number {
    const configuration = args.at(-1) as string
    const pid = this.#nextPid++
    if (this.onStart(configuration)) this.processes.set(pid, configuration)
    else this.files.set(outputPath, 'error: it cannot be\n')
    return pid
  }

  isRunning(pid: number, argument: string): boolean {
    return this.processes.get(pid) === argument
  }

  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
    this.signals.push(`${pid} ${signal}`)
    if (signal === 'SIGKILL' || !this.stubborn.has(pid)) this.processes.delete(pid)
  }

  async isPortFree(_host: string, port: number): Promise<boolean> {
    return !this.takenPorts.has(port)
  }

  sizeOf(path: string): number {
    return this.files.get(path)?.length ?? 0
  }

  readFrom(path: string, position: number): Uint8Array {
    return new TextEncoder().encode(this.files.get(path)?.slice(position))
  }

  nowMs(): number {
    return this.#nowMs
  }

  async wait(ms: number): Promise<void> {
    this.#nowMs += ms
    this.onWait()
  }
}
