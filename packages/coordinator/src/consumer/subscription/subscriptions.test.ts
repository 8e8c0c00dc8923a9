import { describe, expect, it } from 'vitest'
import { ConsumerMember } from '../../testing/consumer-member.ts'
import { converge, twoMembers } from '../../testing/consumer-scene.ts'
import { GroupHarness } from '../../testing/group-harness.ts'

describe('subscriptions', () => {
  it('that change assign the group anew', () => {
    const { harness, first } = twoMembers()
    harness.addTopic('payments', 2)
    first.settle()
    first.subscribe('payments')
    first.settle()
    expect(first.has).toBe('payments:0,1')
    expect(first.epoch).toBe(3)
  })

  it('to topics that are not there yet are served when they are', () => {
    const harness = new GroupHarness()
    const member = new ConsumerMember(harness, 'm', { topics: ['later'] })
    member.settle()
    expect(member.has).toBe('')
    harness.addTopic('later', 2)
    harness.step({ type: 'topics-changed', ...harness.time })
    member.settle()
    expect(member.has).toBe('later:0,1')
  })

  it('follow topics that grow and that go', () => {
    const { harness, first } = twoMembers(2)
    harness.addTopic('other', 1)
    first.settle()
    harness.addTopic('orders', 3)
    harness.step({ type: 'topics-changed', ...harness.time })
    first.settle()
    expect(first.has).toBe('orders:0,1,2')
    harness.topics.delete('orders')
    harness.step({ type: 'topics-changed', ...harness.time })
    first.settle()
    expect(first.has).toBe('')
  })

  it('do not mind changes of other topics', () => {
    const { harness, first } = twoMembers()
    first.settle()
    harness.addTopic('other', 1)
    harness.step({ type: 'topics-changed', ...harness.time })
    const written = harness.log.length
    first.settle()
    expect(harness.log.length).toBe(written)
  })

  it('to names that no topic can have are not mistaken for others', () => {
    const harness = new GroupHarness()
    harness.addTopic('a', 1)
    harness.addTopic('b', 1)
    const members = [['a', 'b'], ['a b'], ['a","b']].map((topics, index) => new ConsumerMember(harness, `m${index}`, { topics }))
    converge(...members)
    expect(members.map(({ has }) => has)).toEqual(['a:0 b:0', '', ''])
  })

  it('by an expression follow the topics that match it', () => {
    const harness = new GroupHarness()
    harness.addTopic('log-a', 1)
    harness.addTopic('catalog', 1)
    const member = new ConsumerMember(harness, 'm', { expression: 'log-.*' })
    member.settle()
    expect(member.has).toBe('log-a:0')
    harness.addTopic('log-b', 2)
    harness.step({ type: 'topics-changed', ...harness.time })
    member.settle()
    expect(member.has).toBe('log-a:0 log-b:0,1')
    member.leave()
    expect(harness.records.at(-2)).toMatchObject({
      type: 'consumer-group-regular-expression',
      key: { regularExpression: 'log-.*' },
      value: null,
    })
  })
})

describe('expressions', () => {
  it('that match more topics than can be stored are refused', () => {
    const harness = new GroupHarness({ maxBatchBytes: 4_000 })
    for (let index = 0; index < 300; index += 1) harness.addTopic(`topic-${index}`, 1, `${index}AAAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22))
    expect(new ConsumerMember(harness, 'm', { expression: 'topic-.*' }).heartbeat()).toBe('INVALID_REGULAR_EXPRESSION')
    expect(harness.log).toEqual([])
  })

  it('that come to match more topics than can be stored keep those they had', () => {
    const harness = new GroupHarness({ maxBatchBytes: 4_000 })
    harness.addTopic('topic-a', 1)
    harness.addTopic('topic-b', 1)
    const member = new ConsumerMember(harness, 'm', { expression: 'topic-.*' })
    member.settle()
    for (let index = 0; index < 300; index += 1) harness.addTopic(`topic-${index}`, 1, `${index}AAAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22))
    harness.topics.delete('topic-b')
    harness.step({ type: 'topics-changed', ...harness.time })
    member.settle()
    expect(member.has).toBe('topic-a:0')
  })

  it('of many members are looked up over several heartbeats when topics change', () => {
    const harness = new GroupHarness()
    for (let index = 0; index < 30; index += 1) harness.addTopic(`topic-${index}`, 1, `${index}AAAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22))
    const members = Array.from(
      { length: 30 },
      (_, index) => new ConsumerMember(harness, `m${index}`, { expression: `(new-)?topic-${index}` }),
    )
    converge(...members)
    for (let index = 0; index < 30; index += 1) harness.addTopic(`new-topic-${index}`, 1, `n${index}AAAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22))
    harness.step({ type: 'topics-changed', ...harness.time })
    converge(...members)
    converge(...members)
    expect(members.map(({ has }) => has)).toEqual(members.map((_, index) => `new-topic-${index}:0 topic-${index}:0`))
  })
})
