/** Members that speak the classic protocol leave consumer groups, and operators remove members, whatever protocol those speak. */
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { ClassicConsumer } from '../../testing/classic-consumer.ts'
import { ConsumerMember } from '../../testing/consumer-member.ts'
import { GroupHarness } from '../../testing/group-harness.ts'

const GROUP = 'group'

/** A static member with half of the partitions, and one beside it. */
function twoMembers() {
  const harness = new GroupHarness()
  harness.addTopic('orders', 4)
  const fixed = new ConsumerMember(harness, 'fixed', { topics: ['orders'], instanceId: 'i1' })
  const other = new ConsumerMember(harness, 'other', { topics: ['orders'] })
  settle(fixed, other)
  expect([fixed.has, other.has]).toEqual(['orders:0,1', 'orders:2,3'])
  return { harness, fixed, other }
}

function settle(...members: readonly ConsumerMember[]): void {
  for (let round = 0; round < 8; round += 1) for (const member of members) member.heartbeat()
}

/** As a tool asks: the id of a member, an instance id, or both. */
function remove(harness: GroupHarness, ...leavers: readonly { readonly memberId?: string; readonly instance?: string }[]): string[] {
  const members = leavers.map(({ memberId = '', instance = null }) => ({ memberId, groupInstanceId: instance, reason: null }))
  const answer = harness.ask('LeaveGroup', { groupId: GROUP, memberId: '', members }, { apiVersion: 5 })
  return (answer.members ?? []).map(({ errorCode }) => errorName(errorCode ?? -1))
}

describe('an operator', () => {
  it('frees at once what a static member has that went away', () => {
    const { harness, fixed, other } = twoMembers()
    fixed.leave(-2)
    expect(remove(harness, { instance: 'i1' })).toEqual(['NONE'])
    settle(other)
    expect(other.has).toBe('orders:0,1,2,3')
    harness.failOver()
    expect(other.heartbeat()).toBe('NONE')
  })

  it('removes members by their ids, and the same one twice', () => {
    const { harness, other } = twoMembers()
    expect(remove(harness, { memberId: 'fixed' }, { memberId: 'fixed', instance: 'i1' })).toEqual(['NONE', 'NONE'])
    settle(other)
    expect(other.has).toBe('orders:0,1,2,3')
  })

  it('removes nobody who is somebody else, or is not there', () => {
    const { harness, fixed, other } = twoMembers()
    const wrong = [{ memberId: 'other', instance: 'i1' }, { instance: 'i2' }, { memberId: 'stranger' }, {}]
    expect(remove(harness, ...wrong)).toEqual(['FENCED_INSTANCE_ID', 'UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID'])
    settle(fixed, other)
    expect([fixed.has, other.has]).toEqual(['orders:0,1', 'orders:2,3'])
  })

  it('makes the group a classic one by removing the last member of its protocol', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const fixed = new ConsumerMember(harness, 'fixed', { topics: ['orders'], instanceId: 'i1' })
    fixed.heartbeat()
    const classic = new ClassicConsumer(harness, 'classic')
    const poll = (): void => {
      for (let round = 0; round < 8; round += 1) {
        classic.poll()
        harness.advance(100)
      }
    }
    poll()
    expect(remove(harness, { instance: 'i1' })).toEqual(['NONE'])
    poll()
    const { groups } = harness.ask('ListGroups', { statesFilter: [], typesFilter: [] }, { apiVersion: 5 })
    expect([groups.map(({ groupType }) => groupType), classic.has]).toEqual([['classic'], 'orders:0,1,2,3'])
  })
})
