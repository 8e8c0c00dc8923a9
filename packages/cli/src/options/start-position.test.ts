import { expect, it } from 'vitest'
import { parseStartPosition } from './start-position.ts'

it.each([
  ['beginning', 'earliest'],
  ['earliest', 'earliest'],
  ['end', 'latest'],
  ['latest', 'latest'],
  ['0', 0],
  ['123456789', 123456789],
  ['2026-01-31', { timestamp: Date.UTC(2026, 0, 31) }],
  ['2026-01-31T12:00:00Z', { timestamp: Date.UTC(2026, 0, 31, 12) }],
  ['2026-01-31 12:30Z', { timestamp: Date.UTC(2026, 0, 31, 12, 30) }],
  ['2026-01-31T12:00:00.5+02:00', { timestamp: Date.UTC(2026, 0, 31, 10, 0, 0, 500) }],
])('%s is read', (text, position) => {
  expect(parseStartPosition(text)).toEqual(position)
})

it.each(['', '-1', '1.5', '99999999999999999', 'yesterday', '2026-13-01', '2026-01-31T99:00Z', '31.1.2026'])('"%s" is refused', (text) => {
  expect(() => parseStartPosition(text)).toThrow('It must be')
})
