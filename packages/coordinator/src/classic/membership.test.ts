import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClassicScene, type Membership, REBALANCE_MS, SESSION_MS } from '../testing/classic-scene.ts'

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene()
})

/** Two members that joined and have not synced. */
function completing(): readonly [Membership, Membership] {
  const joining = [scene.sendJoinWithId(), scene.sendJoinWithId()]
  scene.advance(100)
  const [leader, follower] = joining.map(({ memberId }) => ({ memberId, generationId: 1 }))
  return [leader as Membership, follower as Membership]
}

describe('SyncGroup', () => {
  it('gives each member what the leader assigned, when it has', () => {
    const [leader, follower] = completing()
    const waiting = scene.sendSync(follower)
    expect(scene.synced(waiting)).toBeUndefined()
    const first = scene.sendSync(leader, { [leader.memberId]: 'one', [follower.memberId]: 'two', stranger: 'three' })
    expect(scene.synced(first)).toEqual({ errorCode: ERROR_CODES.NONE, assignment: 'one' })
    expect(scene.synced(waiting)).toEqual({ errorCode: ERROR_CODES.NONE, assignment: 'two' })
    expect(scene.records).toHaveLength(1)
    expect(scene.answerTo(waiting, 'SyncGroup')).toMatchObject({ protocolType: 'consumer', protocolName: 'range' })
  })

  it('gives nothing to members that the leader left out', () => {
    const [leader, follower] = completing()
    scene.sendSync(leader, { [leader.memberId]: 'one' })
    expect(scene.synced(scene.sendSync(follower))).toEqual({ errorCode: ERROR_CODES.NONE, assignment: '' })
  })

  it('gives the assignment again to who asks again', () => {
    const [leader] = scene.stableGroup([{}, {}]) as [Membership]
    expect(scene.synced(scene.sendSync(leader))).toEqual({ errorCode: ERROR_CODES.NONE, assignment: leader.memberId })
  })

  it('sends all back to join when one comes while they wait', () => {
    const [, follower] = completing()
    const waiting = scene.sendSync(follower)
    const { memberId } = scene.sendJoinWithId()
    expect(scene.synced(waiting)).toEqual({ errorCode: ERROR_CODES.REBALANCE_IN_PROGRESS, assignment: '' })
    expect(scene.synced(scene.sendSync({ memberId, generationId: 1 }))?.errorCode).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
  })

  it('drops members that do not ask within the rebalance timeout', () => {
    const [leader, follower] = completing()
    scene.sendSync(leader)
    for (let passedMs = 0; passedMs < REBALANCE_MS; passedMs += 5_000) {
      expect([scene.heartbeat(leader), scene.heartbeat(follower)]).toEqual([ERROR_CODES.NONE, ERROR_CODES.NONE])
      scene.advance(5_000)
    }
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
    expect(scene.heartbeat(follower)).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })

  it('takes the place of an earlier request of its own', () => {
    const [leader, follower] = completing()
    const earlier = scene.sendSync(follower)
    const later = scene.sendSync(follower)
    expect(scene.synced(earlier)?.errorCode).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
    scene.sendSync(leader, { [follower.memberId]: 'two' })
    expect(scene.synced(later)?.assignment).toBe('two')
  })

  it('is refused when what the leader brings is more than the log takes', () => {
    const [leader, follower] = completing()
    const waiting = scene.sendSync(follower)
    const token = scene.sendSync(leader, { [leader.memberId]: 'x'.repeat(1_100_000) })
    expect([scene.synced(token)?.errorCode, scene.synced(waiting)?.errorCode]).toEqual([-1, -1])
    expect(scene.describeGroup().groupState).toBe('PreparingRebalance')
    expect(scene.log).toEqual([])
  })

  it.each([
    ['an unknown group', (): Membership => ({ memberId: 'm', generationId: 1 }), {}, ERROR_CODES.UNKNOWN_MEMBER_ID],
    ['a stranger', (): Membership => ({ ...completing()[0], memberId: 'stranger' }), {}, ERROR_CODES.UNKNOWN_MEMBER_ID],
    ['an earlier generation', (): Membership => ({ ...completing()[0], generationId: 0 }), {}, ERROR_CODES.ILLEGAL_GENERATION],
    ['another protocol', (): Membership => completing()[0], { protocolName: 'sticky' }, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL],
  ])('is refused to %s', (_what, membership, options, errorCode) => {
    expect(scene.synced(scene.sendSync(membership(), {}, options))?.errorCode).toBe(errorCode)
  })

  it('must name type and protocol of the group from version 5 on', () => {
    const [{ memberId, generationId }] = completing()
    const body = { groupId: 'g', generationId, memberId, groupInstanceId: null, protocolType: null, protocolName: null, assignments: [] }
    expect(scene.ask('SyncGroup', body, { apiVersion: 5 }).errorCode).toBe(ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL)
    expect(scene.ask('SyncGroup', body, { apiVersion: 4 }).errorCode).toBe(ERROR_CODES.NONE)
  })
})

