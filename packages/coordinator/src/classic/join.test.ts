import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClassicScene, type JoinOptions, REBALANCE_MS, SESSION_MS } from '../testing/classic-scene.ts'

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene()
})

describe('a newcomer', () => {
  it('is given an id, and joins with it', () => {
    const first = scene.sendJoin({ clientId: 'shop' })
    expect(scene.joined(first)).toMatchObject({
      errorCode: ERROR_CODES.MEMBER_ID_REQUIRED,
      memberId: 'shop-00000000-0000-0000-0000-000000000001',
      members: [],
    })
    const second = scene.sendJoin({ memberId: 'shop-00000000-0000-0000-0000-000000000001' })
    expect(scene.joined(second)).toBeUndefined()
    scene.advance(50)
    expect(scene.joined(second)).toMatchObject({
      errorCode: ERROR_CODES.NONE,
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      leader: 'shop-00000000-0000-0000-0000-000000000001',
      memberId: 'shop-00000000-0000-0000-0000-000000000001',
      skipAssignment: false,
    })
    expect(scene.joined(second)?.members).toHaveLength(1)
  })

  it.each([0, 1, 2, 3])('joins without an id in version %i', (apiVersion) => {
    const token = scene.sendJoin({ apiVersion })
    scene.advance(50)
    expect(scene.joined(token)).toMatchObject({ errorCode: ERROR_CODES.NONE, generationId: 1 })
  })

  it('waits a moment for others in an empty group, and again when one comes', () => {
    const first = scene.sendJoin({ apiVersion: 3 })
    scene.advance(40)
    const second = scene.sendJoin({ apiVersion: 3 })
    scene.advance(40)
    expect(scene.joined(first)).toBeUndefined()
    scene.advance(20)
    expect(scene.joined(first)).toMatchObject({ generationId: 1 })
    expect(scene.joined(first)?.members).toHaveLength(2)
    expect(scene.joined(second)?.members).toHaveLength(0)
    expect(scene.joined(second)?.leader).toBe(scene.joined(first)?.memberId)
  })

  it('waits no longer for others than its rebalance timeout, however many come', () => {
    scene = new ClassicScene({ initialRebalanceDelayMs: 3_000 })
    const first = scene.sendJoin({ apiVersion: 3, rebalanceTimeoutMs: 10_000 })
    for (let second = 1; second < 10; second += 1) {
      scene.advance(1_000)
      scene.sendJoin({ apiVersion: 3, rebalanceTimeoutMs: 10_000 })
      expect(scene.joined(first)).toBeUndefined()
    }
    scene.advance(1_000)
    expect(scene.joined(first)).toMatchObject({ generationId: 1 })
  })

  it('is answered at once where the delay is zero', () => {
    scene = new ClassicScene({ initialRebalanceDelayMs: 0 })
    expect(scene.joined(scene.sendJoin({ apiVersion: 3 }))).toMatchObject({ generationId: 1 })
  })

  it('leaves nothing behind when it does not come back with its id, but for a group that is empty for a while', () => {
    scene.sendJoin()
    scene.advance(SESSION_MS)
    expect(scene.coordinator.state.groups.size).toBe(0)
    expect(scene.describeGroup()).toMatchObject({ groupState: 'Empty', members: [] })
    scene.advance(scene.settings.offsetsRetentionCheckIntervalMs)
    expect(scene.describeGroup()).toMatchObject({ errorCode: ERROR_CODES.GROUP_ID_NOT_FOUND, groupState: 'Dead' })
    expect(scene.log).toEqual([])
  })
})

describe('JoinGroup is refused', () => {
  it.each([
    ['without a group', { groupId: '' }, ERROR_CODES.INVALID_GROUP_ID],
    ['with a session that is too short', { sessionTimeoutMs: 5_999 }, ERROR_CODES.INVALID_SESSION_TIMEOUT],
    ['with a session that is too long', { sessionTimeoutMs: 1_800_001 }, ERROR_CODES.INVALID_SESSION_TIMEOUT],
    ['to who says to be a member of a group that is not there', { memberId: 'stranger' }, ERROR_CODES.UNKNOWN_MEMBER_ID],
    ['without a protocol', { protocols: {} }, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL],
    ['without a protocol type', { protocolType: '' }, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL],
    [
      'with more metadata than the log takes',
      { protocols: { range: ['x'.repeat(30_000), ...Array<string>(40).fill('y'.repeat(30_000))] } },
      10,
    ],
  ] as const)('%s', (_what, options: JoinOptions, errorCode) => {
    expect(scene.joined(scene.sendJoin(options))).toMatchObject({ errorCode, memberId: options.memberId ?? '', members: [] })
    expect(scene.coordinator.state.groups.size).toBe(0)
    expect(scene.log).toEqual([])
  })

  it('with an empty protocol name before version 7, and with none from it on', () => {
    expect(scene.joined(scene.sendJoin({ memberId: 'stranger', apiVersion: 6 }))?.protocolName).toBe('')
    expect(scene.joined(scene.sendJoin({ memberId: 'stranger', apiVersion: 7 }))?.protocolName).toBeNull()
  })

  it.each([
    ['of another type', { protocolType: 'connect' }],
    ['without a protocol that all have', { protocols: { sticky: ['orders'] } }],
  ])('to a member %s', (_what, options) => {
    scene.stableGroup()
    expect(scene.joined(scene.sendJoin(options))).toMatchObject({ errorCode: ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL })
  })

  it('with an id that was given out and an instance id', () => {
    const { memberId } = scene.joined(scene.sendJoin()) as { memberId: string }
    const answer = scene.joined(scene.sendJoin({ memberId, groupInstanceId: 'one' }))
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR, memberId: '' })
  })

  it('when the group is full', () => {
    scene = new ClassicScene({ maxSize: 2 })
    scene.stableGroup([{}, {}])
    expect(scene.joined(scene.sendJoin())).toMatchObject({ errorCode: ERROR_CODES.GROUP_MAX_SIZE_REACHED, memberId: '' })
  })
})

