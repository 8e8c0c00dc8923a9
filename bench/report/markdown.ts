/** One scenario's result as a table for people. */
import type { Machine } from './machine.ts'
import type { Score } from './scoreboard.ts'
import type { Summary } from './statistics.ts'

/** More than this, and wall times and latencies tell of the other work. CPU seconds bear a little more. */
const DISTURBING_CORES = 0.3

export function isDisturbed(otherCores: number): boolean {
  return otherCores > DISTURBING_CORES
}

export type Report = {
  readonly scenario: string
  readonly title: string
  readonly names: { readonly reference: string; readonly subject: string }
  readonly runs: number
  readonly machine: Machine
  /** Cores that other work on the machine kept busy, on average. */
  readonly otherCores: number
  readonly scores: readonly Score[]
}

export function toMarkdown({ scenario, title, names, runs, machine, otherCores, scores }: Report): string {
  const verdict = otherCores > DISTURBING_CORES ? ': **too much, run it again**' : ''
  const gibibytes = Math.round(machine.memoryBytes / 1024 ** 3)
  const lines = [
    `# ${scenario}`,
    '',
    title,
    '',
    `| measure | unit | ${names.reference} | ${names.subject} | ratio | target | met |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...scores.map(row),
    '',
    `Medians, with the least and the greatest sample in brackets; runs: ${runs}.`,
    `Other work kept ${otherCores.toFixed(2)} of ${machine.cores} cores busy${verdict}.`,
    '',
    `${machine.date}, commit ${machine.commit}, Node ${machine.node}, Kafka ${machine.kafka}, ${machine.cores} cores of ${machine.cpu}, ` +
      `${gibibytes} GiB, Linux ${machine.kernel}.`,
  ]
  return `${lines.join('\n')}\n`
}

function row({ measure, reference, subject, ratio, isMet, isClear }: Score): string {
  const targets: string[] = []
  if (measure.maxRatio !== undefined) targets.push(`ratio <= ${measure.maxRatio}`)
  if (measure.maxValue !== undefined) targets.push(`<= ${formatNumber(measure.maxValue)} ${measure.unit}`)
  const verdict = isMet === null ? '' : `${isMet ? 'yes' : 'no'}${isClear ? '' : ', within the spread'}`
  const cells = [
    measure.name,
    measure.unit,
    cell(reference),
    cell(subject),
    ratio === null ? '' : ratio.toFixed(2),
    targets.join(', '),
    verdict,
  ]
  return `| ${cells.join(' | ')} |`
}

function cell(summary: Summary | null): string {
  if (summary === null) return '-'
  const { median, min, max, samples } = summary
  return samples === 1 ? formatNumber(median) : `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`
}

/** Three significant digits, without exponents. */
export function formatNumber(value: number): string {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  return value.toFixed(Math.max(0, Math.min(4, 2 - magnitude)))
}
