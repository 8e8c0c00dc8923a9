/**
 * What was asked and answered in a scenario, as text that is kept and compared:
 *
 *     ## classic: the leader's sync answers everybody
 *     1 a JoinGroup 5 {groupId: g, ...}
 *       1 -> {generationId: 1, ...}
 *     2 b SyncGroup 3 {...}
 *     3 a SyncGroup 3 {...}
 *       2 -> {...}
 *       3 -> {...}
 *
 * Under each request stand the answers that came before the next one was sent, which may be those to earlier requests. An answer
 * that stands nowhere never came.
 */
export interface Transcript {
  readonly name: string
  readonly exchanges: readonly Exchange[]
}

export interface Exchange {
  readonly request: string
  /** In the order of the requests. */
  readonly answers: readonly Answer[]
}

export interface Answer {
  /** Of which request, counted from 1. */
  readonly step: number
  readonly text: string
}

export function transcriptText({ name, exchanges }: Transcript): string {
  const lines = exchanges.flatMap(({ request, answers }, index) => [
    `${index + 1} ${request}`,
    ...answers.map(({ step, text }) => `  ${step} -> ${text}`),
  ])
  return [`## ${name}`, ...lines, ''].join('\n')
}

/** The transcripts of a file, by name. */
export function parseTranscripts(file: string): ReadonlyMap<string, Transcript> {
  const sections = file.split(/^## /m).slice(1)
  return new Map(sections.map(parseSection).map((transcript) => [transcript.name, transcript]))
}

function parseSection(section: string): Transcript {
  const [name = '', ...lines] = section.split('\n')
  const exchanges: { readonly request: string; readonly answers: Answer[] }[] = []
  for (const line of lines) {
    const answer = /^ {2}(\d+) -> (.*)$/.exec(line)
    if (answer !== null) exchanges.at(-1)?.answers.push({ step: Number(answer[1]), text: answer[2] ?? '' })
    else if (line !== '') exchanges.push({ request: line.replace(/^\d+ /, ''), answers: [] })
  }
  return { name, exchanges }
}

/** Where two transcripts part, as people read it; null when they are the same. */
export function difference(expected: Transcript, found: Transcript): string | null {
  const [left, right] = [expected, found].map(({ exchanges }) => exchanges.map(exchangeText)) as [string[], string[]]
  const index = left.findIndex((text, at) => text !== right[at])
  if (index < 0) return left.length === right.length ? null : `${expected.name}: ${right.length} exchanges instead of ${left.length}`
  const before = left.slice(0, index).map((text, at) => `${at + 1} ${text}`)
  return [`## ${expected.name}`, ...before, `${index + 1} expected:`, left[index], `${index + 1} found:`, right[index] ?? 'nothing'].join(
    '\n',
  )
}

function exchangeText({ request, answers }: Exchange): string {
  return [request, ...answers.map(({ step, text }) => `  ${step} -> ${text}`)].join('\n')
}
