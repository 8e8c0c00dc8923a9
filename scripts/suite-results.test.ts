import { describe, expect, it } from 'vitest'
import { resultOf, summaryLine, sumOf } from './suite-results.ts'

const file = (status: string, ...tests: readonly string[]) => ({ status, assertionResults: tests.map((test) => ({ status: test })) })
const report = (...files: readonly ReturnType<typeof file>[]): string => JSON.stringify({ testResults: files })

describe('a step fails', () => {
  it.each([
    ['with a test of its own', 1, report(file('failed', 'passed', 'failed')), { passed: 1, failed: 1, skipped: 0 }],
    ['with a failed test even when it says it went well', 0, report(file('failed', 'failed')), { passed: 0, failed: 1, skipped: 0 }],
    ['with a file that could not be loaded', 1, report(file('failed'), file('passed', 'passed')), { passed: 1, failed: 1, skipped: 0 }],
    ['with a status nobody answers for', 1, report(file('passed', 'passed')), { passed: 1, failed: 1, skipped: 0 }],
    ['without a report', 0, null, { passed: 0, failed: 1, skipped: 0 }],
    ['with a report cut short', 137, '{"testResults": [', { passed: 0, failed: 1, skipped: 0 }],
    ['with a report of something else', 0, '{}', { passed: 0, failed: 1, skipped: 0 }],
    ['with no test at all', 0, report(), { passed: 0, failed: 1, skipped: 0 }],
    ['with a status when it has no tests to report', 2, undefined, { passed: 0, failed: 1, skipped: 0 }],
  ])('%s', (_name, exitStatus, text, counts) => {
    expect(resultOf({ name: 'unit', exitStatus, report: text })).toMatchObject(counts)
  })
})

it('names the problem that no single test answers for', () => {
  expect(resultOf({ name: 'unit', exitStatus: 124, report: null }).problem).toBe('no report was written; it ran out of time')
})

describe('a step passes', () => {
  it.each([
    ['with its tests', 0, report(file('passed', 'passed', 'passed', 'pending')), { passed: 2, failed: 0, skipped: 1 }],
    ['with everything skipped', 0, report(file('passed', 'pending', 'skipped', 'todo')), { passed: 0, failed: 0, skipped: 3 }],
    ['with its status when it has no tests to report', 0, undefined, { passed: 1, failed: 0, skipped: 0 }],
  ])('%s', (_name, exitStatus, text, counts) => {
    expect(resultOf({ name: 'unit', exitStatus, report: text })).toEqual({ name: 'unit', ...counts, problem: null })
  })
})

it('sums what it is given', () => {
  const sum = sumOf([
    { passed: 3, failed: 0, skipped: 1 },
    { passed: 2, failed: 1, skipped: 0 },
  ])
  expect(summaryLine(sum)).toBe('5 passed, 1 failed, 1 skipped')
  expect(summaryLine({ ...sum, skipped: 0 })).toBe('5 passed, 1 failed')
})
