import { describe, expect, it } from 'vitest'
import { BrokerConfig } from './broker-config.ts'
import { checkBrokerAlteration, checkBrokerFile, checkTopicConfig } from './check-configs.ts'

const CONFIG = new BrokerConfig({ fromFile: new Map() })

function topicProblem(name: string, value: string): string | null {
  return checkTopicConfig(new Map([[name, value]]), CONFIG)[0]?.message ?? null
}

describe('topic configs', () => {
  it.each([
    ['retention.ms', '-1'],
    ['retention.ms', '9223372036854775807'],
    ['retention.ms', ' 42 '],
    ['cleanup.policy', 'compact,delete'],
    ['cleanup.policy', 'delete, compact'],
    ['cleanup.policy', ''],
    ['compression.type', 'zstd'],
    ['compression.gzip.level', '-1'],
    ['compression.gzip.level', '9'],
    ['compression.zstd.level', '-131072'],
    ['segment.bytes', '1048576'],
    ['min.cleanable.dirty.ratio', '0'],
    ['min.cleanable.dirty.ratio', '1.0'],
    ['min.cleanable.dirty.ratio', '1e-3'],
    ['preallocate', 'TRUE'],
    ['remote.storage.enable', 'false'],
    ['leader.replication.throttled.replicas', '*'],
    ['leader.replication.throttled.replicas', '0:1,1:2'],
    ['follower.replication.throttled.replicas', ''],
    ['durability', 'replicated'],
  ])('accepts %s=%j', (name, value) => {
    expect(topicProblem(name, value)).toBeNull()
  })

  it.each([
    ['retention.ms', '-2', 'retention.ms cannot be "-2"; expected a whole number from -1 to 9223372036854775807'],
    ['retention.ms', 'soon', 'retention.ms cannot be "soon"; expected a whole number from -1 to 9223372036854775807'],
    ['retention.ms', '1.5', 'retention.ms cannot be "1.5"; expected a whole number from -1 to 9223372036854775807'],
    ['retention.ms', '', 'retention.ms cannot be ""; expected a whole number from -1 to 9223372036854775807'],
    ['retention.ms', '9223372036854775808', 'expected a whole number from -1 to 9223372036854775807'],
    ['retention.ms', `1${'0'.repeat(100_000)}`, '..."; expected a whole number'],
    ['max.message.bytes', '2147483648', 'expected a whole number from 0 to 2147483647'],
    ['segment.bytes', '1048575', 'segment.bytes cannot be "1048575"; expected a whole number from 1048576 to 2147483647'],
    ['min.insync.replicas', '0', 'expected a whole number from 1 to 2147483647'],
    ['cleanup.policy', 'shred', 'expected a list, separated by commas and without repetition, of delete, compact'],
    ['cleanup.policy', 'compact,compact', 'without repetition'],
    ['compression.type', 'ZSTD', 'expected one of producer, uncompressed, gzip, snappy, lz4, zstd'],
    ['compression.gzip.level', '0', 'expected -1, or a whole number from 1 to 9'],
    ['compression.gzip.level', '-2', 'expected -1, or a whole number from 1 to 9'],
    ['compression.lz4.level', '18', 'from 1 to 17'],
    ['min.cleanable.dirty.ratio', '1.1', 'expected a number from 0 to 1'],
    ['min.cleanable.dirty.ratio', 'NaN', 'expected a number from 0 to 1'],
    ['preallocate', 'yes', 'expected true or false'],
    ['message.timestamp.type', 'createtime', 'expected one of CreateTime, LogAppendTime'],
    ['remote.storage.enable', 'true', 'expected false, because tiered storage is not available'],
    ['leader.replication.throttled.replicas', 'all', 'expected a list of partition:broker pairs, or *'],
    ['durability', 'none', 'expected one of fsync, replicated'],
    ['retention.m', '1', 'there is no topic config "retention.m"; did you mean retention.ms?'],
    ['no.such.thing.at.all', '1', 'there is no topic config "no.such.thing.at.all"'],
    ['toString', '1', 'there is no topic config "toString"'],
    ['line\nbreak', '1', '"line\\nbreak"'],
  ])('refuses %s=%j: %s', (name, value, message) => {
    expect(topicProblem(name, value)).toContain(message)
  })

  it('reports every problem, not just the first', () => {
    const overrides = new Map([
      ['retention.ms', 'x'],
      ['segment.ms', '0'],
    ])
    expect(checkTopicConfig(overrides, CONFIG).map(({ name }) => name)).toEqual(['retention.ms', 'segment.ms'])
  })

  it('compares the compaction lags with each other and with those of the broker', () => {
    const both = new Map([
      ['min.compaction.lag.ms', '10'],
      ['max.compaction.lag.ms', '9'],
    ])
    expect(checkTopicConfig(both, CONFIG)[0]?.message).toBe('min.compaction.lag.ms (10) cannot be greater than max.compaction.lag.ms (9)')
    const strict = new BrokerConfig({ fromFile: new Map([['log.cleaner.max.compaction.lag.ms', '5']]) })
    expect(checkTopicConfig(new Map([['min.compaction.lag.ms', '10']]), strict)).toHaveLength(1)
    expect(checkTopicConfig(new Map([['min.compaction.lag.ms', '10']]), CONFIG)).toHaveLength(0)
  })
})

