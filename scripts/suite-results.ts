/** What the steps of a full check came to: counts of tests, read from vitest's JSON reports, and of steps that are no tests. */

/** One step as `.ci/run` notes it. */
export interface Step {
  readonly name: string
  readonly exitStatus: number
  /** The text of a vitest JSON report; null when there is none; undefined for a step that never writes one, such as lint. */
  readonly report: string | null | undefined
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface StepResult extends Counts {
  readonly name: string
  /** Why a step failed that no single test answers for. */
  readonly problem: string | null
}

interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A step without a report counts as one test. A suite that crashed, ran nothing or left no report fails, whatever else it says. */
export function resultOf(step: Step): StepResult {
  if (step.report === undefined) {
    const passes = step.exitStatus === 0
    return resultWith(step, { passed: passes ? 1 : 0, failed: 0, skipped: 0 }, passes ? null : exitProblem(step))
  }
  if (step.report === null) return resultWith(step, NOTHING, `no report was written; ${exitProblem(step)}`)
  const report = parseReport(step.report)
  if (report === null) return resultWith(step, NOTHING, `the report cannot be read; ${exitProblem(step)}`)
  const counts = countTests(report)
  if (counts.passed + counts.failed + counts.skipped === 0) return resultWith(step, counts, 'no test was found')
  if (step.exitStatus !== 0 && counts.failed === 0) return resultWith(step, counts, `no test failed, and yet: ${exitProblem(step)}`)
  return resultWith(step, counts, null)
}

export function sumOf(results: readonly Counts[]): Counts {
  const sum = (key: keyof Counts): number => results.reduce((total, result) => total + result[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}

const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 }

function resultWith({ name }: Step, counts: Counts, problem: string | null): StepResult {
  return { name, ...counts, failed: counts.failed + (problem === null ? 0 : 1), problem }
}

function exitProblem({ exitStatus }: Step): string {
  return exitStatus === 124 ? 'it ran out of time' : `it ended with status ${exitStatus}`
}

function countTests(report: Report): Counts {
  const statuses = report.testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status))
  const passed = statuses.filter((status) => status === 'passed').length
  const failed = statuses.filter((status) => status === 'failed').length
  // A file that could not be loaded, or whose set-up threw, has no failed test to its name.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length
  return { passed, failed: failed + brokenFiles, skipped: statuses.length - passed - failed }
}

function parseReport(text: string): Report | null {
  try {
    const report = JSON.parse(text) as Partial<Report>
    return Array.isArray(report.testResults) ? (report as Report) : null
  } catch {
    return null
  }
}
