/** The command line of a benchmark. */
import { parseArgs } from 'node:util'

export type Options = {
  readonly scenarios: readonly string[]
  /** Null: the scenario's own number. */
  readonly runs: number | null
  /** Small loads, to see that it works: the figures mean little and are not kept. */
  readonly isQuick: boolean
  /** Kafka against itself shows how far two equal brokers differ here. */
  readonly subject: 'millrace' | 'kafka'
  readonly only: 'both' | 'reference' | 'subject'
  /** Kafka takes this port and the next, the other broker the tenth from here. */
  readonly port: number
}

export const USAGE = `npm run bench -- SCENARIO... [--runs N] [--quick] [--subject millrace|kafka] [--only reference|subject] [--port P]`

export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      subject: { type: 'string', default: 'millrace' },
      only: { type: 'string', default: 'both' },
      port: { type: 'string', default: '19300' },
    },
  })
  return {
    scenarios: positionals,
    runs: values.runs === undefined ? null : positiveInteger('--runs', values.runs),
    isQuick: values.quick,
    subject: oneOf('--subject', values.subject, ['millrace', 'kafka'] as const),
    only: oneOf('--only', values.only, ['both', 'reference', 'subject'] as const),
    port: positiveInteger('--port', values.port),
  }
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} takes a positive whole number, not ${text}`)
  return value
}

function oneOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw new Error(`${name} takes one of ${choices.join(', ')}, not ${text}`)
  return choice
}
