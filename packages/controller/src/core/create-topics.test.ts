import type { CreatableTopic, CreateTopicsCommand } from '@millrace/metadata'
import { ERROR_CODES, errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { createTopics } from './create-topics.ts'
import { TestCluster } from './testing/cluster.ts'

function topic(name: string, change: Partial<CreatableTopic> = {}): CreatableTopic {
  return { name, partitionCount: -1, replicationFactor: -1, assignments: [], configs: [], ...change }
}

function request(...topics: CreatableTopic[]): CreateTopicsCommand {
  return { topics, validateOnly: false }
}

const assign = (...brokers: number[][]) => brokers.map((brokerIds, partition) => ({ partition, brokerIds }))

it('creates a topic with the defaults of the controller', () => {
  const cluster = new TestCluster([{ id: 1 }, { id: 2 }], { 'num.partitions': '3', 'default.replication.factor': '2' })
  const [created] = cluster.run(createTopics, request(topic('orders')))
  expect(created).toMatchObject({ name: 'orders', errorCode: ERROR_CODES.NONE, partitionCount: 3, replicationFactor: 2 })
  const image = cluster.image.topics.get('orders')
  expect(image?.id).toBe(created?.topicId)
  expect(image?.partitions).toHaveLength(3)
  for (const partition of image?.partitions ?? []) {
    expect(partition.replicas.toSorted((a, b) => a - b)).toEqual([1, 2])
    expect(partition).toMatchObject({ isr: partition.replicas, leader: partition.replicas[0], leaderEpoch: 0, partitionEpoch: 0 })
  }
})

it('answers with all configs in force, sorted, and keeps those that were given', () => {
  const cluster = new TestCluster()
  const configs = [{ name: 'retention.ms', value: '5' }]
  const [created] = cluster.run(createTopics, request(topic('orders', { configs })))
  const names = created?.configs?.map((entry) => entry.name) ?? []
  expect(names).toEqual([...names].sort())
  expect(created?.configs?.find((entry) => entry.name === 'retention.ms')).toMatchObject({ value: '5', source: 1 })
  expect([...cluster.image.configs.topic('orders')]).toEqual([['retention.ms', '5']])
})

it('takes assignments as they are; brokers that are not active are no leaders and not in sync', () => {
  const cluster = new TestCluster([{ id: 1, isFenced: true }, { id: 2 }, { id: 3 }])
  const assignments = [...assign([1, 2], [3, 2])].reverse()
  const [created] = cluster.run(createTopics, request(topic('orders', { assignments })))
  expect(created).toMatchObject({ errorCode: ERROR_CODES.NONE, partitionCount: 2, replicationFactor: 2 })
  expect(cluster.image.topics.get('orders')?.partitions).toMatchObject([
    { replicas: [1, 2], isr: [2], leader: 2 },
    { replicas: [3, 2], isr: [3, 2], leader: 3 },
  ])
})

it('places replicas on active brokers only', () => {
  const cluster = new TestCluster([{ id: 1, isFenced: true }, { id: 2 }, { id: 3, isInControlledShutdown: true }])
  cluster.run(createTopics, request(topic('orders', { partitionCount: 4 })))
  expect(cluster.image.topics.get('orders')?.partitions.map((partition) => partition.replicas)).toEqual([[2], [2], [2], [2]])
})

it('places replicas on brokers that are away only where the others do not suffice, and never as leaders', () => {
  const cluster = new TestCluster([{ id: 1, isFenced: true }, { id: 2 }, { id: 3, isInControlledShutdown: true }, { id: 4 }])
  cluster.run(createTopics, request(topic('orders', { partitionCount: 8, replicationFactor: 3 })))
  for (const { replicas, isr, leader } of cluster.image.topics.get('orders')?.partitions ?? []) {
    expect(replicas.slice(0, 2).sort((a, b) => a - b)).toEqual([2, 4])
    expect([1, 3]).toContain(replicas[2])
    expect({ isr, leader }).toEqual({ isr: replicas.slice(0, 2), leader: replicas[0] })
  }
})

it('needs one active broker, however many are registered', () => {
  const cluster = new TestCluster([{ id: 1, isFenced: true }])
  expect(cluster.run(createTopics, request(topic('orders')))[0]).toMatchObject({
    errorCode: ERROR_CODES.INVALID_REPLICATION_FACTOR,
    errorMessage: expect.stringMatching(/none of the 1 registered brokers is active/),
  })
})

it.each<[string, Partial<CreatableTopic> & { name?: string }, string, RegExp]>([
  ['no name', { name: '' }, 'INVALID_TOPIC_EXCEPTION', /empty/],
  ['a bad name', { name: 'a b' }, 'INVALID_TOPIC_EXCEPTION', /ASCII/],
  ['a reserved name', { name: '__cluster_metadata' }, 'INVALID_TOPIC_EXCEPTION', /reserved/],
  ['a name that is taken', { name: 'existing.topic' }, 'TOPIC_ALREADY_EXISTS', /exists already/],
  ['a name that collides', { name: 'existing_topic' }, 'INVALID_TOPIC_EXCEPTION', /collide with topic existing\.topic/],
  ['no partitions', { partitionCount: 0 }, 'INVALID_PARTITIONS', /0 partitions/],
  ['fewer than none', { partitionCount: -2 }, 'INVALID_PARTITIONS', /-2 partitions/],
  ['very many partitions', { partitionCount: 2_147_483_647 }, 'POLICY_VIOLATION', /at most 10000/],
  ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR', /cannot be 0/],
  ['more replicas than brokers', { replicationFactor: 4 }, 'INVALID_REPLICATION_FACTOR', /more than the 3 registered brokers/],
  ['an unknown config', { configs: [{ name: 'retention.m', value: '1' }] }, 'INVALID_CONFIG', /did you mean retention.ms/],
  ['a bad config', { configs: [{ name: 'retention.ms', value: 'x' }] }, 'INVALID_CONFIG', /retention.ms cannot be "x"/],
  ['a config without value', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG', /has no value/],
  ['assignments and a count', { assignments: assign([1]), partitionCount: 1 }, 'INVALID_REQUEST', /have to be -1/],
  ['assignments and a factor', { assignments: assign([1]), replicationFactor: 1 }, 'INVALID_REQUEST', /have to be -1/],
  ['a gap in the assignments', { assignments: [{ partition: 1, brokerIds: [1] }] }, 'INVALID_REPLICA_ASSIGNMENT', /one for 1/],
  ['an assignment twice', { assignments: [...assign([1]), ...assign([1])] }, 'INVALID_REPLICA_ASSIGNMENT', /one for 0/],
  ['an empty assignment', { assignments: assign([]) }, 'INVALID_REPLICA_ASSIGNMENT', /names no broker/],
  ['uneven assignments', { assignments: assign([1], [1, 2]) }, 'INVALID_REPLICA_ASSIGNMENT', /names 2 brokers, other/],
  ['a broker twice', { assignments: assign([1, 1]) }, 'INVALID_REPLICA_ASSIGNMENT', /a broker twice/],
  ['an unknown broker', { assignments: assign([9]) }, 'INVALID_REPLICA_ASSIGNMENT', /no broker 9/],
  ['only fenced brokers', { assignments: assign([3]) }, 'INVALID_REPLICA_ASSIGNMENT', /none of the brokers is active/],
])('refuses %s', (_what, change, error, message) => {
  const cluster = new TestCluster([{ id: 1 }, { id: 2 }, { id: 3, isFenced: true }])
  cluster.run(createTopics, request(topic('existing.topic')))
  const before = cluster.image
  const [refused] = cluster.run(createTopics, request(topic(change.name ?? 'new', change)))
  expect(errorName(refused?.errorCode ?? 0)).toBe(error)
  expect(refused?.errorMessage).toMatch(message)
  expect(refused).toMatchObject({ topicId: null, partitionCount: -1, replicationFactor: -1, configs: null })
  expect(cluster.image).toBe(before)
})

describe('several topics in one request', () => {
  it('succeed and fail on their own', () => {
    const cluster = new TestCluster()
    const created = cluster.run(createTopics, request(topic('a'), topic('b', { partitionCount: 0 }), topic('c')))
    expect(created.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['a', 'NONE'],
      ['b', 'INVALID_PARTITIONS'],
      ['c', 'NONE'],
    ])
    expect([...cluster.image.topics].map(({ name }) => name).sort()).toEqual(['a', 'c'])
  })

  it('are refused when named twice, once', () => {
    const cluster = new TestCluster()
    const created = cluster.run(createTopics, request(topic('a'), topic('b'), topic('a')))
    expect(created.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['a', 'INVALID_REQUEST'],
      ['b', 'NONE'],
    ])
  })

  it('can collide with each other', () => {
    const created = new TestCluster().run(createTopics, request(topic('a.b'), topic('a_b')))
    expect(created.map(({ errorCode }) => errorName(errorCode))).toEqual(['NONE', 'INVALID_TOPIC_EXCEPTION'])
  })

  it('share the bound on partitions', () => {
    const created = new TestCluster().run(
      createTopics,
      request(topic('a', { partitionCount: 9_999 }), topic('b', { partitionCount: 2 }), topic('c')),
    )
    expect(created.map(({ errorCode }) => errorName(errorCode))).toEqual(['NONE', 'POLICY_VIOLATION', 'NONE'])
  })
})

