import { describe, expect, it } from 'vitest'
import { BrokerConfig, type BrokerConfigLayers } from './broker-config.ts'
import { CONFIG_SOURCES } from './config-entry.ts'
import { describeBrokerConfig, describeDefaultBrokerConfig, describeTopicConfig, topicConfigAsGiven } from './describe-configs.ts'
import { parseTopicConfig } from './topic-config.ts'

function brokerConfig(fromFile: Record<string, string> = {}, layers: Partial<BrokerConfigLayers> = {}): BrokerConfig {
  return new BrokerConfig({ fromFile: new Map(Object.entries(fromFile)), ...layers })
}

function topicEntry(name: string, config: BrokerConfig, overrides: Record<string, string> = {}) {
  return describeTopicConfig(new Map(Object.entries(overrides)), config).find((entry) => entry.name === name)
}

it('a topic that sets nothing has the defaults', () => {
  expect(parseTopicConfig(new Map(), brokerConfig())).toEqual({
    segmentBytes: 1_073_741_824,
    segmentMs: 604_800_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 10_485_760,
    indexIntervalBytes: 4096,
    retentionMs: 604_800_000,
    retentionBytes: -1,
    cleanupPolicy: { delete: true, compact: false },
    deleteRetentionMs: 86_400_000,
    minCleanableDirtyRatio: 0.5,
    minCompactionLagMs: 0,
    maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
    fileDeleteDelayMs: 60_000,
    maxMessageBytes: 1_048_588,
    messageTimestampType: 'CreateTime',
    messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    messageTimestampAfterMaxMs: 3_600_000,
    flushMessages: Number.MAX_SAFE_INTEGER,
    flushMs: Number.MAX_SAFE_INTEGER,
    compressionType: 'producer',
    compressionGzipLevel: -1,
    compressionLz4Level: 9,
    compressionZstdLevel: 3,
    preallocate: false,
    minInsyncReplicas: 1,
    uncleanLeaderElectionEnable: false,
    durability: 'fsync',
  })
})

it('the topic goes before the broker, the broker before the default', () => {
  const config = brokerConfig({ 'log.segment.bytes': '2000000', 'log.cleanup.policy': 'compact' })
  expect(parseTopicConfig(new Map([['segment.bytes', '3000000']]), config)).toMatchObject({
    segmentBytes: 3_000_000,
    cleanupPolicy: { delete: false, compact: true },
  })
  expect(parseTopicConfig(new Map(), config).segmentBytes).toBe(2_000_000)
})

it.each([
  [{ 'log.retention.hours': '1' }, 3_600_000],
  [{ 'log.retention.hours': '1', 'log.retention.minutes': '1' }, 60_000],
  [{ 'log.retention.hours': '1', 'log.retention.minutes': '1', 'log.retention.ms': '1' }, 1],
  [{ 'log.retention.minutes': '-1' }, -1],
  [{}, 604_800_000],
])('retention from %j is %d ms', (fromFile, retentionMs) => {
  expect(parseTopicConfig(new Map(), brokerConfig(fromFile)).retentionMs).toBe(retentionMs)
})

it('what was altered for one broker goes before what was altered for all, and that before the file', () => {
  const name = 'log.retention.ms'
  const allBrokers = new Map([[name, '2']])
  const thisBroker = new Map([[name, '3']])
  expect(brokerConfig({ [name]: '1' }).get(name)).toBe(1)
  expect(brokerConfig({ [name]: '1' }, { allBrokers }).get(name)).toBe(2)
  expect(brokerConfig({ [name]: '1' }, { allBrokers, thisBroker }).get(name)).toBe(3)
  expect(brokerConfig().get(name)).toBeNull()
})

it('a value that is not allowed is named, not used', () => {
  expect(() => parseTopicConfig(new Map([['segment.ms', 'x']]), brokerConfig())).toThrow('segment.ms has the value "x"')
  expect(() => brokerConfig({ 'num.partitions': 'x' }).get('num.partitions')).toThrow('num.partitions has the value "x"')
})

