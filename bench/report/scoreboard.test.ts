import { expect, it } from 'vitest'
import { createScoreboard, type Measure } from './scoreboard.ts'

function scoreOf(measure: Measure, reference: readonly number[], subject: readonly number[]) {
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
  expect(scoreOf({ name: 'cost', unit: 's', ...target }, reference, subject)).toMatchObject({ ratio, isMet })
})

it.each([
  ['every sample meets it', { maxRatio: 1 }, [10, 12], [8, 9], true, true],
  ['every sample misses it', { maxRatio: 1 }, [8, 9], [10, 12], false, true],
  ['the ranges overlap', { maxRatio: 1 }, [10, 20, 30], [8, 9, 11], true, false],
  ['one sample misses a limit', { maxValue: 5 }, [], [4, 4, 6], true, false],
  ['one of two targets is unclear', { maxRatio: 1, maxValue: 5 }, [100], [4, 4, 6], true, false],
])('says how sure a verdict is: %s', (_, target, reference, subject, isMet, isClear) => {
  expect(scoreOf({ name: 'cost', unit: 's', ...target }, reference, subject)).toMatchObject({ isMet, isClear })
})
