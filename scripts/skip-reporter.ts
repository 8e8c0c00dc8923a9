/** Names what a test run left out, and why, so that a skipped test is never mistaken for a passed one. */
import type { Reporter, TestModule } from 'vitest/node'

/** Above this many of one reason, a file is named once with a count. */
const NAMED_TESTS_PER_REASON_MAX = 5

export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap(skippedLines)
    if (lines.length > 0) process.stdout.write(`\nSkipped:\n${lines.map((line) => `  ${line}\n`).join('')}`)
  }
}

function skippedLines(module: TestModule): readonly string[] {
  const byReason = Map.groupBy(module.children.allTests('skipped'), (test) => reasonOf(test.result()))
  return [...byReason].flatMap(([reason, tests]) => {
    const names = tests.length > NAMED_TESTS_PER_REASON_MAX ? [`${tests.length} tests`] : tests.map((test) => test.fullName)
    return names.map((name) => `${module.relativeModuleId} > ${name}${reason}`)
  })
}

function reasonOf(result: object): string {
  return 'note' in result && typeof result.note === 'string' ? ` (${result.note})` : ''
}
