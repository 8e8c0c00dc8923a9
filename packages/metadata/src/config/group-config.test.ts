import { describe, expect, it } from 'vitest'
import { BrokerConfig } from './broker-config.ts'
import { checkGroupConfig, unknownGroupConfig } from './check-group-config.ts'
import { describeGroupConfig } from './describe-configs.ts'
import { parseGroupConfig } from './group-config.ts'

const DEFAULTS = new BrokerConfig({ fromFile: new Map() })

const configured = (configs: Readonly<Record<string, string>>) => new BrokerConfig({ fromFile: new Map(Object.entries(configs)) })
const problems = (configs: Readonly<Record<string, string>>, broker = DEFAULTS) =>
  checkGroupConfig(new Map(Object.entries(configs)), broker).map(({ message }) => message)
const parsed = (configs: Readonly<Record<string, string>>, broker = DEFAULTS) => parseGroupConfig(new Map(Object.entries(configs)), broker)

describe('what is set for a group', () => {
  it.each([
    ['consumer.session.timeout.ms', '45000'],
    ['consumer.session.timeout.ms', ' 60000 '],
    ['consumer.heartbeat.interval.ms', '5000'],
    ['consumer.heartbeat.interval.ms', '15000'],
    ['consumer.assignment.interval.ms', '0'],
    ['consumer.assignment.interval.ms', '15000'],
  ])('may be %s=%j', (name, value) => {
    expect(problems({ [name]: value })).toEqual([])
  })

  it.each([
    [
      'consumer.session.timeout.ms',
      '44999',
      '45000 (group.consumer.min.session.timeout.ms) to 60000 (group.consumer.max.session.timeout.ms)',
    ],
    ['consumer.session.timeout.ms', '60001', 'consumer.session.timeout.ms cannot be 60001'],
    ['consumer.session.timeout.ms', 'soon', 'cannot be "soon"; expected a whole number from 1 to 2147483647'],
    ['consumer.session.timeout.ms', '', 'cannot be ""'],
    ['consumer.heartbeat.interval.ms', '4999', 'group.consumer.min.heartbeat.interval.ms'],
    ['consumer.heartbeat.interval.ms', '15001', 'group.consumer.max.heartbeat.interval.ms'],
    ['consumer.assignment.interval.ms', '-1', 'expected a whole number from 0'],
    ['consumer.assignment.interval.ms', '15001', 'group.consumer.max.assignment.interval.ms'],
    ['consumer.session.timeout', '45000', 'there is no group config "consumer.session.timeout"; did you mean consumer.session.timeout.ms?'],
    ['share.isolation.level', 'read_committed', '"share.isolation.level" is for share groups, of which there are none here'],
    ['streams.num.standby.replicas', '1', '"streams.num.standby.replicas" is for streams groups, of which there are none here'],
  ])('may not be %s=%j: %s', (name, value, message) => {
    expect(problems({ [name]: value })).toEqual([expect.stringContaining(message)])
  })

  it('keeps sessions longer than the time between heartbeats, with those of the broker where the group has none', () => {
    const broker = configured({ 'group.consumer.min.session.timeout.ms': '1000', 'group.consumer.max.heartbeat.interval.ms': '50000' })
    const message = 'consumer.session.timeout.ms (10000) has to be greater than consumer.heartbeat.interval.ms (10000)'
    expect(problems({ 'consumer.session.timeout.ms': '10000', 'consumer.heartbeat.interval.ms': '10000' }, broker)).toEqual([message])
    expect(problems({ 'consumer.session.timeout.ms': '5000' }, broker)).toHaveLength(1)
    expect(problems({ 'consumer.heartbeat.interval.ms': '45000' }, broker)).toHaveLength(1)
    expect(problems({ 'consumer.session.timeout.ms': '5001' }, broker)).toEqual([])
  })

  it('has a name that is known', () => {
    expect(unknownGroupConfig('consumer.session.timeout.ms')).toBeNull()
    expect(unknownGroupConfig('toString')?.message).toBe('there is no group config "toString"')
  })
})

describe('what holds for a group', () => {
  it('is what the broker has, unless the group has its own', () => {
    const broker = configured({ 'group.consumer.session.timeout.ms': '50000', 'group.consumer.assignment.interval.ms': '7' })
    expect(parsed({}, broker)).toEqual({ assignmentIntervalMs: 7, heartbeatIntervalMs: null, sessionTimeoutMs: 50_000 })
    const own = {
      'consumer.assignment.interval.ms': '8',
      'consumer.heartbeat.interval.ms': '9000',
      'consumer.session.timeout.ms': '46000',
    }
    expect(parsed(own, broker)).toEqual({ assignmentIntervalMs: 8, heartbeatIntervalMs: 9_000, sessionTimeoutMs: 46_000 })
  })

  it('is within the bounds that the broker has by now', () => {
    const own = {
      'consumer.heartbeat.interval.ms': '1',
      'consumer.session.timeout.ms': '99999999',
      'consumer.assignment.interval.ms': '20000',
    }
    expect(parsed(own)).toEqual({ assignmentIntervalMs: 15_000, heartbeatIntervalMs: 5_000, sessionTimeoutMs: 60_000 })
  })

  it('is as for all where the bounds leave no session longer than the time between heartbeats', () => {
    const broker = configured({
      'group.consumer.min.session.timeout.ms': '1000',
      'group.consumer.min.heartbeat.interval.ms': '4000',
      'group.consumer.max.heartbeat.interval.ms': '10000',
    })
    const own = { 'consumer.session.timeout.ms': '2000', 'consumer.heartbeat.interval.ms': '1000' }
    expect(parsed(own, broker)).toMatchObject({ heartbeatIntervalMs: null, sessionTimeoutMs: 45_000 })
  })

  it('is described with what would hold otherwise', () => {
    const described = describeGroupConfig(new Map([['consumer.session.timeout.ms', ' 050000 ']]), DEFAULTS)
    expect(described.map(({ name, value, source }) => [name, value, source])).toEqual([
      ['consumer.assignment.interval.ms', '0', 5],
      ['consumer.heartbeat.interval.ms', '5000', 5],
      ['consumer.session.timeout.ms', '50000', 8],
    ])
    expect(described[2]?.synonyms).toEqual([
      { name: 'consumer.session.timeout.ms', value: '50000', source: 8 },
      { name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 },
    ])
  })
})
