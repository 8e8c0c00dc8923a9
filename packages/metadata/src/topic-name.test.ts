import { expect, it } from 'vitest'
import { isInternalTopic, topicNameProblem } from './topic-name.ts'

it.each(['a', 'A.b_c-9', '__consumer_offsets', '...', 'x'.repeat(249)])('accepts %j', (name) => {
  expect(topicNameProblem(name)).toBeNull()
})

it.each([
  ['', 'empty'],
  ['.', 'cannot be called'],
  ['..', 'cannot be called'],
  ['x'.repeat(250), '250 characters'],
  ['a/b', 'a/b'],
  ['a b', 'a b'],
  ['ünicode', 'ASCII'],
  ['line\nbreak', '"line\\nbreak"'],
  ['ends\n', 'ASCII'],
])('refuses %j and says %j', (name, words) => {
  expect(topicNameProblem(name)).toContain(words)
})

it('knows the topics of the coordinators', () => {
  expect(isInternalTopic('__consumer_offsets')).toBe(true)
  expect(isInternalTopic('__transaction_state')).toBe(true)
  expect(isInternalTopic('__share_group_state')).toBe(true)
  expect(isInternalTopic('orders')).toBe(false)
})
