import { describe, expect, it } from 'vitest'
import type { MetadataRecord, PartitionRecord } from '../records/metadata-record.ts'
import { applyRecords } from './apply-records.ts'
import { type ClusterImage, emptyImage } from './cluster-image.ts'
import { assertImageInvariants } from './image-invariants.ts'
import { imageRecords } from './image-records.ts'

const EMPTY = emptyImage('cluster')

function partition(topicId: string, index: number, change: Partial<PartitionRecord> = {}): PartitionRecord {
  return {
    type: 'partition',
    topicId,
    partition: index,
    replicas: [1, 2],
    isr: [1, 2],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    recoveryState: 'recovered',
    ...change,
  }
}

function topic(name: string, topicId: string, partitions = 1): MetadataRecord[] {
  return [{ type: 'topic', topicId, name }, ...Array.from({ length: partitions }, (_, index) => partition(topicId, index))]
}

function config(resourceName: string, name: string, value: string | null): MetadataRecord {
  return { type: 'config', resourceType: 'topic', resourceName, name, value }
}

function broker(brokerId: number, brokerEpoch = -1): MetadataRecord {
  return {
    type: 'register-broker',
    brokerId,
    brokerEpoch,
    incarnationId: 'incarnation',
    listeners: [{ name: 'PLAINTEXT', host: '', port: 9092, securityProtocol: 0 }],
    rack: null,
    directoryIds: ['directory'],
    features: [],
    isFenced: false,
    isInControlledShutdown: false,
  }
}

/** Applies each batch on its own. */
function after(batches: readonly (readonly MetadataRecord[])[], image: ClusterImage = EMPTY) {
  let last = { image, delta: applyRecords(image, [], { offset: image.offset + 1, epoch: 1 }).delta }
  for (const records of batches) {
    last = applyRecords(last.image, records, { offset: last.image.offset + 1, epoch: 1 })
    assertImageInvariants(last.image)
  }
  return last
}

describe('topics', () => {
  it('come with their partitions, found by name and by id', () => {
    const { image, delta } = after([topic('orders', 'id-1', 3)])
    expect(image.offset).toBe(0)
    expect(image.epoch).toBe(1)
    expect(image.topics.get('orders')?.partitions).toHaveLength(3)
    expect(image.topics.getById('id-1')).toBe(image.topics.get('orders'))
    expect(delta.topics.get('id-1')).toMatchObject({ before: null, after: { name: 'orders' }, partitions: new Set([0, 1, 2]) })
  })

  it('take their configs with them when they go', () => {
    const { image, delta } = after([
      [...topic('orders', 'id-1'), config('orders', 'retention.ms', '5')],
      [{ type: 'remove-topic', topicId: 'id-1' }],
    ])
    expect(image.topics.size).toBe(0)
    expect(image.configs.topic('orders').size).toBe(0)
    expect(delta.topics.get('id-1')).toMatchObject({ before: { name: 'orders' }, after: null })
    expect(delta.configs).toEqual([{ type: 'topic', name: 'orders' }])
  })

  it('can be deleted and made again in one batch, without the old configs', () => {
    const { image, delta } = after([
      [...topic('orders', 'id-1'), config('orders', 'retention.ms', '5')],
      [{ type: 'remove-topic', topicId: 'id-1' }, ...topic('orders', 'id-2'), config('orders', 'segment.ms', '7')],
    ])
    expect(image.topics.get('orders')?.id).toBe('id-2')
    expect(image.topics.getById('id-1')).toBeUndefined()
    expect([...image.configs.topic('orders')]).toEqual([['segment.ms', '7']])
    expect([...delta.topics.keys()]).toEqual(['id-1', 'id-2'])
  })

  it('leave no trace when made and deleted in one batch', () => {
    const { image, delta } = after([[...topic('orders', 'id-1'), { type: 'remove-topic', topicId: 'id-1' }]])
    expect(image.topics.size).toBe(0)
    expect(delta.topics.size).toBe(0)
  })

  it('know which names collide', () => {
    const { image } = after([topic('a.b', 'id-1'), topic('ab', 'id-2')])
    expect(image.topics.collidingWith('a_b')).toBe('a.b')
    expect(image.topics.collidingWith('a.b')).toBeUndefined()
    expect(image.topics.collidingWith('ab')).toBeUndefined()
    expect(after([[{ type: 'remove-topic', topicId: 'id-1' }]], image).image.topics.collidingWith('a_b')).toBeUndefined()
  })

  it("mark the coordinators' own", () => {
    const { image } = after([topic('__consumer_offsets', 'id-1'), topic('orders', 'id-2')])
    expect(image.topics.get('__consumer_offsets')?.isInternal).toBe(true)
    expect(image.topics.get('orders')?.isInternal).toBe(false)
  })
})