describe('Heartbeat', () => {
  it('keeps a member, and without it the member goes', () => {
    const [leader, follower] = scene.stableGroup([{}, {}]) as [Membership, Membership]
    scene.advance(SESSION_MS - 1)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.NONE)
    scene.advance(1)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
    expect(scene.heartbeat(follower)).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })

  it.each([
    ['an earlier generation', { generationId: 0 }, ERROR_CODES.ILLEGAL_GENERATION],
    ['a later generation', { generationId: 2 }, ERROR_CODES.ILLEGAL_GENERATION],
    ['a stranger', { memberId: 'stranger' }, ERROR_CODES.UNKNOWN_MEMBER_ID],
    ['an instance that nobody has', { groupInstanceId: 'i' }, ERROR_CODES.UNKNOWN_MEMBER_ID],
  ])('is refused to %s', (_what, change, errorCode) => {
    const [leader] = scene.stableGroup() as [Membership]
    expect(scene.heartbeat({ ...leader, ...change })).toBe(errorCode)
  })

  it('of many members sets no timers', () => {
    const members = scene.stableGroup(Array.from({ length: 50 }, () => ({})))
    const setBefore = scene.timersSet
    for (let second = 0; second < 30; second += 1) {
      for (const member of members) expect(scene.heartbeat(member)).toBe(ERROR_CODES.NONE)
      scene.advance(1_000)
    }
    expect(scene.timersSet - setBefore).toBeLessThanOrEqual(4)
  })
})

describe('LeaveGroup', () => {
  it('lets the others join again', () => {
    const [leader, follower] = scene.stableGroup([{}, {}]) as [Membership, Membership]
    expect(scene.leave(leader.memberId)).toEqual([ERROR_CODES.NONE])
    expect(scene.heartbeat(follower)).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })

  it('of the last member leaves an empty group with its next generation', () => {
    const [only] = scene.stableGroup() as [Membership]
    scene.leave(only.memberId)
    expect(scene.describeGroup()).toMatchObject({ groupState: 'Empty', protocolType: 'consumer', members: [] })
    expect(scene.records.at(-1)).toMatchObject({ value: { generation: 2, protocol: null, leader: null, members: [] } })
  })

  it('has an outcome for each from version 3 on', () => {
    const [leader, follower] = scene.stableGroup([{ groupInstanceId: 'one' }, {}]) as [Membership, Membership]
    const outcomes = scene.leave(
      'stranger',
      follower.memberId,
      { memberId: '', groupInstanceId: 'none' },
      { memberId: 'other', groupInstanceId: 'one' },
      { memberId: '', groupInstanceId: 'one' },
      leader.memberId,
    )
    const { NONE, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID } = ERROR_CODES
    expect(outcomes).toEqual([UNKNOWN_MEMBER_ID, NONE, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, NONE, UNKNOWN_MEMBER_ID])
  })

  it('has one outcome before version 3', () => {
    const [only] = scene.stableGroup() as [Membership]
    const leave = (memberId: string) => scene.ask('LeaveGroup', { groupId: 'g', memberId, members: [] }, { apiVersion: 2 }).errorCode
    expect([leave('stranger'), leave(only.memberId)]).toEqual([ERROR_CODES.UNKNOWN_MEMBER_ID, ERROR_CODES.NONE])
  })

  it('of an id that was given out lets the members join again', () => {
    scene.stableGroup()
    const { memberId } = scene.joined(scene.sendJoin()) as { memberId: string }
    expect(scene.leave(memberId)).toEqual([ERROR_CODES.NONE])
    expect(scene.describeGroup().groupState).toBe('PreparingRebalance')
  })

  it('of a member that waits answers what it waits for', () => {
    const [, follower] = completing()
    const waiting = scene.sendSync(follower)
    scene.leave(follower.memberId)
    expect(scene.synced(waiting)?.errorCode).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })
})

