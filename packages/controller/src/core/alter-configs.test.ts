import type { ConfigChange, ConfigResourceType, ConfigSetting } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.ts'
import { createTopics } from './create-topics.ts'
import { TestCluster } from './testing/cluster.ts'

function clusterWithTopic(configs: Record<string, string> = {}): TestCluster {
  const cluster = new TestCluster()
  const settings = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const topic = { name: 'orders', partitionCount: 1, replicationFactor: 1, assignments: [], configs: settings }
  cluster.run(createTopics, { topics: [topic], validateOnly: false })
  return cluster
}

function change(cluster: TestCluster, changes: ConfigChange[], type: ConfigResourceType = 'topic', name = 'orders', validateOnly = false) {
  const [outcome] = cluster.run(incrementalAlterConfigs, { resources: [{ type, name, configs: changes }], validateOnly })
  return { error: errorName(outcome?.errorCode ?? 0), message: outcome?.errorMessage ?? '' }
}

function replace(cluster: TestCluster, configs: ConfigSetting[], type: ConfigResourceType = 'topic', name = 'orders') {
  const [outcome] = cluster.run(alterConfigs, { resources: [{ type, name, configs }], validateOnly: false })
  return { error: errorName(outcome?.errorCode ?? 0), message: outcome?.errorMessage ?? '' }
}

const set = (name: string, value: string | null): ConfigChange => ({ name, operation: 'set', value })
const append = (name: string, value: string): ConfigChange => ({ name, operation: 'append', value })
const subtract = (name: string, value: string): ConfigChange => ({ name, operation: 'subtract', value })
const remove = (name: string): ConfigChange => ({ name, operation: 'delete', value: null })
const topicConfigs = (cluster: TestCluster) => Object.fromEntries(cluster.image.configs.topic('orders'))

describe('incremental changes', () => {
  it.each<[string, Record<string, string>, ConfigChange[], Record<string, string>]>([
    ['set a key', {}, [set('retention.ms', '5')], { 'retention.ms': '5' }],
    ['replace a key', { 'retention.ms': '5' }, [set('retention.ms', '6')], { 'retention.ms': '6' }],
    ['remove a key', { 'retention.ms': '5', 'segment.ms': '1' }, [remove('retention.ms')], { 'segment.ms': '1' }],
    ['remove a key that is not set', {}, [remove('retention.ms')], {}],
    ['remove a key that there is not', { 'retention.ms': '5' }, [remove('retention.m')], { 'retention.ms': '5' }],
    ['append to what is in force', {}, [append('cleanup.policy', 'compact')], { 'cleanup.policy': 'delete,compact' }],
    ['append what is there already', {}, [append('cleanup.policy', 'delete')], { 'cleanup.policy': 'delete' }],
    [
      'append to an empty list',
      {},
      [append('leader.replication.throttled.replicas', '0:1,1:1')],
      { 'leader.replication.throttled.replicas': '0:1,1:1' },
    ],
    ['subtract', { 'cleanup.policy': 'compact,delete' }, [subtract('cleanup.policy', 'delete')], { 'cleanup.policy': 'compact' }],
    ['subtract the last', { 'cleanup.policy': 'compact' }, [subtract('cleanup.policy', 'compact')], { 'cleanup.policy': '' }],
    ['do several things', { 'segment.ms': '1' }, [remove('segment.ms'), set('retention.ms', '5')], { 'retention.ms': '5' }],
  ])('%s', (_what, before, changes, after) => {
    const cluster = clusterWithTopic(before)
    expect(change(cluster, changes)).toEqual({ error: 'NONE', message: '' })
    expect(topicConfigs(cluster)).toEqual(after)
  })

  it.each<[string, ConfigChange[], string, RegExp]>([
    ['a value that is not allowed', [set('retention.ms', 'x')], 'INVALID_CONFIG', /cannot be "x"/],
    ['an unknown key', [set('retention.m', '1')], 'INVALID_CONFIG', /did you mean retention.ms/],
    ['appending to an unknown key', [append('retention.m', '1')], 'INVALID_CONFIG', /did you mean retention.ms/],
    ['no value', [set('retention.ms', null)], 'INVALID_REQUEST', /has no value/],
    ['appending to a number', [append('retention.ms', '1')], 'INVALID_CONFIG', /not a list, so nothing can be appended/],
    ['subtracting from a number', [subtract('retention.ms', '1')], 'INVALID_CONFIG', /not a list, so nothing can be taken/],
    ['appending nonsense', [append('cleanup.policy', 'shred')], 'INVALID_CONFIG', /cleanup.policy cannot be "delete,shred"/],
    ['a key twice', [set('retention.ms', '1'), remove('retention.ms')], 'INVALID_REQUEST', /more than once/],
    ['tiered storage', [set('remote.storage.enable', 'true')], 'INVALID_CONFIG', /tiered storage is not available/],
    ['one wrong among right ones', [set('segment.ms', '1'), set('retention.ms', 'x')], 'INVALID_CONFIG', /retention.ms/],
    [
      'lags that contradict each other',
      [set('min.compaction.lag.ms', '9'), set('max.compaction.lag.ms', '8')],
      'INVALID_CONFIG',
      /greater/,
    ],
  ])('refuse %s', (_what, changes, error, message) => {
    const cluster = clusterWithTopic()
    const before = cluster.image
    const outcome = change(cluster, changes)
    expect(outcome.error).toBe(error)
    expect(outcome.message).toMatch(message)
    expect(cluster.image).toBe(before)
  })

  it('only validate when asked to', () => {
    const cluster = clusterWithTopic()
    expect(change(cluster, [set('retention.ms', '5')], 'topic', 'orders', true).error).toBe('NONE')
    expect(change(cluster, [set('retention.ms', 'x')], 'topic', 'orders', true).error).toBe('INVALID_CONFIG')
    expect(topicConfigs(cluster)).toEqual({})
  })
})