describe('partition changes', () => {
  it('raise the partition epoch always, the leader epoch only with a leader', () => {
    const { image } = after([topic('orders', 'id-1', 2), [{ type: 'partition-change', topicId: 'id-1', partition: 1, isr: [1] }]])
    expect(image.topics.get('orders')?.partitions[1]).toMatchObject({ isr: [1], leader: 1, leaderEpoch: 0, partitionEpoch: 1 })
    const next = after([[{ type: 'partition-change', topicId: 'id-1', partition: 1, leader: 1 }]], image)
    expect(next.image.topics.get('orders')?.partitions[1]).toMatchObject({ leader: 1, leaderEpoch: 1, partitionEpoch: 2 })
    expect(next.delta.topics.get('id-1')?.partitions).toEqual(new Set([1]))
  })

  it('share everything that they do not touch', () => {
    const { image } = after([topic('orders', 'id-1', 1000), topic('other', 'id-2')])
    const next = after([[{ type: 'partition-change', topicId: 'id-1', partition: 5, isr: [1] }]], image)
    const [before, now] = [image.topics.get('orders'), next.image.topics.get('orders')]
    expect(now?.partitions[6]).toBe(before?.partitions[6])
    expect(before?.partitions[5]?.isr).toEqual([1, 2])
    expect(next.image.topics.get('other')).toBe(image.topics.get('other'))
    expect(next.image.brokers).toBe(image.brokers)
    expect(next.image.configs.topic('orders')).toBe(image.configs.topic('orders'))
  })

  it('are quick on an image of 10,000 topics and on a topic of 10,000 partitions', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => topic(`topic-${index}`, `id-${index}`))
    let image = after([topic('wide', 'wide', 10_000)]).image
    for (const records of many) image = applyRecords(image, records, { offset: image.offset + 1, epoch: 1 }).image
    const before = process.threadCpuUsage()
    for (let index = 0; index < 1000; index++) {
      const records: MetadataRecord[] = [
        { type: 'partition-change', topicId: 'wide', partition: index, isr: [1] },
        { type: 'partition-change', topicId: `id-${index}`, partition: 0, isr: [1] },
      ]
      image = applyRecords(image, records, { offset: image.offset + 1, epoch: 1 }).image
    }
    const { user, system } = process.threadCpuUsage(before)
    // Copying all of it each time takes many seconds. The time is the thread's own, whoever else wants the machine.
    expect((user + system) / 1000).toBeLessThan(1000)
    expect(image.topics.get('wide')?.partitions[999]?.partitionEpoch).toBe(1)
  })
})

describe('brokers', () => {
  it('get the offset of their registration as epoch, unless the record states one', () => {
    const { image, delta } = after([[{ type: 'no-op' }], [broker(1)], [broker(2, 0)]])
    expect(image.brokers.get(1)?.epoch).toBe(1)
    expect(image.brokers.get(2)?.epoch).toBe(0)
    expect(delta.brokers).toEqual(new Set([2]))
  })

  it('change only under their epoch', () => {
    const { image } = after([[broker(1)]])
    const change = { type: 'broker-registration-change', brokerId: 1, brokerEpoch: 0, isFenced: true } as const
    expect(after([[change]], image).image.brokers.get(1)).toMatchObject({ isFenced: true, isInControlledShutdown: false })
    expect(() => after([[{ ...change, brokerEpoch: 7 }]], image)).toThrow(/epoch 0, the record is for 7/)
  })
})

describe('the end and the addresses of nodes', () => {
  it('a broker is gone under the epoch that it had, and may come back under another', () => {
    const { image } = after([[broker(1)]])
    const gone = { type: 'unregister-broker', brokerId: 1, brokerEpoch: 0 } as const
    expect(() => after([[{ ...gone, brokerEpoch: 5 }]], image)).toThrow(/epoch 0, the record is for 5/)
    const next = after([[gone]], image)
    expect(next.image.brokers.size).toBe(0)
    expect(next.delta.brokers).toEqual(new Set([1]))
    expect(after([[broker(1)]], next.image).image.brokers.get(1)?.epoch).toBe(2)
  })

  it('a controller is found where it said last', () => {
    const address = { type: 'register-controller', nodeId: 1, directoryId: 'directory', host: 'a', port: 9093 } as const
    const { image } = after([[address], [{ ...address, host: 'b' }]])
    expect(image.controllers.get(1)).toEqual({ id: 1, directoryId: 'directory', host: 'b', port: 9093 })
  })
})