it('only validates when asked to', () => {
  const cluster = new TestCluster()
  const before = cluster.image
  const [created] = cluster.run(createTopics, { ...request(topic('orders')), validateOnly: true })
  expect(created).toMatchObject({ errorCode: ERROR_CODES.NONE, topicId: null, partitionCount: 1, replicationFactor: 1 })
  expect(cluster.image).toBe(before)
})

it('never tears a topic apart when the work takes several batches', () => {
  const cluster = new TestCluster()
  const topics = Array.from({ length: 60 }, (_, index) =>
    topic(`t${index}`, {
      partitionCount: 150,
      configs: Array.from({ length: 20 }, (_, at) => ({ name: CONFIG_NAMES[at] ?? '', value: '1' })),
    }),
  )
  const { batches } = createTopics(request(...topics), {
    image: cluster.image,
    config: cluster.config(),
    nextOffset: 1,
    sessions: cluster.sessions,
    step: 0,
    random: () => 0,
    newTopicId: () => 'id',
  })
  expect(batches.length).toBeGreaterThan(1)
  for (const records of batches) {
    expect(records.length).toBeLessThanOrEqual(10_000)
    expect(records[0]?.type).toBe('topic')
  }
})

const CONFIG_NAMES = [
  'delete.retention.ms',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'index.interval.bytes',
  'local.retention.bytes',
  'local.retention.ms',
  'max.compaction.lag.ms',
  'max.message.bytes',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'min.cleanable.dirty.ratio',
  'min.compaction.lag.ms',
  'min.insync.replicas',
  'retention.bytes',
  'retention.ms',
  'segment.jitter.ms',
  'segment.ms',
  'compression.lz4.level',
  'compression.zstd.level',
]
