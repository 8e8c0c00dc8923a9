/** The local cluster as a person runs it: by its command, a process of its own each time. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = 'packages/cli/bin/from-source.js'
const run = promisify(execFile)

export interface NodeStatus {
  readonly nodeId: number
  readonly address: string
  readonly pid: number | null
  readonly state: string
}

export class ClusterCommand {
  readonly dataDir: string

  constructor(dataDir: string) {
    this.dataDir = dataDir
  }

  async up(nodes: number, basePort: number, configs: readonly string[] = []): Promise<readonly NodeStatus[]> {
    const sets = configs.flatMap((config) => ['--set', config])
    return this.#status('up', '--nodes', String(nodes), '--base-port', String(basePort), ...sets)
  }

  status(): Promise<readonly NodeStatus[]> {
    return this.#status('status')
  }

  start(nodeId: number): Promise<readonly NodeStatus[]> {
    return this.#status('start', String(nodeId))
  }

  down(): Promise<readonly NodeStatus[]> {
    return this.#status('down')
  }

  restart(): Promise<readonly NodeStatus[]> {
    return this.#status('restart')
  }

  async kill(nodeId: number): Promise<void> {
    await this.call('kill', String(nodeId))
  }

  /** What the command says on standard output; rejects with what it says on standard error. */
  async call(...args: readonly string[]): Promise<string> {
    const words = ['--conditions=@millrace/source', MAIN, 'cluster', ...args, '--data', this.dataDir, '--json']
    const { stdout } = await run(process.execPath, words, { cwd: ROOT })
    return stdout
  }

  async #status(...args: readonly string[]): Promise<readonly NodeStatus[]> {
    return JSON.parse(await this.call(...args)) as readonly NodeStatus[]
  }
}