it('a partition recovers when a change says so', () => {
  const change = { type: 'partition-change', topicId: 'id-1', partition: 0 } as const
  const { image } = after([topic('orders', 'id-1'), [{ ...change, leader: 2, isr: [2], recoveryState: 'recovering' }]])
  expect(image.topics.get('orders')?.partitions[0]).toMatchObject({ leader: 2, recoveryState: 'recovering' })
  const next = after([[{ ...change, elr: [1] }], [{ ...change, recoveryState: 'recovered' }]], image)
  expect(next.image.topics.get('orders')?.partitions[0]).toMatchObject({ leader: 2, recoveryState: 'recovered', partitionEpoch: 3 })
})

it('configs are set, replaced and removed key by key', () => {
  const { image } = after([
    [{ type: 'config', resourceType: 'broker', resourceName: '', name: 'log.retention.ms', value: '1' }],
    [{ type: 'config', resourceType: 'broker', resourceName: '', name: 'log.segment.bytes', value: '2' }],
    [{ type: 'config', resourceType: 'broker', resourceName: '', name: 'log.retention.ms', value: null }],
  ])
  expect([...image.configs.defaultBroker()]).toEqual([['log.segment.bytes', '2']])
  expect(image.configs.broker(1).size).toBe(0)
})

it('configs of a group are there without it, and gone with the last of them', () => {
  const set = (value: string | null): MetadataRecord[] => [
    { type: 'config', resourceType: 'group', resourceName: 'readers', name: 'consumer.session.timeout.ms', value },
  ]
  const { image, delta } = after([set('50000')])
  expect([...image.configs.group('readers')]).toEqual([['consumer.session.timeout.ms', '50000']])
  expect(delta.configs).toEqual([{ type: 'group', name: 'readers' }])
  expect([...after([set(null)], image).image.configs.resourceNames('group')]).toEqual([])
})

it('features and producer ids follow their records', () => {
  const { image } = after([
    [
      { type: 'feature-level', name: 'f', level: 2 },
      { type: 'feature-level', name: 'g', level: 1 },
    ],
    [
      { type: 'feature-level', name: 'g', level: 0 },
      { type: 'producer-ids', brokerId: 1, brokerEpoch: 0, nextProducerId: 1000 },
    ],
  ])
  expect([...image.features]).toEqual([['f', 2]])
  expect(image.nextProducerId).toBe(1000)
})

it.each<[string, MetadataRecord[], RegExp]>([
  ['a second topic of a name', topic('orders', 'id-9'), /there already/],
  ['a second topic of an id', topic('other', 'id-1'), /there already/],
  ['the same new topic twice', [...topic('new', 'id-2'), ...topic('new', 'id-3')], /there already/],
  ['a partition of no topic', [partition('nowhere', 0)], /no topic has id nowhere/],
  ['a gap in the partitions', [partition('id-1', 5)], /does not follow 0/],
  ['a change of no partition', [{ type: 'partition-change', topicId: 'id-1', partition: 7 }], /no partition 7/],
  ['the removal of no topic', [{ type: 'remove-topic', topicId: 'nowhere' }], /no topic/],
  ['configs of no topic', [config('nowhere', 'retention.ms', '1')], /no topic nowhere/],
  ['a change of no broker', [{ type: 'broker-registration-change', brokerId: 9, brokerEpoch: 0 }], /not registered/],
  ['producer ids that fall', [{ type: 'producer-ids', brokerId: 1, brokerEpoch: 0, nextProducerId: 1 }], /given away/],
])('refuses %s, and applies nothing of the batch', (_what, records, message) => {
  const { image } = after([topic('orders', 'id-1'), [{ type: 'producer-ids', brokerId: 1, brokerEpoch: 0, nextProducerId: 1000 }]])
  const batch: MetadataRecord[] = [config('orders', 'retention.ms', '1'), ...records]
  expect(() => applyRecords(image, batch, { offset: image.offset + 1, epoch: 1 })).toThrow(message)
  expect(image.configs.topic('orders').size).toBe(0)
})

it('an image is the same after a detour through its records', () => {
  const { image } = after([
    [broker(2)],
    [broker(1)],
    [{ type: 'register-controller', nodeId: 3, directoryId: 'directory', host: 'c', port: 1 }],
    topic('b', 'id-1', 2),
    topic('a', 'id-2'),
    [config('b', 'retention.ms', '1'), { type: 'partition-change', topicId: 'id-1', partition: 1, leader: 2 }],
    [{ type: 'feature-level', name: 'f', level: 1 }],
    [{ type: 'producer-ids', brokerId: 1, brokerEpoch: 0, nextProducerId: 5000 }],
  ])
  const records = [...imageRecords(image)]
  const again = applyRecords(EMPTY, records, { offset: 0, epoch: 1 }).image
  expect([...imageRecords(again)]).toEqual(records)
  expect(again.brokers.get(1)?.epoch).toBe(image.brokers.get(1)?.epoch)
  expect(again.topics.get('b')?.partitions[1]).toEqual(image.topics.get('b')?.partitions[1])
})
