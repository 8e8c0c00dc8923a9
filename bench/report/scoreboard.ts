/** Collects the samples of one scenario, and judges them against what the scenario has to reach. */
import { type Summary, summarize } from './statistics.ts'

/** Whose sample: Kafka's, or that of the broker which is held against it. */
export type Role = 'reference' | 'subject'

export type Measure = {
  readonly name: string
  readonly unit: string
  /** The subject's median is at most this many times the reference's. */
  readonly maxRatio?: number
  /** The subject's median is at most this, in the measure's unit. */
  readonly maxValue?: number
}

export type Score = {
  readonly measure: Measure
  readonly reference: Summary | null
  readonly subject: Summary | null
  /** Subject to reference, of the medians. Below 1 the subject is the better: every measure is a cost. */
  readonly ratio: number | null
  /** Null when there is no target, or nothing to judge. */
  readonly isMet: boolean | null
  /** Whether every pair of samples would have given the same verdict. False: the medians decide within the spread. */
  readonly isClear: boolean
}

export type Scoreboard = {
  add(measure: Measure, role: Role, value: number): void
  scores(): Score[]
  /** Every sample in the order it was taken. */
  samples(): { readonly measure: string; readonly role: Role; readonly values: readonly number[] }[]
}

/** `onSample` hears of each sample as it comes. */
export function createScoreboard(onSample: (measure: Measure, role: Role, value: number) => void): Scoreboard {
  const rows = new Map<string, { measure: Measure; reference: number[]; subject: number[] }>()
  return {
    add(measure, role, value) {
      const row = rows.get(measure.name) ?? { measure, reference: [], subject: [] }
      rows.set(measure.name, row)
      row[role].push(value)
      onSample(measure, role, value)
    },
    scores: () => [...rows.values()].map(score),
    samples: () =>
      [...rows.values()].flatMap(({ measure, reference, subject }) => [
        { measure: measure.name, role: 'reference' as const, values: reference },
        { measure: measure.name, role: 'subject' as const, values: subject },
      ]),
  }
}

function score(row: { readonly measure: Measure; readonly reference: readonly number[]; readonly subject: readonly number[] }): Score {
  const { measure } = row
  const reference = summarize(row.reference)
  const subject = summarize(row.subject)
  const ratio = reference === null || subject === null || reference.median <= 0 ? null : subject.median / reference.median
  const verdicts: Verdict[] = []
  if (measure.maxRatio !== undefined && reference !== null && subject !== null && ratio !== null) {
    verdicts.push(judge(subject, scale(reference, measure.maxRatio)))
  }
  if (measure.maxValue !== undefined && subject !== null) verdicts.push(judge(subject, scale(ONE, measure.maxValue)))
  return {
    measure,
    reference,
    subject,
    ratio,
    isMet: verdicts.length === 0 ? null : verdicts.every(({ isMet }) => isMet),
    isClear: verdicts.every(({ isClear }) => isClear),
  }
}

type Verdict = Pick<Score, 'isClear'> & { readonly isMet: boolean }
type Range = Pick<Summary, 'median' | 'min' | 'max'>

const ONE: Range = { median: 1, min: 1, max: 1 }

function scale({ median, min, max }: Range, factor: number): Range {
  return { median: median * factor, min: min * factor, max: max * factor }
}

function judge(subject: Range, limit: Range): Verdict {
  return { isMet: subject.median <= limit.median, isClear: subject.max <= limit.min || subject.min > limit.max }
}