describe('broker configs', () => {
  it.each([
    ['log.retention.hour', '1', 'did you mean log.retention.hours?'],
    ['num.io.threads', '8', 'there is no broker config "num.io.threads"'],
    ['listeners', 'localhost:9092', 'expected a list of addresses such as PLAINTEXT://host:9092'],
    ['num.partitions', '0', 'from 1 to 2147483647'],
    ['group.consumer.assignors', '', 'without repetition, of 1 or more of uniform, range'],
    ['group.consumer.assignors', 'com.example.Assignor', 'uniform, range'],
    ['group.consumer.migration.policy', 'sideways', 'expected one of bidirectional, disabled, downgrade, upgrade'],
    ['group.initial.rebalance.delay.ms', '-1', 'from 0 to'],
    ['group.max.size', '0', 'from 1 to'],
    ['offsets.retention.minutes', '0', 'from 1 to'],
    ['offset.metadata.max.bytes', '-1', 'from 0 to'],
    ['transaction.max.timeout.ms', '0', 'from 1 to'],
    ['transactional.id.expiration.ms', '0', 'from 1 to'],
  ])('refuses %s=%j from a file: %s', (name, value, message) => {
    expect(checkBrokerFile(new Map([[name, value]]))[0]?.message).toContain(message)
  })

  it.each([
    ['listeners', 'PLAINTEXT://:9092'],
    ['listeners', 'PLAINTEXT://0.0.0.0:9092,TLS://[::1]:9093'],
    ['log.retention.minutes', '5'],
    ['broker.rack', 'host 1'],
  ])('accepts %s=%j from a file', (name, value) => {
    expect(checkBrokerFile(new Map([[name, value]]))).toEqual([])
  })

  it('can only be altered where a running broker follows', () => {
    const alter = (name: string, value: string) => checkBrokerAlteration(new Map([[name, value]]), new Map([[name, value]]), CONFIG)
    expect(alter('log.retention.ms', '5')).toEqual([])
    expect(alter('num.partitions', '5')[0]?.message).toContain('num.partitions cannot be changed while a broker runs')
    expect(alter('log.retention.ms', 'x')[0]?.message).toContain('expected a whole number')
  })

  it.each([
    [
      'group.consumer.session.timeout.ms',
      '10000',
      'group.consumer.min.session.timeout.ms (45000) cannot be greater than group.consumer.session.timeout.ms (10000)',
    ],
    ['group.consumer.session.timeout.ms', '60001', 'cannot be greater than group.consumer.max.session.timeout.ms (60000)'],
    ['group.consumer.heartbeat.interval.ms', '4999', 'group.consumer.min.heartbeat.interval.ms (5000) cannot be greater'],
    ['group.consumer.heartbeat.interval.ms', '15001', 'cannot be greater than group.consumer.max.heartbeat.interval.ms (15000)'],
    ['group.consumer.assignment.interval.ms', '15001', 'cannot be greater than group.consumer.max.assignment.interval.ms (15000)'],
    ['group.min.session.timeout.ms', '1800001', 'cannot be greater than group.max.session.timeout.ms (1800000)'],
    ['group.consumer.min.session.timeout.ms', '60001', 'cannot be greater than group.consumer.max.session.timeout.ms (60000)'],
  ])('refuses %s=%s from a file, out of order: %s', (name, value, message) => {
    expect(checkBrokerFile(new Map([[name, value]]))[0]?.message).toContain(message)
  })

  it('wants sessions longer than the time between heartbeats', () => {
    const file = new Map([
      ['group.consumer.min.session.timeout.ms', '1000'],
      ['group.consumer.session.timeout.ms', '5000'],
    ])
    const message = 'group.consumer.heartbeat.interval.ms (5000) has to be less than group.consumer.session.timeout.ms (5000)'
    expect(checkBrokerFile(file).map((problem) => problem.message)).toEqual([message])
    expect(checkBrokerFile(file.set('group.consumer.session.timeout.ms', '5001'))).toEqual([])
  })

  it('compares what is altered with what the file alone can say', () => {
    const config = new BrokerConfig({ fromFile: new Map([['group.consumer.max.assignment.interval.ms', '100']]) })
    const alter = (value: string) => {
      const changed = new Map([['group.consumer.assignment.interval.ms', value]])
      return checkBrokerAlteration(changed, changed, config)
    }
    expect(alter('100')).toEqual([])
    expect(alter('101')[0]?.message).toContain('cannot be greater than group.consumer.max.assignment.interval.ms (100)')
  })

  it('compares an altered compaction lag with what was altered before', () => {
    const changed = new Map([['log.cleaner.min.compaction.lag.ms', '10']])
    expect(checkBrokerAlteration(changed, new Map([...changed, ['log.cleaner.max.compaction.lag.ms', '9']]), CONFIG)).toHaveLength(1)
    expect(checkBrokerAlteration(changed, changed, CONFIG)).toHaveLength(0)
  })
})
