import { expect, it } from 'vitest'
import { bytesText, countText, plural } from './quantity.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [1_234, '1.2 kB'],
  [9_960, '10 kB'],
  [999_400, '999 kB'],
  [999_600, '1.0 MB'],
  [34_500_000, '35 MB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})

it.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1,000'],
  [1_234_567.8, '1,234,568'],
])('%d is %s', (count, text) => {
  expect(countText(count)).toBe(text)
})

it('knows one from many', () => {
  expect([plural(1, 'record'), plural(0, 'record'), plural(2_000, 'record')]).toEqual(['1 record', '0 records', '2,000 records'])
})
