/** Which commits and fetches of offsets a consumer group takes, by who sends them and in which epoch. */
import { errorName, ZERO_UUID } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConsumerMember } from '../testing/consumer-member.ts'
import { GroupHarness } from '../testing/group-harness.ts'

let harness: GroupHarness
let member: ConsumerMember

/** A group of one member, whose epoch went from 2 to 3 while it had orders-0 all along and got payments-0. */
beforeEach(() => {
  harness = new GroupHarness()
  harness.addTopic('orders', 1)
  harness.addTopic('payments', 1)
  member = new ConsumerMember(harness, 'm', { topics: ['orders'] })
  member.settle()
  member.subscribe('orders', 'payments')
  member.settle()
})

function commit(memberId: string, epoch: number, topic = 'orders', apiVersion = 9): string {
  const partition = { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, commitTimestamp: -1, committedMetadata: '' }
  const request = {
    groupId: 'group',
    generationIdOrMemberEpoch: epoch,
    memberId,
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name: topic, topicId: ZERO_UUID, partitions: [partition] }],
  }
  const { topics } = harness.ask('OffsetCommit', request, { apiVersion })
  return errorName(topics[0]?.partitions[0]?.errorCode ?? -1)
}

function fetch(memberId: string | null, memberEpoch: number): string {
  const group = { groupId: 'group', memberId, memberEpoch, topics: null }
  const request = { groupId: '', topics: [], groups: [group], requireStable: false }
  return errorName(harness.ask('OffsetFetch', request, { apiVersion: 9 }).groups?.[0]?.errorCode ?? -1)
}

describe('a commit', () => {
  it.each([
    ['of a member in its epoch', 'm', 3, 'orders', 9, 'NONE'],
    ['in an epoch that has passed, of what it had then', 'm', 2, 'orders', 9, 'NONE'],
    ['in an epoch that has passed, of what came later', 'm', 2, 'payments', 9, 'STALE_MEMBER_EPOCH'],
    ['in an epoch to come', 'm', 4, 'orders', 9, 'STALE_MEMBER_EPOCH'],
    ['of a stranger', 'x', 3, 'orders', 9, 'UNKNOWN_MEMBER_ID'],
    ['of somebody who says to be no member', '', -1, 'orders', 9, 'UNKNOWN_MEMBER_ID'],
    ['in a version that knows no epochs', 'm', 3, 'orders', 8, 'UNSUPPORTED_VERSION'],
  ])('%s', (_, memberId, epoch, topic, apiVersion, expected) => {
    expect(commit(memberId, epoch, topic, apiVersion)).toBe(expected)
  })

  it('by anybody is taken when the group has no members', () => {
    member.leave()
    expect(commit('', -1)).toBe('NONE')
    expect(commit('', -1, 'orders', 2)).toBe('NONE')
    expect(commit('m', 3)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('is taken of what a member is still giving up', () => {
    const other = new ConsumerMember(harness, 'n', { topics: ['orders', 'payments'] })
    other.heartbeat()
    member.heartbeat()
    const lost = member.has === 'orders:0' ? 'payments' : 'orders'
    expect(commit('m', 3, lost)).toBe('NONE')
    member.heartbeat()
    other.heartbeat()
    expect(commit('m', 3, lost)).toBe('STALE_MEMBER_EPOCH')
  })
})

describe('a fetch', () => {
  it.each([
    ['of a member in its epoch', 'm', 3, 'NONE'],
    ['of a member in another', 'm', 2, 'STALE_MEMBER_EPOCH'],
    ['of a stranger', 'x', 3, 'UNKNOWN_MEMBER_ID'],
    ['of a tool', null, -1, 'NONE'],
  ])('%s', (_, memberId, epoch, expected) => {
    expect(fetch(memberId, epoch)).toBe(expected)
  })
})
