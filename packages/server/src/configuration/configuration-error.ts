/**
 * What is wrong with the settings of a broker: every problem at once, each with its place, so that a person corrects the
 * file once and not once per mistake.
 */
export interface ConfigurationProblem {
  /** Where the value was given: `millrace.yaml:3`, `--port`, or `options.port`. */
  readonly place: string
  /** What is wrong, naming the setting. */
  readonly message: string
  /** What to write instead, where that is known. */
  readonly hint: string | null
}

export const CONFIGURATION_ERROR_CODE = 'ERR_SERVER_CONFIGURATION'

export class ConfigurationError extends Error {
  readonly code = CONFIGURATION_ERROR_CODE
  readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[], options?: { readonly cause?: unknown }) {
    super(problems.map(describe).join('\n'), options)
    this.name = 'ConfigurationError'
    this.problems = problems
  }
}

function describe(problem: ConfigurationProblem): string {
  const hint = problem.hint === null ? '' : ` (${problem.hint})`
  return `${problem.place}: ${problem.message}${hint}`
}
