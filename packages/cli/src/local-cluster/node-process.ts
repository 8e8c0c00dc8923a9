/**
 * The process of one node: found by its pid file, and believed only when the process of that number runs our command on this
 * node's configuration. A number is given to somebody else soon after its process has ended, and nobody else is to be ended.
 */
import type { Machine } from './machine.ts'
import type { NodePaths } from './cluster-plan.ts'

const POLL_MS = 50

export class NodeProcess {
  readonly #machine: Machine
  readonly #paths: NodePaths

  constructor(machine: Machine, paths: NodePaths) {
    this.#machine = machine
    this.#paths = paths
  }

  /** Its pid while it runs. */
  pid(): number | null {
    const text = this.#machine.readText(this.#paths.pid)
    const pid = text !== null && /^\d{1,10}\s*$/.test(text) ? Number(text) : null
    return pid !== null && this.#isOurs(pid) ? pid : null
  }

  /** Whether a pid file is left of a process that did not end in good order. */
  hasFallen(): boolean {
    return this.#machine.readText(this.#paths.pid) !== null && this.pid() === null
  }

  start(): number {
    const pid = this.#machine.startCommand(['start', '--config', this.#paths.configuration], this.#paths.log)
    this.#machine.writeText(this.#paths.pid, `${pid}\n`)
    return pid
  }

  /** Sends the signal and waits for the end of the process. False when it goes on after `deadlineMs`. */
  async end(signal: 'SIGTERM' | 'SIGKILL', deadlineMs: number): Promise<boolean> {
    const pid = this.pid()
    if (pid !== null) {
      this.#machine.signal(pid, signal)
      if (!(await this.#hasEnded(pid, deadlineMs))) return false
    }
    this.#machine.removeFile(this.#paths.pid)
    return true
  }

  async #hasEnded(pid: number, deadlineMs: number): Promise<boolean> {
    const untilMs = this.#machine.nowMs() + deadlineMs
    while (this.#isOurs(pid)) {
      if (this.#machine.nowMs() >= untilMs) return false
      await this.#machine.wait(POLL_MS)
    }
    return true
  }

  #isOurs(pid: number): boolean {
    return this.#machine.isRunning(pid, this.#paths.configuration)
  }
}
