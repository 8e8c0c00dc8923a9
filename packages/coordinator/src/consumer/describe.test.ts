import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { ClassicConsumer } from '../testing/classic-consumer.ts'
import { twoMembers } from '../testing/consumer-scene.ts'
import { GroupHarness } from '../testing/group-harness.ts'

function described(harness: GroupHarness, groupId = 'group') {
  const { groups } = harness.ask('ConsumerGroupDescribe', { groupIds: [groupId], includeAuthorizedOperations: false }, { apiVersion: 1 })
  return groups[0]
}

describe('a description', () => {
  it('counts what a member has still to let go of as what it has', () => {
    const { harness, first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    first.heartbeat()
    expect(first.has).toBe('orders:0,1')
    const members = described(harness)?.members ?? []
    const partitions = members.map(({ assignment, targetAssignment }) =>
      [assignment, targetAssignment].map(({ topicPartitions }) => topicPartitions.flatMap((topic) => topic.partitions)),
    )
    expect(partitions).toEqual([
      [
        [0, 1, 2, 3],
        [0, 1],
      ],
      [[], [2, 3]],
    ])
  })

  it('says by an empty text that a member subscribes by no expression', () => {
    const { harness, first } = twoMembers()
    first.settle()
    expect(described(harness)?.members).toMatchObject([{ subscribedTopicRegex: '' }])
  })

  it.each([
    ['that is not there', 'nobody', ERROR_CODES.GROUP_ID_NOT_FOUND],
    ['without a name', '', ERROR_CODES.INVALID_GROUP_ID],
  ])('is there of no group %s', (_, groupId, errorCode) => {
    expect(described(twoMembers().harness, groupId)).toMatchObject({ errorCode, groupId, members: [] })
  })

  it('tells a name that is not there from a group of the other protocol, which is what operators read', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    expect(described(harness)?.errorMessage).toBe('Group group not found.')
    new ClassicConsumer(harness, 'classic').poll()
    expect(described(harness)?.errorMessage).toBe('Group group is not a consumer group.')
  })
})
