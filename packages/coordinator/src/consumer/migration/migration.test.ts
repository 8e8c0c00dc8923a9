/** Groups that go from one protocol to the other while their members read on. */
import { decodeAssignment, encodeAssignment, errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import type { GroupSettings } from '../../group/settings.ts'
import { CLASSIC_SESSION_MS, ClassicConsumer } from '../../testing/classic-consumer.ts'
import { ClassicScene } from '../../testing/classic-scene.ts'
import { ConsumerMember } from '../../testing/consumer-member.ts'
import { GroupHarness } from '../../testing/group-harness.ts'

interface Scene {
  readonly harness: GroupHarness
  readonly classics: readonly ClassicConsumer[]
}

/** A classic group of two, with two partitions each. */
function classicGroup(settings: Partial<GroupSettings> = {}, isCooperative = false): Scene {
  const harness = new GroupHarness(settings)
  harness.addTopic('orders', 4)
  const classics = ['c1', 'c2'].map((clientId) => new ClassicConsumer(harness, clientId, { isCooperative }))
  for (let round = 0; round < 8; round += 1) {
    for (const consumer of classics) consumer.poll()
    harness.advance(100)
  }
  expect(classics.map(({ has }) => has)).toEqual(['orders:0,2', 'orders:1,3'])
  return { harness, classics }
}

function newcomer(harness: GroupHarness, memberId = 'new'): ConsumerMember {
  return new ConsumerMember(harness, memberId, { topics: ['orders'] })
}

/** Everybody does what comes next until nobody has anything to do. */
function converge(harness: GroupHarness, classics: readonly ClassicConsumer[], members: readonly ConsumerMember[]): void {
  for (let round = 0; round < 30; round += 1) {
    for (const consumer of classics) consumer.poll()
    for (const member of members) member.heartbeat()
    harness.advance(100)
  }
  expect(classics.map(({ isJoining, error }) => [isJoining, error])).toEqual(classics.map(() => [false, 'NONE']))
  expect(members.map(({ intervalMs }) => intervalMs >= 500)).toEqual(members.map(() => true))
}

function kindOf(harness: GroupHarness): string {
  const { groups } = harness.ask('ListGroups', { statesFilter: [], typesFilter: [] }, { apiVersion: 5 })
  return groups.map(({ groupType, groupState }) => `${groupType} ${groupState}`).join()
}

function read(classics: readonly ClassicConsumer[], members: readonly ConsumerMember[]): number[] {
  const partitions = [
    ...classics.flatMap(({ owned }) => owned.get('orders') ?? []),
    ...members.flatMap(({ owned }) => [...owned.values()].flat()),
  ]
  return partitions.sort((left, right) => left - right)
}

describe('a classic group', () => {
  it('becomes a consumer group when the first member of that protocol joins', () => {
    const { harness, classics } = classicGroup()
    const generation = classics[0]?.generationId ?? 0
    const member = newcomer(harness)
    expect(member.heartbeat()).toBe('NONE')
    expect(kindOf(harness)).toBe('consumer Reconciling')
    expect(member.epoch).toBe(generation + 1)
    // Nobody else has let go of anything.
    expect(member.has).toBe('')
    expect(classics[0]?.poll().error).toBe('REBALANCE_IN_PROGRESS')
    converge(harness, classics, [member])
    expect(kindOf(harness)).toBe('consumer Stable')
    expect(read(classics, [member])).toEqual([0, 1, 2, 3])
    expect(member.has).not.toBe('')
  })

  it.each([true, false])('is converted without anybody reading what another has (cooperative: %s)', (isCooperative) => {
    const { harness, classics } = classicGroup({}, isCooperative)
    const members = [newcomer(harness, 'm1'), newcomer(harness, 'm2')]
    for (let round = 0; round < 40; round += 1) {
      for (const consumer of classics) {
        consumer.poll()
        expect(new Set(read(classics, members)).size).toBe(read(classics, members).length)
      }
      for (const member of members) {
        member.heartbeat()
        expect(new Set(read(classics, members)).size).toBe(read(classics, members).length)
      }
      harness.advance(100)
    }
    expect(read(classics, members)).toEqual([0, 1, 2, 3])
    expect(kindOf(harness)).toBe('consumer Stable')
  })

  it('gives nobody what a member was just told to let go of, before it says that it did', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const [first, second] = ['c1', 'c2'].map((clientId) => new ClassicConsumer(harness, clientId, { isCooperative: true }))
    const classics = [first, second] as [ClassicConsumer, ClassicConsumer]
    for (let round = 0; classics[0].has === '' && round < 10; round += 1, harness.advance(1_000)) classics[0].poll()
    expect(classics[0].has).toBe('orders:0,1,2,3')
    for (const consumer of [classics[1], classics[1], classics[0], classics[0]]) consumer.poll()
    // What is left to it; it has not joined again without the rest.
    expect([classics[0].has, kindOf(harness)]).toEqual(['orders:0,2', 'classic Stable'])
    const member = newcomer(harness)
    member.heartbeat()
    expect([kindOf(harness), member.has]).toEqual(['consumer Reconciling', ''])
    harness.failOver()
    member.heartbeat()
    expect(member.has).toBe('')
    converge(harness, classics, [member])
    expect(read(classics, [member])).toEqual([0, 1, 2, 3])
  })

  it('whose members wait for each other has them join the consumer group instead', () => {
    const { harness, classics } = classicGroup()
    const third = new ClassicConsumer(harness, 'c3').poll().poll()
    classics[0]?.poll().poll()
    expect(kindOf(harness)).toBe('classic PreparingRebalance')
    const member = newcomer(harness)
    member.heartbeat()
    third.poll()
    expect(third.error).toBe('REBALANCE_IN_PROGRESS')
    converge(harness, [...classics, third], [member])
    expect(read([...classics, third], [member])).toEqual([0, 1, 2, 3])
  })

  it('that nobody is in gives its id away', () => {
    const { harness, classics } = classicGroup()
    for (const consumer of classics) consumer.leave()
    expect(kindOf(harness)).toBe('classic Empty')
    const member = newcomer(harness)
    member.heartbeat()
    expect([kindOf(harness), member.has]).toEqual(['consumer Stable', 'orders:0,1,2,3'])
    harness.failOver()
    expect(kindOf(harness)).toBe('consumer Stable')
  })

  it('that is converted is the same for a new coordinator', () => {
    const { harness, classics } = classicGroup()
    const member = newcomer(harness)
    member.heartbeat()
    harness.failOver()
    converge(harness, classics, [member])
    expect(read(classics, [member])).toEqual([0, 1, 2, 3])
  })

  it.each<[string, Partial<GroupSettings>, string]>([
    ['upgrades are disabled', { consumerMigrationPolicy: 'disabled' }, 'GROUP_ID_NOT_FOUND'],
    ['only downgrades are enabled', { consumerMigrationPolicy: 'downgrade' }, 'GROUP_ID_NOT_FOUND'],
    ['it has more members than a consumer group may', { consumerMaxSize: 1 }, 'GROUP_ID_NOT_FOUND'],
    ['it has as many members as a consumer group may', { consumerMaxSize: 2 }, 'GROUP_MAX_SIZE_REACHED'],
  ])('stays one when %s', (_, settings, error) => {
    const { harness, classics } = classicGroup()
    harness.settings = { ...harness.settings, ...settings }
    const written = harness.log.length
    expect(newcomer(harness).heartbeat()).toBe(error)
    expect([kindOf(harness), harness.log.length]).toEqual(['classic Stable', written])
    expect(classics[0]?.poll().error).toBe('NONE')
  })

  it('of other programs stays one', () => {
    const scene = new ClassicScene()
    scene.sendJoinWithId({ protocolType: 'connect' })
    const connect = new ConsumerMember(scene, 'm', { groupId: 'g', topics: ['orders'] })
    expect(connect.heartbeat()).toBe('GROUP_ID_NOT_FOUND')
  })

  it('that is larger than one batch stays one', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const classics = Array.from({ length: 12 }, (_, index) => new ClassicConsumer(harness, `c${index}`))
    converge(harness, classics, [])
    harness.settings = { ...harness.settings, maxBatchBytes: 4_000 }
    expect(newcomer(harness).heartbeat()).toBe('GROUP_ID_NOT_FOUND')
    expect(kindOf(harness)).toBe('classic Stable')
  })

  it('whose leader assigned something that nobody can read stays one', () => {
    const scene = new ClassicScene()
    scene.stableGroup([{}])
    expect(new ConsumerMember(scene, 'm', { groupId: 'g', topics: ['orders'] }).heartbeat()).toBe('GROUP_ID_NOT_FOUND')
    expect(kindOf(scene)).toBe('classic Stable')
  })

  it('stays one when the member that would join it brings an expression that is none', () => {
    const { harness } = classicGroup()
    expect(new ConsumerMember(harness, 'm', { expression: '(' }).heartbeat()).toBe('INVALID_REGULAR_EXPRESSION')
    expect(kindOf(harness)).toBe('classic Stable')
  })
})