describe('a static member', () => {
  const options = [{ groupInstanceId: 'one' }, { groupInstanceId: 'two' }]

  it.each([
    [9, true],
    [8, false],
  ])('that comes back is not noticed by the others, and in version %i a leader knows that it leads: %s', (apiVersion, leads) => {
    const [leader, follower] = scene.stableGroup(options) as [Membership, Membership]
    const token = scene.sendJoin({ groupInstanceId: 'one', apiVersion })
    const answer = scene.joined(token)
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.NONE, generationId: 1, skipAssignment: leads })
    expect(answer?.memberId).not.toBe(leader.memberId)
    expect(answer?.leader).toBe(leads ? answer?.memberId : leader.memberId)
    expect(answer?.members).toHaveLength(leads ? 2 : 0)
    expect(scene.heartbeat(follower)).toBe(ERROR_CODES.NONE)
    const back = { memberId: answer?.memberId as string, groupInstanceId: 'one', generationId: 1 }
    expect(scene.synced(scene.sendSync(back))?.assignment).toBe(leader.memberId)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.FENCED_INSTANCE_ID)
  })

  it('that comes back with another protocol makes all join again', () => {
    scene.stableGroup([{ groupInstanceId: 'one', protocols: { range: [], sticky: [] } }])
    const token = scene.sendJoin({ groupInstanceId: 'one', protocols: { sticky: [] } })
    expect(scene.joined(token)).toMatchObject({ generationId: 2, protocolName: 'sticky' })
  })

  it('that comes back fences the one that waits', () => {
    const [leader] = scene.stableGroup(options) as [Membership]
    const waiting = scene.sendJoin({ memberId: leader.memberId, groupInstanceId: 'one' })
    scene.sendJoin({ groupInstanceId: 'one' })
    expect(scene.joined(waiting)).toMatchObject({ errorCode: ERROR_CODES.FENCED_INSTANCE_ID, memberId: leader.memberId })
  })

  it('keeps its place in a rebalance that it misses, until its session ends', () => {
    const [leader, follower] = scene.stableGroup(options) as [Membership, Membership]
    const token = scene.sendJoin({ memberId: leader.memberId, groupInstanceId: 'one' })
    for (let passedMs = 0; passedMs < REBALANCE_MS; passedMs += 5_000) {
      expect(scene.joined(token)).toBeUndefined()
      expect(scene.heartbeat(follower)).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
      scene.advance(5_000)
    }
    expect(scene.joined(token)?.members?.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['one', 'two'])
    scene.advance(SESSION_MS)
    expect(scene.heartbeat({ ...follower, generationId: 2 })).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })

  it('is fenced before it joins again under its old id', () => {
    const [leader] = scene.stableGroup(options) as [Membership]
    scene.sendJoin({ groupInstanceId: 'one' })
    const token = scene.sendJoin({ memberId: leader.memberId, groupInstanceId: 'one' })
    expect(scene.joined(token)?.errorCode).toBe(ERROR_CODES.FENCED_INSTANCE_ID)
  })
})

