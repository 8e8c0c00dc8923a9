/** Where two transcripts of a scenario part, answer by answer: the first exchange that is not the same, and what is another in it. */
import type { Exchange, Transcript } from './transcript.ts'

export interface Parting {
  readonly api: string
  readonly version: number
  /** What was asked, as text. */
  readonly request: string
  /** The answer's text; null: none came. */
  readonly expected: string | null
  readonly found: string | null
}

/** Empty when they are the same, or when even the requests are others. */
export function partingsOf(expected: Transcript, found: Transcript): readonly Parting[] {
  const index = expected.exchanges.findIndex((exchange, at) => JSON.stringify(exchange) !== JSON.stringify(found.exchanges[at]))
  const [left, right] = [expected.exchanges[index], found.exchanges[index]]
  if (left === undefined || right === undefined || left.request !== right.request) return []
  const steps = new Set([...left.answers, ...right.answers].map(({ step }) => step))
  return [...steps].flatMap((step) => {
    const request = expected.exchanges[step - 1]?.request ?? ''
    const [, api = '', version = ''] = request.split(' ')
    const parting = { api, version: Number(version), request, expected: answerTo(left, step), found: answerTo(right, step) }
    return parting.expected === parting.found ? [] : [parting]
  })
}

function answerTo({ answers }: Exchange, step: number): string | null {
  return answers.find((answer) => answer.step === step)?.text ?? null
}
