import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpressionError } from './expression-syntax.ts'
import { compileTopicExpression } from './topic-expression.ts'

function isMatch(expression: string, name: string): boolean {
  return compileTopicExpression(expression).matching([name])?.length === 1
}

describe('a topic expression', () => {
  it.each([
    ['orders', ['orders'], ['order', 'orders1', 'my-orders']],
    ['orders-.*', ['orders-', 'orders-eu'], ['orders']],
    ['^orders\\.(eu|us)$', ['orders.eu', 'orders.us'], ['ordersxeu', 'orders.eu.1']],
    ['^a|b$', ['a', 'b'], ['ab']],
    ['', [''], ['a']],
    ['a|', ['a', ''], ['b']],
    ['[a-c]+[^a-c]', ['abcx', 'a-'], ['abc', 'x']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a\\-z]', ['a', '-', 'z'], ['b']],
    ['[a-]', ['a', '-'], ['b']],
    ['[[:digit:]_]{2,3}', ['1_', '123'], ['1', '1234', 'ab']],
    ['[[:^digit:]]', ['a'], ['1']],
    ['\\d\\D\\w\\W', ['1aa-'], ['aaa-', '1a--']],
    ['x{3}', ['xxx'], ['xx', 'xxxx']],
    ['x{2,}', ['xx', 'xxxxx'], ['x']],
    ['x{,2}', ['x{,2}'], ['x', 'xx']],
    ['a.c', ['abc', 'a.c'], ['ac']],
    ['(?i)Orders', ['orders', 'ORDERS'], ['order']],
    ['(?i:A)b', ['ab', 'Ab'], ['aB']],
    ['(?i)a(?-i)b', ['Ab'], ['AB']],
    ['(?P<region>eu|us)-x', ['eu-x'], ['-x']],
    ['(?<region>eu|us)-x', ['us-x'], ['x']],
    ['(?:ab)*c', ['c', 'ababc'], ['abac']],
    ['a+?b*?', ['a', 'aab'], ['b']],
    ['\\Qa.b\\E+', ['a.b', 'a.bb'], ['axb']],
    ['\\Qa.b', ['a.b'], ['axb']],
    ['\\x61\\x{62}\\143', ['abc'], ['ab']],
    ['\\p{Lu}\\pL\\P{Lu}', ['Aaa', 'AA1'], ['aaa', 'AAA']],
    ['\\p{Latin}\\p{^Latin}', ['a1'], ['aa', '11']],
    ['\\p{Greek}', [], ['a']],
    ['.*é.*', [], ['e']],
    ['\\ba\\b-\\Bb', [], ['a-b']],
    ['\\ba\\b-\\bb', ['a-b'], []],
    ['(a*)*b', ['b', 'aaab'], ['aaa']],
    ['(|a)+b', ['b', 'aab'], ['a']],
    ['\\.\\_\\-', ['._-'], ['.-_']],
  ] as const)('%s matches whole names', (expression, matching, others) => {
    for (const name of matching) expect(isMatch(expression, name), name).toBe(true)
    for (const name of others) expect(isMatch(expression, name), name).toBe(false)
  })

  it.each([
    ['(a', 'missing )'],
    ['a)', 'unexpected )'],
    ['[a', 'missing closing ]'],
    ['[z-a]', 'invalid range'],
    ['[[:letters:]]', 'invalid character class'],
    ['*a', 'missing argument'],
    ['a|+', 'missing argument'],
    ['a**', 'invalid nested repetition'],
    ['a{2}{3}', 'invalid nested repetition'],
    ['a{1001}', 'invalid repeat count'],
    ['a{3,2}', 'invalid repeat count'],
    ['(a)\\1', 'invalid escape sequence'],
    ['\\8', 'invalid escape sequence'],
    ['a\\', 'trailing backslash'],
    ['\\y', 'invalid escape sequence'],
    ['\\p{Nonsense}', 'invalid character class range'],
    ['\\x{110000}', 'invalid escape sequence'],
    ['(?=a)', 'only groups, names and flags'],
    ['(?!a)', 'only groups, names and flags'],
    ['(?<=a)', 'only groups, names and flags'],
    ['(?<!a)', 'only groups, names and flags'],
    ['(?<a-b>c)', 'invalid group name'],
    ['(?x)a', 'only groups, names and flags'],
    ['((a{1000}){1000}){1000}', 'too large'],
    ['((){1000}){1000}', 'too large'],
    [`${'('.repeat(2000)}a${')'.repeat(2000)}`, 'nests too deeply'],
    ['a'.repeat(10_001), 'longer than'],
  ])('%.30s is refused: %s', (expression, reason) => {
    expect(() => compileTopicExpression(expression)).toThrow(ExpressionError)
    expect(() => compileTopicExpression(expression)).toThrow(reason)
  })

  it('gives the names in ascending order', () => {
    expect(compileTopicExpression('.').matching(['c', 'a', 'bb', 'b'])).toEqual(['a', 'b', 'c'])
  })

  it('does not take exponential time where backtracking would', () => {
    const name = 'a'.repeat(200)
    expect(isMatch('(a+)+(a+)+(a+)+b', name)).toBe(false)
    expect(isMatch('(a|aa)+', name)).toBe(true)
  })

  it('gives up instead of holding everybody up, when names and expression take too many steps together', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `${'a'.repeat(240)}${index}`)
    expect(compileTopicExpression('(a?){900}b').matching(names)).toBeNull()
  })

  it('agrees with the expressions of JavaScript where both mean the same', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '\\b', '^', '$')
    const expression = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(tie('node'), tie('node')).map(([left, right]) => `${left}${right}`),
        fc.tuple(tie('node'), tie('node')).map(([left, right]) => `(${left}|${right})`),
        fc.tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?')).map(([inner, operator]) => `(?:${inner})${operator}`),
      ),
    })).node
    fc.assert(
      fc.property(expression, fc.stringMatching(/^[ab1-]{0,6}$/), (source, name) => {
        expect(isMatch(source, name)).toBe(new RegExp(`^(?:${source})$`).test(name))
      }),
      { numRuns: 2_000 },
    )
  })

  it('either compiles or says what is wrong, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from('()[]{}\\|*+?^$.-:<>P=!imQE1,a')) })), (source) => {
        try {
          expect(compileTopicExpression(source).matching(['a', 'b-1'])).not.toBeUndefined()
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
