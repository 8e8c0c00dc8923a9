import { describe, expect, it } from 'vitest'
import { nameAndValue, oneMore, unescaped, wholeNumber } from './values.ts'

describe('a whole number', () => {
  it.each([
    ['1', 1],
    ['0042', 42],
    ['100', 100],
  ])('%s is read', (text, value) => {
    expect(wholeNumber(1, 100)(text)).toBe(value)
  })

  it.each(['', '0', '101', '-1', '1.0', '1e2', ' 1', 'x', '9'.repeat(20)])('"%s" is refused', (text) => {
    expect(() => wholeNumber(1, 100)(text)).toThrow('from 1 to 100')
  })
})

it('name=value is collected, and the last of a name counts', () => {
  const first = nameAndValue('a=1', undefined)
  expect(nameAndValue('a=', nameAndValue('b=x=y', first))).toEqual({ a: '', b: 'x=y' })
})

it.each(['a', '=1', ''])('"%s" is no name=value', (text) => {
  expect(() => nameAndValue(text, undefined)).toThrow('name=value')
})

it('what may be given several times is collected', () => {
  expect(oneMore('b', oneMore('a', undefined))).toEqual(['a', 'b'])
})

it.each([
  ['\\t', '\t'],
  ['a\\nb\\0', 'a\nb\0'],
  ['\\\\t', '\\t'],
  ['\\x', '\\x'],
  ['plain', 'plain'],
])('%s is unescaped', (text, expected) => {
  expect(unescaped(text)).toBe(expected)
})
