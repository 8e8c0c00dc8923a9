/** The `millrace` command as a process of its own, from its sources. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const DEADLINE_MS = 30_000

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface CliResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class CliProcess implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams
  stdout = ''
  stderr = ''
  readonly #ended: Promise<CliResult>

  constructor(args: readonly string[], { env = {}, cwd }: CliOptions = {}) {
    // What npm tells its scripts would be taken for a call through npm.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|MILLRACE_|DEBUG$)/.test(name))
    this.child = spawn(process.execPath, ['--conditions=@millrace/source', MAIN, ...args], {
      env: { ...Object.fromEntries(inherited), ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.child.stdin.on('error', () => {})
    this.#ended = once(this.child, 'close').then(([exitCode, signal]) => ({
      exitCode: exitCode as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  /** Resolves with how the process ended. Rejects when it does not. */
  ended(): Promise<CliResult> {
    return within(this.#ended, () => `the command did not end; it said ${JSON.stringify([this.stdout, this.stderr])}`)
  }

  /** Resolves when standard output matches. Rejects when the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const matching = new Promise<RegExpExecArray>((resolve) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout)
        if (match !== null) resolve(match)
      }
      this.child.stdout.on('data', look)
      look()
    })
    const ending = this.#ended.then(({ stderr }) => {
      throw new Error(`the command ended before it said ${String(pattern)}: ${stderr}`)
    })
    return within(Promise.race([matching, ending]), () => `the command did not say ${String(pattern)} but ${JSON.stringify(this.stdout)}`)
  }

  /** Sends the signal and resolves with how the process ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<CliResult> {
    this.child.kill(signal)
    return this.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
  }
}

/** Runs the command to its end with this standard input. */
export async function millrace(args: readonly string[], options: CliOptions & { readonly stdin?: string } = {}): Promise<CliResult> {
  await using command = new CliProcess(args, options)
  command.child.stdin.end(options.stdin ?? '')
  return await command.ended()
}

async function within<Result>(promise: Promise<Result>, message: () => string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), DEADLINE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