describe('replacing', () => {
  it('removes what is not given', () => {
    const cluster = clusterWithTopic({ 'retention.ms': '5', 'segment.ms': '1' })
    expect(replace(cluster, [{ name: 'segment.ms', value: '2' }]).error).toBe('NONE')
    expect(topicConfigs(cluster)).toEqual({ 'segment.ms': '2' })
  })

  it('by nothing removes everything', () => {
    const cluster = clusterWithTopic({ 'retention.ms': '5' })
    expect(replace(cluster, []).error).toBe('NONE')
    expect(topicConfigs(cluster)).toEqual({})
  })

  it.each([
    [{ name: 'retention.ms', value: null }, 'INVALID_REQUEST'],
    [{ name: 'retention.ms', value: '-5' }, 'INVALID_CONFIG'],
    [{ name: 'nonsense', value: '1' }, 'INVALID_CONFIG'],
  ])('by %j is refused', (setting, error) => {
    expect(replace(clusterWithTopic(), [setting]).error).toBe(error)
  })
})

describe('resources', () => {
  it.each<[ConfigResourceType, string, string]>([
    ['topic', 'orders', 'NONE'],
    ['topic', 'unknown', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['topic', 'not/a/name', 'INVALID_TOPIC_EXCEPTION'],
    ['topic', '', 'INVALID_REQUEST'],
    ['broker', '', 'NONE'],
    ['broker', '1', 'NONE'],
    ['broker', '2', 'INVALID_REQUEST'],
    ['broker', 'one', 'INVALID_REQUEST'],
    ['broker', '01', 'INVALID_REQUEST'],
    ['broker', '-1', 'INVALID_REQUEST'],
    ['group', 'readers', 'NONE'],
    ['group', 'any/name at all', 'NONE'],
    ['group', '', 'INVALID_REQUEST'],
    ['group', 'g'.repeat(10_001), 'INVALID_REQUEST'],
  ])('%s %j: %s', (type, name, error) => {
    expect(change(clusterWithTopic(), [], type, name).error).toBe(error)
  })

  it('named twice are refused', () => {
    const resource = { type: 'topic' as const, name: 'orders', configs: [] }
    const outcomes = clusterWithTopic().run(alterConfigs, { resources: [resource, resource], validateOnly: false })
    expect(outcomes.map(({ errorCode }) => errorName(errorCode))).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
  })

  it('succeed and fail on their own', () => {
    const cluster = clusterWithTopic()
    const resources = [
      { type: 'topic' as const, name: 'unknown', configs: [] },
      { type: 'topic' as const, name: 'orders', configs: [set('retention.ms', '5')] },
    ]
    cluster.run(incrementalAlterConfigs, { resources, validateOnly: false })
    expect(topicConfigs(cluster)).toEqual({ 'retention.ms': '5' })
  })
})

describe('brokers', () => {
  it('are altered one by one and all at once', () => {
    const cluster = clusterWithTopic()
    expect(change(cluster, [set('log.retention.ms', '5')], 'broker', '').error).toBe('NONE')
    expect(change(cluster, [set('log.retention.ms', '6')], 'broker', '1').error).toBe('NONE')
    expect(cluster.image.configs.defaultBroker().get('log.retention.ms')).toBe('5')
    expect(cluster.image.configs.broker(1).get('log.retention.ms')).toBe('6')
  })

  it.each([
    ['what cannot change while they run', set('num.partitions', '5'), /restart/],
    ['what cannot change, even to what it is', set('node.id', '1'), /restart/],
    ['a value that is not allowed', set('log.retention.ms', 'x'), /cannot be "x"/],
    ['an unknown key', set('log.retention.m', '1'), /did you mean log.retention.ms/],
  ])('refuse %s, as a request that makes no sense', (_what, wanted, message) => {
    for (const name of ['', '1']) {
      const outcome = change(clusterWithTopic(), [wanted], 'broker', name)
      expect(outcome).toMatchObject({ error: 'INVALID_REQUEST' })
      expect(outcome.message).toMatch(message)
    }
    expect(replace(clusterWithTopic(), [{ name: wanted.name, value: wanted.value ?? '' }], 'broker', '1').error).toBe('INVALID_REQUEST')
  })

  it.each(['node.id', 'nonsense'])('have nothing against the removal of %s, which is not set', (name) => {
    expect(change(clusterWithTopic(), [remove(name)], 'broker', '1')).toEqual({ error: 'NONE', message: '' })
  })

  it('can append to their lists', () => {
    const cluster = clusterWithTopic()
    expect(change(cluster, [append('log.cleanup.policy', 'compact')], 'broker', '').error).toBe('NONE')
    expect(cluster.image.configs.defaultBroker().get('log.cleanup.policy')).toBe('delete,compact')
  })
})

describe('groups', () => {
  const SESSION = 'consumer.session.timeout.ms'
  const configsOf = (cluster: TestCluster) => Object.fromEntries(cluster.image.configs.group('readers'))

  it('are altered key by key, and as a whole', () => {
    const cluster = new TestCluster()
    expect(change(cluster, [set(SESSION, '50000'), set('consumer.heartbeat.interval.ms', '6000')], 'group', 'readers').error).toBe('NONE')
    expect(change(cluster, [remove('consumer.heartbeat.interval.ms')], 'group', 'readers').error).toBe('NONE')
    expect(configsOf(cluster)).toEqual({ [SESSION]: '50000' })
    expect(replace(cluster, [{ name: 'consumer.assignment.interval.ms', value: '5' }], 'group', 'readers').error).toBe('NONE')
    expect(configsOf(cluster)).toEqual({ 'consumer.assignment.interval.ms': '5' })
    expect(replace(cluster, [], 'group', 'readers').error).toBe('NONE')
    expect(configsOf(cluster)).toEqual({})
  })

  it.each<[string, ConfigChange, string, RegExp]>([
    ['a value out of bounds', set(SESSION, '1'), 'INVALID_CONFIG', /group\.consumer\.min\.session\.timeout\.ms/],
    ['an unknown key', set('consumer.session', '1'), 'INVALID_CONFIG', /no group config/],
    ['a key of share groups', set('share.isolation.level', 'read_committed'), 'INVALID_CONFIG', /share groups/],
    ['a list, for they have none', append(SESSION, '1'), 'INVALID_CONFIG', /not a list/],
    ['appending to an unknown key', append('nope', '1'), 'INVALID_CONFIG', /no group config/],
    ['no value', set(SESSION, null), 'INVALID_REQUEST', /no value/],
  ])('refuse %s', (_what, wanted, error, message) => {
    const cluster = new TestCluster()
    const outcome = change(cluster, [wanted], 'group', 'readers')
    expect(outcome).toEqual({ error, message: expect.stringMatching(message) })
    expect(configsOf(cluster)).toEqual({})
  })
})
