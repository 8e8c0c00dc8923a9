import { expect, it } from 'vitest'
import { shownValue } from './shown-value.ts'

it.each([
  ['int', '-007', '-7'],
  ['double', '12345678', '1.2345678E7'],
  ['double', '-0.00025', '-2.5E-4'],
  ['boolean', ' False', 'false'],
  ['list', 'a,,b ', 'a,,b'],
  ['string', ' one two ', 'one two'],
] as const)('a %s that was given as %j is shown as %j', (type, given, shown) => {
  expect(shownValue(type, given)).toBe(shown)
})
