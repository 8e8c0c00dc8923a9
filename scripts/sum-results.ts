/**
 * Sums the steps of a full check: `node scripts/sum-results.ts STEPS`, where each line of the file STEPS is a name, an exit
 * status and the path of a vitest JSON report ("-" for none), with tabs between. Its last line is `N passed, N failed`, with
 * `, N skipped` when there are any. The exit status is 1 when anything failed.
 */
import { readFileSync } from 'node:fs'
import { resultOf, type Step, summaryLine, sumOf } from './suite-results.ts'

const [stepsPath] = process.argv.slice(2)
if (stepsPath === undefined) throw new Error('usage: node scripts/sum-results.ts STEPS')

const results = readFileSync(stepsPath, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => resultOf(readStep(line)))
if (results.length === 0) throw new Error(`${stepsPath} names no step`)

const sum = sumOf(results)
for (const result of results) {
  console.log(`${result.name}: ${summaryLine(result)}${result.problem === null ? '' : ` (${result.problem})`}`)
}
console.log(summaryLine(sum))
process.exitCode = sum.failed === 0 ? 0 : 1

function readStep(line: string): Step {
  const [name = '', status = '', report = ''] = line.split('\t')
  return { name, exitStatus: Number(status), report: report === '-' ? undefined : readIfThere(report) }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