describe('a consumer group', () => {
  /** One member of the consumer protocol, and two that are not. */
  function mixedGroup(settings: Partial<GroupSettings> = {}): Scene & { readonly member: ConsumerMember } {
    const { harness, classics } = classicGroup(settings)
    const member = newcomer(harness)
    converge(harness, classics, [member])
    return { harness, classics, member }
  }

  it.each([true, false])('takes members that speak the classic protocol (cooperative: %s)', (isCooperative) => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const member = newcomer(harness)
    member.heartbeat()
    const consumer = new ClassicConsumer(harness, 'c', { isCooperative })
    converge(harness, [consumer], [member])
    expect([member.has, consumer.has]).toEqual(['orders:0,1', 'orders:2,3'])
    const second = newcomer(harness, 'second')
    converge(harness, [consumer], [member, second])
    expect(read([consumer], [member, second])).toEqual([0, 1, 2, 3])
    expect(kindOf(harness)).toBe('consumer Stable')
  })

  it('becomes a classic group when the last member of its protocol leaves, and its members assign', () => {
    const { harness, classics, member } = mixedGroup()
    expect(member.leave()).toBe('NONE')
    expect(kindOf(harness)).toBe('classic PreparingRebalance')
    converge(harness, classics, [])
    expect(kindOf(harness)).toBe('classic Stable')
    expect(read(classics, [])).toEqual([0, 1, 2, 3])
    harness.failOver()
    for (const consumer of classics) expect(consumer.poll().error).toBe('NONE')
  })

  it('becomes a classic group when the last member of its protocol is not heard of', () => {
    const { harness, classics } = mixedGroup()
    for (let waitedMs = 0; waitedMs < 46_000; waitedMs += 5_000) {
      harness.advance(5_000)
      for (const consumer of classics) consumer.poll()
    }
    converge(harness, classics, [])
    expect([kindOf(harness), read(classics, [])]).toEqual(['classic Stable', [0, 1, 2, 3]])
  })

  it('becomes a classic group when a static member of its protocol comes back with the other', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const fixed = new ConsumerMember(harness, 'm', { topics: ['orders'], instanceId: 'i' })
    fixed.heartbeat()
    const classic = new ClassicConsumer(harness, 'c')
    converge(harness, [classic], [fixed])
    fixed.leave(-2)
    const back = new ClassicConsumer(harness, 'back', { instanceId: 'i' })
    converge(harness, [classic, back], [])
    expect([kindOf(harness), read([classic, back], [])]).toEqual(['classic Stable', [0, 1, 2, 3]])
    back.leave()
    classic.leave()
    const alone = new ConsumerMember(harness, 'a', { topics: ['orders'], instanceId: 'i' })
    alone.heartbeat()
    const again = new ClassicConsumer(harness, 'again', { instanceId: 'i' })
    converge(harness, [again], [])
    expect([kindOf(harness), again.has]).toEqual(['classic Stable', 'orders:0,1,2,3'])
  })

  it.each<[string, Partial<GroupSettings>]>([
    ['downgrades are disabled', { consumerMigrationPolicy: 'upgrade' }],
    ['it has more members than a classic group may', { maxSize: 1 }],
    ['it is larger than one batch', { maxBatchBytes: 900 }],
  ])('stays one when %s', (_, settings) => {
    const { harness, classics, member } = mixedGroup()
    harness.settings = { ...harness.settings, ...settings }
    member.leave()
    harness.settings = { ...harness.settings, maxBatchBytes: 1_048_588 }
    converge(harness, classics, [])
    expect([kindOf(harness), read(classics, [])]).toEqual(['consumer Stable', [0, 1, 2, 3]])
  })

  it('stays one when members change what they speak one after the other', () => {
    const { harness, classics, member } = mixedGroup()
    const second = newcomer(harness, 'second')
    const [first, last] = classics as [ClassicConsumer, ClassicConsumer]
    expect(first.leave()).toBe('NONE')
    converge(harness, [last], [member, second])
    expect(last.leave()).toBe('NONE')
    converge(harness, [], [member, second])
    expect([kindOf(harness), read([], [member, second])]).toEqual(['consumer Stable', [0, 1, 2, 3]])
  })

  it('that nobody is in is no obstacle for classic members', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const member = newcomer(harness)
    member.heartbeat()
    member.leave()
    const consumer = new ClassicConsumer(harness, 'c')
    converge(harness, [consumer], [])
    expect([kindOf(harness), consumer.has]).toEqual(['classic Stable', 'orders:0,1,2,3'])
  })

  it('fences classic members that do not join when they are told to, or do not ask what they got', () => {
    const { harness, classics, member } = mixedGroup()
    const [first, second] = classics as [ClassicConsumer, ClassicConsumer]
    const third = newcomer(harness, 'third')
    third.heartbeat()
    expect(first.poll().error).toBe('REBALANCE_IN_PROGRESS')
    // It goes on sending heartbeats and never joins.
    const { memberId, generationId } = first
    for (let waitedMs = 0; waitedMs < 61_000; waitedMs += 1_000) {
      harness.ask('Heartbeat', { groupId: 'group', generationId, memberId, groupInstanceId: null }, { apiVersion: 4 })
      second.poll()
      member.heartbeat()
      third.heartbeat()
      harness.advance(1_000)
    }
    converge(harness, [second], [member, third])
    expect(read([second], [member, third])).toEqual([0, 1, 2, 3])
    const gone = harness.ask('Heartbeat', { groupId: 'group', generationId, memberId, groupInstanceId: null }, { apiVersion: 4 })
    expect(errorName(gone.errorCode)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('keeps the sessions of classic members', () => {
    const { harness, classics, member } = mixedGroup()
    for (let waitedMs = 0; waitedMs <= CLASSIC_SESSION_MS; waitedMs += 5_000) {
      harness.advance(5_000)
      member.heartbeat()
      classics[0]?.poll()
    }
    converge(harness, classics.slice(0, 1), [member])
    expect(read(classics.slice(0, 1), [member])).toEqual([0, 1, 2, 3])
    expect(classics[1]?.poll().error).toBe('UNKNOWN_MEMBER_ID')
  })

  it('writes assignments in the version that a member reads', () => {
    const { harness, classics } = mixedGroup()
    const [first] = classics as [ClassicConsumer]
    const body = { groupId: 'group', generationId: first.generationId, memberId: first.memberId, groupInstanceId: null, assignments: [] }
    const answer = harness.ask('SyncGroup', { ...body, protocolType: 'consumer', protocolName: 'range' }, { apiVersion: 5 })
    expect(decodeAssignment(answer.assignment).assignedPartitions).toEqual([{ topic: 'orders', partitions: first.owned.get('orders') }])
    expect(answer.assignment[1]).toBe(encodeAssignment({ assignedPartitions: [], userData: null })[1])
  })
})

describe('requests of classic members to a consumer group', () => {
  const join = {
    groupId: 'group',
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 60_000,
    memberId: 'new',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array([0, 0, 0, 0, 0, 0, 255, 255, 255, 255]) }],
    reason: null,
  }

  function group(): { readonly harness: GroupHarness; readonly classic: ClassicConsumer } {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const member = new ConsumerMember(harness, 'm', { topics: ['orders'], instanceId: 'i' })
    member.heartbeat()
    const classic = new ClassicConsumer(harness, 'c')
    converge(harness, [classic], [member])
    return { harness, classic }
  }

  it.each([
    ['of another protocol type', { protocolType: 'connect' }, 'INCONSISTENT_GROUP_PROTOCOL'],
    [
      'without an assignor that the others have',
      { protocols: [{ name: 'other', metadata: join.protocols[0]?.metadata as Uint8Array }] },
      'INCONSISTENT_GROUP_PROTOCOL',
    ],
    ['without any assignor', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['with a subscription that is none', { protocols: [{ name: 'range', metadata: new Uint8Array([1]) }] }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['without a member id', { memberId: '' }, 'MEMBER_ID_REQUIRED'],
    ['with a member id that no record holds', { memberId: 'm'.repeat(40_000) }, 'INVALID_REQUEST'],
    ['as an instance that is another', { groupInstanceId: 'i' }, 'FENCED_INSTANCE_ID'],
    ['as an instance that is not there', { groupInstanceId: 'j' }, 'UNKNOWN_MEMBER_ID'],
    ['with more to say than can be kept', { protocols: [{ name: 'range', metadata: largeSubscription() }] }, 'MESSAGE_TOO_LARGE'],
  ])('JoinGroup %s', (_, change, error) => {
    const { harness } = group()
    const written = harness.log.length
    expect(errorName(harness.ask('JoinGroup', { ...join, ...change }, { apiVersion: 9 }).errorCode)).toBe(error)
    expect(harness.log.length).toBe(written)
  })

  it('SyncGroup before the next assignment is computed gives what there is', () => {
    const { harness } = group()
    harness.settings = { ...harness.settings, consumerAssignmentIntervalMs: 10_000 }
    const late = new ClassicConsumer(harness, 'late').poll().poll()
    expect([late.error, late.isJoining, late.has]).toEqual(['NONE', false, ''])
    expect(late.poll().error).toBe('REBALANCE_IN_PROGRESS')
    harness.advance(10_000)
    late.poll()
    expect([late.error, late.isJoining]).toEqual(['NONE', false])
  })

  it('JoinGroup of one too many', () => {
    const { harness } = group()
    harness.settings = { ...harness.settings, consumerMaxSize: 2 }
    expect(errorName(harness.ask('JoinGroup', join, { apiVersion: 9 }).errorCode)).toBe('GROUP_MAX_SIZE_REACHED')
  })

  it.each([
    ['of a stranger', { memberId: 'stranger' }, 'UNKNOWN_MEMBER_ID'],
    ['of a member of the other protocol', { memberId: 'm' }, 'UNKNOWN_MEMBER_ID'],
    ['of an instance that is another', { groupInstanceId: 'i' }, 'FENCED_INSTANCE_ID'],
    ['of another generation', { generationId: 1 }, 'ILLEGAL_GENERATION'],
    ['of another type', { protocolType: 'connect' }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['of another assignor', { protocolName: 'other' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ])('SyncGroup %s', (_, change, error) => {
    const { harness, classic } = group()
    const { memberId, generationId } = classic
    const body = {
      groupId: 'group',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    }
    expect(errorName(harness.ask('SyncGroup', { ...body, ...change }, { apiVersion: 5 }).errorCode)).toBe(error)
  })
})

function largeSubscription(): Uint8Array {
  const bytes = new Uint8Array(200_000)
  // Version 0, no topics, and user data to the end.
  new DataView(bytes.buffer).setInt32(6, bytes.length - 10)
  return bytes
}