describe('a member that joins again', () => {
  it('makes all others join again when it leads, whatever it says', () => {
    const [leader, follower] = scene.stableGroup([{}, {}])
    const token = scene.sendJoin({ memberId: leader?.memberId as string })
    expect(scene.joined(token)).toBeUndefined()
    expect(scene.heartbeat(follower as never)).toBe(ERROR_CODES.REBALANCE_IN_PROGRESS)
    const other = scene.sendJoin({ memberId: follower?.memberId as string })
    expect(scene.joined(token)).toMatchObject({ generationId: 2 })
    expect(scene.joined(other)).toMatchObject({ generationId: 2, leader: leader?.memberId })
  })

  it('is told of the current generation when it follows and nothing changed', () => {
    const [leader, follower] = scene.stableGroup([{}, {}])
    const answer = scene.joined(scene.sendJoin({ memberId: follower?.memberId as string }))
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.NONE, generationId: 1, leader: leader?.memberId, members: [] })
    expect(scene.describeGroup().groupState).toBe('Stable')
  })

  it('makes all others join again when it reads something else', () => {
    const [, follower] = scene.stableGroup([{}, {}])
    scene.sendJoin({ memberId: follower?.memberId as string, protocols: { range: ['orders', 'invoices'] } })
    expect(scene.describeGroup().groupState).toBe('PreparingRebalance')
  })

  it('is told again what it was told when the answer was lost', () => {
    const { token, memberId } = scene.sendJoinWithId()
    scene.advance(50)
    expect(scene.joined(token)).toMatchObject({ generationId: 1 })
    expect(scene.joined(scene.sendJoin({ memberId }))).toEqual(scene.joined(token))
    expect(scene.describeGroup().groupState).toBe('CompletingRebalance')
  })

  it('takes the place of an earlier request of its own', () => {
    const { token, memberId } = scene.sendJoinWithId()
    const again = scene.sendJoin({ memberId })
    expect(scene.joined(token)).toMatchObject({ errorCode: ERROR_CODES.REBALANCE_IN_PROGRESS, memberId })
    scene.advance(50)
    expect(scene.joined(again)).toMatchObject({ errorCode: ERROR_CODES.NONE, generationId: 1 })
  })
})

describe('a rebalance', () => {
  it('drops members that did not join again within the longest rebalance timeout', () => {
    const [leader, follower] = scene.stableGroup([{}, {}])
    const token = scene.sendJoin({ memberId: leader?.memberId as string })
    for (let passedMs = 0; passedMs < REBALANCE_MS; passedMs += 5_000) {
      scene.heartbeat(follower as never)
      expect(scene.joined(token)).toBeUndefined()
      scene.advance(5_000)
    }
    expect(scene.joined(token)?.members).toHaveLength(1)
    expect(scene.heartbeat(follower as never)).toBe(ERROR_CODES.UNKNOWN_MEMBER_ID)
  })

  it('waits for ids that were given out', () => {
    const [leader] = scene.stableGroup()
    const { memberId } = scene.joined(scene.sendJoin()) as { memberId: string }
    const token = scene.sendJoin({ memberId: leader?.memberId as string })
    expect(scene.joined(token)).toBeUndefined()
    const newcomer = scene.sendJoin({ memberId })
    expect(scene.joined(token)?.members).toHaveLength(2)
    expect(scene.joined(newcomer)).toMatchObject({ generationId: 2 })
  })

  it('goes on when an id that was given out is too old', () => {
    const [leader] = scene.stableGroup()
    scene.sendJoin()
    const token = scene.sendJoin({ memberId: leader?.memberId as string })
    scene.advance(SESSION_MS)
    expect(scene.joined(token)).toMatchObject({ generationId: 2 })
  })

  it('chooses another leader when the leader did not join again', () => {
    const [leader, follower] = scene.stableGroup([{}, {}])
    const token = scene.sendJoin({ memberId: follower?.memberId as string, protocols: { range: ['orders', 'more'] } })
    expect(scene.leave(leader?.memberId as string)).toEqual([ERROR_CODES.NONE])
    expect(scene.joined(token)).toMatchObject({ leader: follower?.memberId, generationId: 2 })
  })

  it('agrees on what most prefer of what all can', () => {
    const options = [
      { protocols: { roundrobin: [], range: [], sticky: [] } },
      { protocols: { range: [], roundrobin: [] } },
      { protocols: { sticky: [], range: [], roundrobin: [] } },
    ]
    scene.stableGroup(options)
    expect(scene.describeGroup().protocolData).toBe('range')
  })
})
