import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClassicScene } from '../testing/classic-scene.ts'

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene()
})

describe('TxnOffsetCommit', () => {
  it('counts when the transaction has committed, and not before', () => {
    expect(scene.commitInTransaction(7, { offset: 5 })).toBe(ERROR_CODES.NONE)
    expect(scene.fetch()).toBe(-1)
    scene.failOver()
    expect(scene.fetch()).toBe(-1)
    scene.endTransaction(7, 'commit')
    expect(scene.fetch()).toBe(5)
  })

  it('writes in the name of the transaction, and with the id of the topic', () => {
    scene.commitInTransaction(7)
    expect(scene.log).toMatchObject([{ transaction: { producerId: 7, producerEpoch: 0 } }])
    expect(scene.records).toMatchObject([{ value: { topicId: scene.topics.get('orders')?.id, leaderEpoch: 0, expireTimestamp: -1 } }])
  })

  it('is taken from who does not say to be a member, whatever members there are', () => {
    scene.stableGroup()
    expect(scene.commitInTransaction(7)).toBe(ERROR_CODES.NONE)
  })

  it('is refused to a member that was left behind', () => {
    const [only] = scene.stableGroup([{ groupInstanceId: 'one' }])
    const { NONE, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID } = ERROR_CODES
    expect([
      scene.commitInTransaction(7, only),
      scene.commitInTransaction(7, { ...only, generationId: 0 }),
      scene.commitInTransaction(7, { ...only, memberId: 'stranger', groupInstanceId: null }),
      scene.commitInTransaction(7, { ...only, memberId: 'stranger' }),
    ]).toEqual([NONE, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID])
  })

  it('is refused to the member of a group that is not there, and without a group', () => {
    expect(scene.commitInTransaction(7, { memberId: 'stranger', generationId: 1 })).toBe(ERROR_CODES.ILLEGAL_GENERATION)
    expect(scene.commitInTransaction(7, { groupId: '' })).toBe(ERROR_CODES.INVALID_GROUP_ID)
  })
})
