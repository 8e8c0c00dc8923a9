import { expect, it } from 'vitest'
import { createScoreboard, type Measure } from './scoreboard.ts'

function judge(measure: Measure, reference: readonly number[], subject: readonly number[]) {
  const scoreboard = createScoreboard(() => {})
  for (const value of reference) scoreboard.add(measure, 'reference', value)
  for (const value of subject) scoreboard.add(measure, 'subject', value)
  return scoreboard.scores()[0]
}

it.each([
  ['misses a ratio', { maxRatio: 0.8 }, [10], [9], 0.9, false],
  ['meets a ratio exactly', { maxRatio: 0.8 }, [10], [8], 0.8, true],
  ['compares medians, not the best sample', { maxRatio: 0.8 }, [10, 10, 10], [1, 9, 9], 0.9, false],
  ['misses a limit whatever the ratio', { maxValue: 5 }, [100], [6], 0.06, false],
  ['has to meet both targets', { maxRatio: 1, maxValue: 5 }, [4], [5], 1.25, false],
  ['judges a limit without a reference', { maxValue: 5 }, [], [5], null, true],
  ['does not judge a ratio without a reference', { maxRatio: 1 }, [], [5], null, null],
  ['does not judge Kafka alone', { maxRatio: 1, maxValue: 5 }, [5], [], null, null],
  ['does not divide by nothing', { maxRatio: 1 }, [0], [5], null, null],
  ['does not judge without a target', {}, [1], [2], 2, null],
])('%s', (_, target, reference, subject, ratio, isMet) => {
  expect(judge({ name: 'cost', unit: 's', ...target }, reference, subject)).toMatchObject({ ratio, isMet })
})