describe('a connection that closes', () => {
  it('is the end of a newcomer that was not told its id', () => {
    const token = scene.sendJoin({ apiVersion: 3, connectionId: 7 })
    scene.step({ type: 'disconnected', connectionId: 7, ...scene.time })
    expect(scene.joined(token)?.errorCode).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
    scene.advance(50)
    expect(scene.describeGroup().groupState).toBe('Empty')
  })

  it('is nothing to members that can come back', () => {
    const [leader] = scene.stableGroup() as [Membership]
    scene.step({ type: 'disconnected', connectionId: 1, ...scene.time })
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.NONE)
  })

  it('is the end of members if the operator says so, static ones excepted', () => {
    scene = new ClassicScene({ removeDisconnectedMembers: true })
    const members = scene.stableGroup([{ groupInstanceId: 'one', connectionId: 7 }, { connectionId: 7 }, {}])
    scene.step({ type: 'disconnected', connectionId: 7, ...scene.time })
    const { REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID } = ERROR_CODES
    expect(members.map((member) => scene.heartbeat(member))).toEqual([REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS])
  })
})

describe('a failover', () => {
  it('leaves members, generation, leader and assignments', () => {
    const [leader, follower] = scene.stableGroup([{ groupInstanceId: 'one' }, {}]) as [Membership, Membership]
    const before = scene.describeGroup()
    scene.failOver()
    expect(scene.describeGroup()).toEqual(before)
    expect([scene.heartbeat(leader), scene.heartbeat(follower)]).toEqual([ERROR_CODES.NONE, ERROR_CODES.NONE])
    expect(scene.synced(scene.sendSync(follower))?.assignment).toBe(follower.memberId)
  })

  it('gives members their whole session to be heard again', () => {
    const [leader] = scene.stableGroup() as [Membership]
    scene.advance(SESSION_MS - 1)
    scene.failOver()
    scene.advance(SESSION_MS - 1)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.NONE)
    scene.advance(SESSION_MS)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })

  it('in the middle of a rebalance leaves the generation before', () => {
    const [leader, follower] = scene.stableGroup([{}, {}]) as [Membership, Membership]
    scene.leave(leader.memberId)
    scene.failOver()
    expect(scene.describeGroup()).toMatchObject({ groupState: 'Stable' })
    expect(scene.heartbeat(follower)).toBe(ERROR_CODES.NONE)
  })

  it('makes a group join again that has become too large', () => {
    scene.stableGroup([{}, {}, {}])
    scene.settings = { ...scene.settings, maxSize: 2 }
    scene.failOver()
    expect(scene.describeGroup().groupState).toBe('PreparingRebalance')
  })
})

describe('OffsetCommit of a member', () => {
  it('is a sign of life', () => {
    const [leader] = scene.stableGroup() as [Membership]
    scene.advance(SESSION_MS - 1)
    expect(scene.commit(leader)).toBe(ERROR_CODES.NONE)
    scene.advance(SESSION_MS - 1)
    expect(scene.heartbeat(leader)).toBe(ERROR_CODES.NONE)
  })

  it.each([
    ['of another generation', { generationId: 7 }, ERROR_CODES.ILLEGAL_GENERATION],
    ['of a stranger', { memberId: 'stranger' }, ERROR_CODES.UNKNOWN_MEMBER_ID],
    ['that does not say to be a member', { memberId: '', generationId: -1 }, ERROR_CODES.UNKNOWN_MEMBER_ID],
    ['of an instance that nobody has', { groupInstanceId: 'i' }, ERROR_CODES.UNKNOWN_MEMBER_ID],
  ])('is refused %s', (_what, change, errorCode) => {
    const [leader] = scene.stableGroup() as [Membership]
    expect(scene.commit({ ...leader, ...change })).toBe(errorCode)
  })

  it('is taken while the others join again, and not while the leader assigns', () => {
    const [leader, follower] = scene.stableGroup([{}, {}]) as [Membership, Membership]
    scene.sendJoin({ memberId: leader.memberId })
    expect(scene.commit(follower)).toBe(ERROR_CODES.NONE)
    scene.sendJoin({ memberId: follower.memberId })
    expect(scene.commit({ ...follower, generationId: 2 })).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
  })
})
