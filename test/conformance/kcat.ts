/** kcat, a command line of librdkafka: the client that most languages' clients are made of. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'

export const hasKcat = spawnSync('kcat', ['-V']).status === 0

export interface KcatResult {
  readonly exitCode: number | null
  /** Of standard output. */
  readonly sha256: string
  readonly bytes: number
  readonly stderr: string
}

export class Kcat {
  readonly child: ChildProcess
  /** Standard output as text, of runs that were asked to keep it. */
  text = ''
  /** What it has said on standard error lately. */
  notes = ''
  readonly #ended: Promise<KcatResult>

  constructor(args: readonly string[], { keepsText = false }: { readonly keepsText?: boolean } = {}) {
    const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    const hash = createHash('sha256')
    let bytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      bytes += chunk.length
      if (keepsText) this.text += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => (this.notes = `${this.notes}${chunk.toString()}`.slice(-4_000)))
    this.#ended = once(child, 'close').then(([exitCode]) => ({
      exitCode: exitCode as number | null,
      sha256: hash.digest('hex'),
      bytes,
      stderr: this.notes,
    }))
  }

  ended(): Promise<KcatResult> {
    return this.#ended
  }
}

/** Runs kcat to its end, and throws what it complained about when it failed. */
export async function kcat(args: readonly string[]): Promise<KcatResult> {
  const result = await new Kcat(args).ended()
  if (result.exitCode !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${result.exitCode}: ${result.stderr}`)
  return result
}

/** All lines of a partition from its start to its end, as digest and size. */
export function kcatReads(address: string, topic: string): Promise<KcatResult> {
  return kcat(['-C', '-b', address, '-t', topic, '-p', '0', '-o', 'beginning', '-e', '-q'])
}