describe('a described topic', () => {
  it('shows every place that gives a value, the effective one first', () => {
    const config = brokerConfig(
      { 'log.retention.ms': '1', 'log.retention.hours': '5' },
      { allBrokers: new Map([['log.retention.ms', '2']]) },
    )
    expect(topicEntry('retention.ms', config, { 'retention.ms': '3' })).toMatchObject({
      value: '3',
      source: CONFIG_SOURCES.topic,
      type: 'long',
      isReadOnly: false,
      synonyms: [
        { name: 'retention.ms', value: '3', source: CONFIG_SOURCES.topic },
        { name: 'log.retention.ms', value: '2', source: CONFIG_SOURCES.dynamicDefaultBroker },
        { name: 'log.retention.ms', value: '1', source: CONFIG_SOURCES.staticBroker },
        { name: 'log.retention.hours', value: '5', source: CONFIG_SOURCES.staticBroker },
      ],
    })
  })

  it('shows a broker value of another unit in its own', () => {
    expect(topicEntry('segment.ms', brokerConfig({ 'log.roll.hours': '2' }))).toMatchObject({
      value: '7200000',
      source: CONFIG_SOURCES.staticBroker,
      synonyms: [{ name: 'log.roll.hours', value: '2' }],
    })
  })

  it('shows numbers beyond a safe integer as they were given', () => {
    expect(topicEntry('flush.ms', brokerConfig(), { 'flush.ms': '9223372036854775806' })?.value).toBe('9223372036854775806')
  })

  it.each([
    ['retention.ms', ' +0100000 ', '100000'],
    ['retention.ms', '-1', '-1'],
    ['flush.ms', ' 9223372036854775806 ', '9223372036854775806'],
    ['cleanup.policy', ' compact , delete ', 'compact,delete'],
    ['leader.replication.throttled.replicas', ' ', ''],
    ['preallocate', ' TRUE ', 'true'],
    ['compression.type', ' gzip ', 'gzip'],
    ['min.cleanable.dirty.ratio', ' 1 ', '1.0'],
    ['min.cleanable.dirty.ratio', '.5', '0.5'],
    ['min.cleanable.dirty.ratio', '0', '0.0'],
    ['min.cleanable.dirty.ratio', '0.0005', '5.0E-4'],
    ['min.cleanable.dirty.ratio', '0.00015', '1.5E-4'],
  ])('shows %s=%j as Apache Kafka does, as %j', (name, given, shown) => {
    const entry = topicEntry(name, brokerConfig(), { [name]: given })
    expect([entry?.value, entry?.synonyms[0]?.value]).toEqual([shown, shown])
  })

  it('shows what brokers have in the same way, and among the synonyms as it was given', () => {
    expect(topicEntry('max.message.bytes', brokerConfig({ 'message.max.bytes': '01000000 ' }))).toMatchObject({
      value: '1000000',
      synonyms: [{ value: '01000000 ' }, { value: '1048588' }],
    })
  })

  it('is shown as it was given when it was just created', () => {
    const created = topicConfigAsGiven(new Map([['retention.ms', ' +0100000 ']]), brokerConfig())
    expect(created.find(({ name }) => name === 'retention.ms')?.value).toBe(' +0100000 ')
  })

  it('is sorted by name, and each entry is explained', () => {
    const entries = describeTopicConfig(new Map(), brokerConfig())
    expect(entries.map((entry) => entry.name)).toEqual(entries.map((entry) => entry.name).sort())
    for (const entry of entries) expect(entry.documentation).toMatch(/^[A-Za-z0-9].*\.$/)
  })
})

it('a described broker shows what cannot be changed, and the unset as null', () => {
  const entries = new Map(describeBrokerConfig(brokerConfig({ 'node.id': '7' })).map((entry) => [entry.name, entry]))
  expect(entries.get('node.id')).toMatchObject({ value: '7', source: CONFIG_SOURCES.staticBroker, isReadOnly: true })
  expect(entries.get('log.retention.ms')).toMatchObject({ value: null, source: CONFIG_SOURCES.default, isReadOnly: false })
})

it('a described broker shows values as Apache Kafka does, and among the synonyms as they were given', () => {
  const allBrokers = new Map([['log.retention.ms', ' 07200000 ']])
  const entry = describeBrokerConfig(brokerConfig({}, { allBrokers })).find(({ name }) => name === 'log.retention.ms')
  expect(entry).toMatchObject({ value: '7200000', synonyms: [{ value: ' 07200000 ' }] })
  expect(describeDefaultBrokerConfig(allBrokers)).toMatchObject([{ value: ' 07200000 ' }])
})

it('the default of all brokers shows only what was altered', () => {
  expect(describeDefaultBrokerConfig(new Map([['log.retention.ms', '5']]))).toMatchObject([
    { name: 'log.retention.ms', value: '5', source: CONFIG_SOURCES.dynamicDefaultBroker, isReadOnly: false },
  ])
})
