/** The checkers that look at nodes find what they are there for, shown by nodes of paper. */
import type { Partition } from '@millrace/broker'
import { applyRecords, type ClusterImage, emptyImage, type MetadataRecord, type PartitionImage } from '@millrace/metadata'
import { buildBatch } from '@millrace/protocol'
import { crc32c, createMemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { eligibleLeaders } from './eligible-leaders.ts'
import { highWatermarks } from './high-watermarks.ts'
import { inSyncHoldCommitted } from './in-sync-hold-committed.ts'
import { oneLeaderPerEpoch } from './one-leader-per-epoch.ts'
import { firstDifference } from './replicas-equal.ts'
import { sameMetadata } from './same-metadata.ts'
import type { Complain, Look, WatchedNode } from './watched-node.ts'

const TOPIC = 'mB0s3oWvTxGVWHNTVVlXSA'

interface PaperPartition {
  readonly role: 'leader' | 'follower'
  readonly epoch: number
  readonly highWatermark: number
  readonly end: number
  readonly durable?: number
  /** The life of node 2 that a leader knows of, and the one that node 2 is in: both 1 where nothing else is said. */
  readonly knownEpoch?: number
  readonly brokerEpoch?: number
  readonly partitionEpoch?: number
  readonly minInsyncReplicas?: number
}

function node(nodeId: number, partition: PaperPartition | null, image: ClusterImage = emptyImage('cluster'), incarnation = 1): WatchedNode {
  const brokerEpoch = partition?.brokerEpoch ?? 1
  return { nodeId, incarnation, brokerEpoch, image, partitions: () => (partition === null ? [] : [paper(partition)]) }
}

function paper({ role, epoch, highWatermark, end, durable = end, knownEpoch = 1, ...more }: PaperPartition): Partition {
  const { partitionEpoch = 0, minInsyncReplicas = 1 } = more
  const brokers = new Map([[2, knownEpoch]])
  const settings = { isFsync: true, minInsyncReplicas }
  const parts = { isr: [1, 2], replicas: [1, 2, 3], settings }
  const replica = { ownId: 1, brokers, role: { type: role }, leaderEpoch: epoch, partitionEpoch, ...parts }
  const readableLog = { isClosed: false, logEndOffset: end, durableEndOffset: durable }
  return { topicId: TOPIC, topic: 't', index: 0, replica, highWatermark, readableLog } as unknown as Partition
}

const broker = (brokerId: number, isFenced: boolean): MetadataRecord => ({
  type: 'register-broker',
  brokerId,
  brokerEpoch: -1,
  incarnationId: TOPIC,
  listeners: [],
  rack: null,
  directoryIds: [],
  features: [],
  isFenced,
  isInControlledShutdown: false,
})

const partition: PartitionImage = {
  replicas: [1, 2],
  isr: [1],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  recoveryState: 'recovered',
}

const imageOf = (records: readonly MetadataRecord[], offset = 0): ClusterImage =>
  applyRecords(emptyImage('cluster'), records, { offset, epoch: 1 }).image

/** Each broker has the epoch `offset`. */
function withPartition(change: Partial<PartitionImage>, brokers: readonly number[] = [1], offset = 0): ClusterImage {
  const topic: readonly MetadataRecord[] = [
    { type: 'topic', topicId: TOPIC, name: 't' },
    { type: 'partition', topicId: TOPIC, partition: 0, ...partition, ...change },
  ]
  return imageOf([...brokers.map((id) => broker(id, false)), ...topic], offset)
}

/** What is said after looking at each scene, one after the other. */
function complaints(make: (complain: Complain) => Look, ...scenes: readonly (readonly WatchedNode[])[]): readonly string[] {
  const said: string[] = []
  const look = make((message) => said.push(message))
  for (const scene of scenes) look(scene)
  return said
}

describe('one leader per epoch', () => {
  const leading = (nodeId: number, epoch: number, incarnation = 1): WatchedNode =>
    node(nodeId, { role: 'leader', epoch, highWatermark: 0, end: 0 }, emptyImage('cluster'), incarnation)

  it('is content when leaders of different epochs do not know of each other', () => {
    expect(complaints(oneLeaderPerEpoch, [leading(1, 1), leading(2, 2)])).toEqual([])
  })

  it('complains of two in one epoch, also one after the other', () => {
    expect(complaints(oneLeaderPerEpoch, [leading(1, 1)], [leading(2, 1)])).toEqual(['t-0: nodes 1 and 2 both lead in epoch 1'])
  })

  it('complains of two lives of one broker', () => {
    expect(complaints(oneLeaderPerEpoch, [leading(1, 1)], [leading(1, 2, 2)])).toEqual([])
    expect(complaints(oneLeaderPerEpoch, [leading(1, 1)], [leading(1, 1, 2)])).toEqual([
      't-0: node 1 leads in epoch 1, as it did before it was started anew',
    ])
  })
})

describe('high watermarks', () => {
  const leader = { role: 'leader', epoch: 1, highWatermark: 5, end: 8 } as const

  it('are fine when all in sync hold what is below them', () => {
    expect(complaints(highWatermarks, [node(1, leader), node(2, { role: 'follower', epoch: 1, highWatermark: 4, end: 5 })])).toEqual([])
  })

  it('stand still while too few are in sync, and go on with another ISR', () => {
    const few = { ...leader, minInsyncReplicas: 3 } as const
    const moved = { ...few, highWatermark: 6 } as const
    expect(complaints(highWatermarks, [node(1, few)], [node(1, few)])).toEqual([])
    expect(complaints(highWatermarks, [node(1, few)], [node(1, { ...moved, partitionEpoch: 1 })])).toEqual([])
    expect(complaints(highWatermarks, [node(1, few)], [node(1, moved)])).toEqual([
      'node 1, t-0: its high watermark rose from 5 to 6 with too few in sync',
    ])
  })

  it('say nothing of a later life of a broker, whose disk may be empty, before it was heard of', () => {
    const born = { role: 'follower', epoch: 1, highWatermark: 0, end: 0, brokerEpoch: 2 } as const
    expect(complaints(highWatermarks, [node(1, leader), node(2, born)])).toEqual([])
    expect(complaints(highWatermarks, [node(1, { ...leader, knownEpoch: 2 }), node(2, born)])[0]).toMatch(/is durable up to 0/)
  })

  it.each<readonly [string, readonly (readonly WatchedNode[])[], RegExp]>([
    ['retreat', [[node(1, leader)], [node(1, { ...leader, highWatermark: 4 })]], /fell from 5 to 4/],
    ['lie after the end', [[node(1, { ...leader, end: 4 })]], /lies after its end 4/],
    [
      'are not durable in sync',
      [[node(1, leader), node(2, { role: 'follower', epoch: 1, highWatermark: 4, end: 8, durable: 3 })]],
      /the log of node 2, which is in sync, is durable up to 3/,
    ],
  ])('are complained of when they %s', (_name, scenes, message) => {
    expect(complaints(highWatermarks, ...scenes)[0]).toMatch(message)
  })
})

describe('what is committed', () => {
  const inSync = (partitionEpoch: number, isr: readonly number[]): ClusterImage => withPartition({ isr, partitionEpoch }, [1, 2], 1)
  const leader = { role: 'leader', epoch: 1, highWatermark: 5, end: 8 } as const
  const follower = { role: 'follower', epoch: 1, highWatermark: 3, end: 5 } as const

  it('is held by all that are in sync', () => {
    expect(complaints(inSyncHoldCommitted, [node(1, leader, inSync(0, [1, 2])), node(2, follower, inSync(0, [1, 2]))])).toEqual([])
  })

  it('is missed where one of them gives it up after its leader is gone', () => {
    const image = inSync(0, [1, 2])
    const shorter = { ...follower, end: 4 }
    const said = complaints(inSyncHoldCommitted, [node(1, leader, image), node(2, follower, image)], [node(2, shorter, image)])
    expect(said).toEqual(['t-0: node 2, which is in sync, is durable up to 4, and 5 was committed'])
  })

  it('need not be held by a later life, nor by who left the ISR, also where only its leader knew that', () => {
    const image = inSync(0, [1, 2])
    const shorter = { ...follower, end: 4 }
    expect(complaints(inSyncHoldCommitted, [node(1, leader, image), node(2, { ...shorter, brokerEpoch: 2 }, image)])).toEqual([])
    expect(complaints(inSyncHoldCommitted, [node(1, leader, image), node(2, shorter, { ...inSync(1, [1]), offset: 2 })])).toEqual([])
    expect(complaints(inSyncHoldCommitted, [node(1, { ...leader, partitionEpoch: 1 }, image)], [node(2, shorter, image)])).toEqual([])
  })
})

describe('metadata', () => {
  it('has leaders and members of the ISR that the cluster counts on', () => {
    const said: string[] = []
    const show = eligibleLeaders((message) => said.push(message))
    show(withPartition({}))
    expect(said).toEqual([])
    show({ ...withPartition({ isr: [1, 2] }), offset: 1 })
    expect(said).toEqual(['metadata at offset 1: t-0 has 2 in its ISR, which is unknown'])
  })

  it('is the same on all nodes at one offset, and never goes back', () => {
    const [one, other] = [imageOf([broker(1, true)]), imageOf([broker(1, false)])]
    expect(complaints(sameMetadata, [node(1, null, one), node(2, null, one)])).toEqual([])
    expect(complaints(sameMetadata, [node(1, null, one), node(2, null, other)])).toEqual([
      'nodes 1 and 2 differ in their metadata at offset 0',
    ])
    const later = imageOf([broker(1, true)], 5)
    expect(complaints(sameMetadata, [node(1, null, later)], [node(1, null, one)])[0]).toContain('went back from metadata offset 5 to 0')
  })
})

describe('replicas', () => {
  function stored(...values: readonly string[]): ReturnType<typeof createMemoryDisk> {
    const disk = createMemoryDisk()
    disk.createDirectory('/t-0')
    const file = disk.open('/t-0/00000000000000000000.log', { create: true })
    values.forEach((value, baseOffset) => {
      const records = [{ key: null, value: new TextEncoder().encode(value), headers: [], timestamp: 1 }]
      file.writeSync([buildBatch({ baseOffset, records, crc32c })], file.size())
    })
    return disk
  }

  const compared = (left: readonly string[], right: readonly string[], endOffset: number): string | null =>
    firstDifference(
      [left, right].map((values, index) => ({ node: `node-${index + 1}`, disk: stored(...values), directory: '/t-0' })),
      endOffset,
    )

  it.each<readonly [string, readonly string[], readonly string[], number, string | null]>([
    ['are equal', ['a', 'b'], ['a', 'b'], 2, null],
    ['may differ above the high watermark', ['a', 'b'], ['a', 'c'], 1, null],
    ['must not differ below it', ['a', 'b'], ['a', 'c'], 2, 'node-1 and node-2 differ in the batch at offset 1'],
    ['must not lack anything below it', ['a', 'b'], ['a'], 2, 'node-2 lacks the batch at offset 1, below the high watermark 2'],
  ])('%s', (_name, left, right, endOffset, difference) => {
    expect(compared(left, right, endOffset)).toBe(difference)
  })
})
