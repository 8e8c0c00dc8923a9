import { ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClassicScene } from '../testing/classic-scene.ts'
import { SimpleGroup } from './simple-group.ts'

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene()
})

describe('OffsetFetch', () => {
  it('waits for the end of transactions if it is to be stable', () => {
    scene.commit({ offset: 3 })
    scene.commitInTransaction(7, { offset: 9 })
    expect([scene.fetch(), scene.fetchPartition({ requireStable: true })]).toMatchObject([
      3,
      { committedOffset: -1, errorCode: ERROR_CODES.UNSTABLE_OFFSET_COMMIT },
    ])
    scene.endTransaction(7, 'abort')
    expect(scene.fetchPartition({ requireStable: true })).toMatchObject({ committedOffset: 3, errorCode: ERROR_CODES.NONE })
  })

  it('finds what was committed last, in a transaction or not, whenever that ended', () => {
    scene.commitInTransaction(7, { offset: 9 })
    scene.commit({ offset: 3 })
    scene.commitInTransaction(8, { offset: 4 })
    scene.endTransaction(8, 'commit')
    scene.endTransaction(7, 'commit')
    expect(scene.fetch()).toBe(4)
    scene.failOver()
    expect(scene.fetch()).toBe(4)
  })

  it('by id does not find what was committed to another topic of the same name', () => {
    scene.commit({ offset: 3 })
    const { id } = scene.addTopic('orders', 3, 'BBBBBBBBBBBBBBBBBBBBBA')
    expect(scene.fetchPartition({ topicId: id })).toMatchObject({ committedOffset: -1, errorCode: ERROR_CODES.NONE })
    expect(scene.fetch()).toBe(3)
  })

  it('by an id that is not there is refused', () => {
    scene.commit()
    expect(scene.fetchPartition({ topicId: ZERO_UUID })).toMatchObject({ errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID })
  })

  const ask = (apiVersion: number, topics: { name: string; partitionIndexes: number[] }[] | null, groupId = 'g') =>
    scene.ask('OffsetFetch', { groupId, topics, groups: [], requireStable: false }, { apiVersion })

  it('of null topics gives all that have offsets, before and after there were several groups', () => {
    scene.commit({ offset: 3 })
    scene.commit({ partition: 2, offset: 4 })
    const found = [
      { partitionIndex: 0, committedOffset: 3 },
      { partitionIndex: 2, committedOffset: 4 },
    ]
    expect(ask(2, null)).toMatchObject({ errorCode: ERROR_CODES.NONE, topics: [{ name: 'orders', partitions: found }] })
    const groups = ['g', 'other'].map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: null }))
    const several = (apiVersion: number) =>
      scene.ask('OffsetFetch', { groupId: '', topics: null, groups, requireStable: false }, { apiVersion }).groups
    expect(several(8)).toMatchObject([
      { groupId: 'g', topics: [{ name: 'orders', partitions: found }] },
      { groupId: 'other', topics: [] },
    ])
    const { id } = scene.topics.get('orders') as { id: string }
    expect(several(10)).toMatchObject([{ topics: [{ topicId: id, partitions: found }] }, { topics: [] }])
    scene.topics.delete('orders')
    expect(several(10)).toMatchObject([{ topics: [] }, { topics: [] }])
  })

  it('of a group that is not there finds nothing, which is no error', () => {
    const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: ERROR_CODES.NONE }
    expect(ask(1, [{ name: 'orders', partitionIndexes: [0] }], 'nowhere').topics?.[0]?.partitions?.[0]).toMatchObject(nothing)
  })

  it.each([
    [1, { topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, errorCode: ERROR_CODES.UNKNOWN_MEMBER_ID }] }] }],
    [2, { topics: [], errorCode: ERROR_CODES.UNKNOWN_MEMBER_ID }],
  ])('in version %i says of the group what is wrong with it', (apiVersion, expected) => {
    const { groups } = scene.coordinator.state
    const refusing = Object.assign(new SimpleGroup('g'), { checkOffsetFetch: () => ERROR_CODES.UNKNOWN_MEMBER_ID })
    groups.set('g', refusing)
    expect(ask(apiVersion, [{ name: 'orders', partitionIndexes: [0] }])).toMatchObject(expected)
  })
})
