import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClassicScene } from '../testing/classic-scene.ts'

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene()
})

describe('OffsetDelete', () => {
  const deleteOffset = (topic = 'orders', groupId = 'g') => {
    const answer = scene.ask('OffsetDelete', { groupId, topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] }, { apiVersion: 0 })
    return answer.errorCode === ERROR_CODES.NONE ? answer.topics[0]?.partitions[0]?.errorCode : answer.errorCode
  }

  it('takes an offset away, and what an open transaction has for the partition', () => {
    scene.commit()
    scene.commitInTransaction(7)
    expect(deleteOffset()).toBe(ERROR_CODES.NONE)
    scene.endTransaction(7, 'commit')
    expect(scene.fetch()).toBe(-1)
    expect(scene.describeGroup().groupState).toBe('Empty')
  })

  it('has nothing to do where there is no offset', () => {
    scene.commit({ partition: 1 })
    expect(deleteOffset()).toBe(ERROR_CODES.NONE)
    expect(scene.log).toHaveLength(1)
  })

  it('is refused for topics that members read, and for any topic of members that are no consumers', () => {
    scene.addTopic('invoices')
    scene.stableGroup()
    expect([deleteOffset(), deleteOffset('invoices')]).toEqual([ERROR_CODES.GROUP_SUBSCRIBED_TO_TOPIC, ERROR_CODES.NONE])
    scene = new ClassicScene()
    scene.sendJoin({ protocolType: 'connect', apiVersion: 3 })
    expect(deleteOffset()).toBe(ERROR_CODES.NON_EMPTY_GROUP)
  })

  it.each([
    ['an unknown group', 'orders', 'g', ERROR_CODES.GROUP_ID_NOT_FOUND],
    ['no group', 'orders', '', ERROR_CODES.INVALID_GROUP_ID],
  ])('is refused for %s', (_what, topic, groupId, errorCode) => {
    expect(deleteOffset(topic, groupId)).toBe(errorCode)
  })

  it('is refused for a topic that is not there', () => {
    scene.commit()
    expect(deleteOffset('nowhere')).toBe(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  })
})
