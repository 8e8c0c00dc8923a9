/** What a worker's process is told on its command line, and what it says on standard output, one line each. */
import { parseArgs } from 'node:util'

export interface WorkerOptions {
  readonly brokers: string
  /** Its place among the workers of its kind, which is also the partition of the one that copies. */
  readonly index: number
  /** How many processes of this worker there were before. */
  readonly incarnation: number
}

export type Word =
  /** The broker has confirmed it. Of a transfer: its id. Of a copy: the offset up to which it went. */
  'committed' | 'aborted'

export function workerOptions(): WorkerOptions {
  const { values } = parseArgs({
    options: { brokers: { type: 'string' }, index: { type: 'string' }, incarnation: { type: 'string' } },
  })
  return { brokers: values.brokers ?? '', index: Number(values.index), incarnation: Number(values.incarnation) }
}

export function workerArguments({ brokers, index, incarnation }: WorkerOptions): readonly string[] {
  return ['--brokers', brokers, '--index', String(index), '--incarnation', String(incarnation)]
}

export function say(word: Word, what: string): void {
  process.stdout.write(`${word} ${what}\n`)
}
