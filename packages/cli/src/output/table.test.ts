import { expect, it } from 'vitest'
import { table } from './table.ts'

it('aligns numbers to the right and text to the left, without trailing spaces', () => {
  const rows = [
    ['orders', 12, null],
    ['x', 1, 'rack-1'],
  ]
  expect(table(['TOPIC', 'COUNT', 'RACK'], rows)).toBe('TOPIC   COUNT  RACK\norders     12  -\nx           1  rack-1\n')
})

it('has its headings without any row', () => {
  expect(table(['A', 'B'], [])).toBe('A  B\n')
})
