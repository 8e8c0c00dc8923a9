import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { ConsumerMember } from '../testing/consumer-member.ts'
import { converge, groupStateOf, twoMembers } from '../testing/consumer-scene.ts'
import { GroupHarness } from '../testing/group-harness.ts'

describe('joining', () => {
  it('gives the first member everything with its first heartbeat', () => {
    const { harness, first } = twoMembers()
    expect(first.heartbeat()).toBe('NONE')
    expect([first.epoch, first.has]).toEqual([2, 'orders:0,1,2,3'])
    expect(harness.records.map(({ type }) => type)).toEqual([
      'consumer-group-member-metadata',
      'consumer-group-metadata',
      'consumer-group-target-assignment-member',
      'consumer-group-target-assignment-metadata',
      'consumer-group-current-assignment',
    ])
    expect(groupStateOf(harness)).toBe('Stable')
  })

  it('has the first give up half before the second gets it', () => {
    const { harness, first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    expect([second.epoch, second.has, groupStateOf(harness)]).toEqual([3, '', 'Reconciling'])
    expect(second.intervalMs).toBe(100)
    first.heartbeat()
    expect([first.epoch, first.has]).toEqual([2, 'orders:0,1'])
    second.heartbeat()
    expect(second.has).toBe('')
    first.heartbeat()
    expect(first.epoch).toBe(3)
    second.heartbeat()
    expect([second.epoch, second.has, groupStateOf(harness)]).toEqual([3, 'orders:2,3', 'Stable'])
  })

  it('takes less than a second between two members that come when they are told to', () => {
    const { harness, first, second } = twoMembers()
    const dueMs = new Map([[first, harness.nowMs]])
    const startMs = harness.nowMs
    let joinedMs = 0
    for (; harness.nowMs < startMs + 20_000; harness.advance(10)) {
      if (harness.nowMs - startMs === 10_010) {
        joinedMs = harness.nowMs
        dueMs.set(second, joinedMs)
      }
      for (const [member, due] of dueMs) {
        if (due > harness.nowMs) continue
        const hadMore = member.has
        member.heartbeat()
        // Who lets go says so at once.
        if (hadMore !== member.has) member.heartbeat()
        dueMs.set(member, harness.nowMs + member.intervalMs)
      }
      if (second.has === 'orders:2,3') break
    }
    expect(second.has).toBe('orders:2,3')
    expect(harness.nowMs - joinedMs).toBeLessThan(1_000)
  })

  it('makes a member id for clients of version 0 that have none', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    const member = new ConsumerMember(harness, '', { topics: ['orders'], apiVersion: 0 })
    expect(member.heartbeat()).toBe('NONE')
    expect(member.memberId).toBe('AAAAAAAAAAAAAAAAAAAAAQ')
  })

  it('says again what a member has when it joins again under its id', () => {
    const { first } = twoMembers()
    first.settle()
    const again = { ...first.request(), memberEpoch: 0, rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['orders'], topicPartitions: [] }
    expect(first.send(again)).toMatchObject({
      errorCode: 0,
      memberEpoch: 2,
      assignment: { topicPartitions: [{ partitions: [0, 1, 2, 3] }] },
    })
  })

  it('refuses more members than the group may have, and keeps those it has', () => {
    const { harness, first, second } = twoMembers()
    harness.settings = { ...harness.settings, consumerMaxSize: 1 }
    first.settle()
    expect(second.heartbeat()).toBe('GROUP_MAX_SIZE_REACHED')
    expect(first.heartbeat()).toBe('NONE')
  })

  it('takes members that subscribe to nothing yet, without another epoch for the others', () => {
    const { harness, first } = twoMembers()
    first.settle()
    const epochBefore = first.epoch
    const idle = new ConsumerMember(harness, 'idle', { topics: [] })
    converge(first, idle)
    expect([first.epoch, idle.epoch, idle.has]).toEqual([epochBefore, epochBefore, ''])
    idle.subscribe('orders')
    converge(first, idle)
    expect([first.has, idle.has]).toEqual(['orders:0,1', 'orders:2,3'])
  })

  it('of a member that subscribes to nothing is the same for a new coordinator, and may be deleted when it is empty', () => {
    const harness = new GroupHarness()
    const idle = new ConsumerMember(harness, 'idle', { topics: [] }).settle()
    expect([idle.epoch, groupStateOf(harness)]).toEqual([1, 'Stable'])
    harness.failOver()
    expect([idle.heartbeat(), groupStateOf(harness)]).toEqual(['NONE', 'Stable'])
    idle.leave()
    harness.ask('DeleteGroups', { groupsNames: ['group'] }, { apiVersion: 2 })
    expect(groupStateOf(harness)).toBe('')
    harness.failOver()
    expect(groupStateOf(harness)).toBe('')
  })

  it('assigns by the assignor that most ask for', () => {
    const harness = new GroupHarness()
    harness.addTopic('a', 3)
    harness.addTopic('b', 3)
    const members = ['m1', 'm2'].map((memberId) => new ConsumerMember(harness, memberId, { topics: ['a', 'b'], assignor: 'range' }))
    converge(...members)
    expect(members.map(({ has }) => has)).toEqual(['a:0,1 b:0,1', 'a:2 b:2'])
  })
})

describe('a request', () => {
  const valid = {
    groupId: 'group',
    memberId: 'm',
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 1_000,
    subscribedTopicNames: ['orders'],
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: [],
  }

  it.each([
    ['no group id', { groupId: ' ' }, 'INVALID_REQUEST'],
    ['no member id', { memberId: '' }, 'INVALID_REQUEST'],
    ['a group id that no record holds', { groupId: 'g'.repeat(40_000) }, 'INVALID_REQUEST'],
    ['a member id that no record holds', { memberId: 'm'.repeat(40_000) }, 'INVALID_REQUEST'],
    ['an empty instance id', { instanceId: '' }, 'INVALID_REQUEST'],
    ['an empty rack', { rackId: '' }, 'INVALID_REQUEST'],
    ['no rebalance timeout', { rebalanceTimeoutMs: -1 }, 'INVALID_REQUEST'],
    ['partitions when joining', { topicPartitions: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [0] }] }, 'INVALID_REQUEST'],
    ['nothing said of partitions when joining', { topicPartitions: null }, 'INVALID_REQUEST'],
    ['nothing said of a subscription', { subscribedTopicNames: null }, 'INVALID_REQUEST'],
    ['an epoch without meaning', { memberEpoch: -3 }, 'INVALID_REQUEST'],
    ['to leave for a while without an instance id', { memberEpoch: -2 }, 'INVALID_REQUEST'],
    ['an unknown assignor', { serverAssignor: 'clever' }, 'UNSUPPORTED_ASSIGNOR'],
    ['an expression that is none', { subscribedTopicRegex: '(' }, 'INVALID_REGULAR_EXPRESSION'],
    ['a group that is not there', { memberEpoch: 3 }, 'GROUP_ID_NOT_FOUND'],
    ['to leave a group that is not there', { memberEpoch: -1 }, 'GROUP_ID_NOT_FOUND'],
  ] as const)('with %s is refused, and nothing is written', (_, change, error) => {
    const harness = new GroupHarness()
    const response = harness.ask('ConsumerGroupHeartbeat', { ...valid, ...change }, { apiVersion: 1 })
    expect(response.errorCode).toBe(ERROR_CODES[error])
    expect(response.errorMessage).toBeTruthy()
    expect(harness.log).toEqual([])
    expect(harness.ownedTimers).toEqual([])
  })

  it.each([
    ['stay in a group it is not in', { memberId: 'stranger', memberEpoch: 1 }, 'UNKNOWN_MEMBER_ID'],
    ['leave a group it is not in', { memberId: 'stranger', memberEpoch: -1 }, 'UNKNOWN_MEMBER_ID'],
    ['stay as an instance that is not there', { memberEpoch: 1, instanceId: 'i9' }, 'UNKNOWN_MEMBER_ID'],
    ['leave as an instance that is not there', { memberEpoch: -2, instanceId: 'i9' }, 'UNKNOWN_MEMBER_ID'],
    ['stay as an instance that is another', { memberEpoch: 1, instanceId: 'i1' }, 'FENCED_INSTANCE_ID'],
    ['leave as an instance that is another', { memberEpoch: -1, instanceId: 'i1' }, 'FENCED_INSTANCE_ID'],
    ['join as an instance that is another', { memberId: 'new', memberEpoch: 0, instanceId: 'i1' }, 'UNRELEASED_INSTANCE_ID'],
    ['be in an epoch to come', { memberId: 'static', memberEpoch: 9 }, 'FENCED_MEMBER_EPOCH'],
  ] as const)('to %s is refused', (_, change, error) => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 4)
    new ConsumerMember(harness, 'static', { topics: ['orders'], instanceId: 'i1' }).settle()
    const before = harness.log.length
    expect(harness.ask('ConsumerGroupHeartbeat', { ...valid, ...change }, { apiVersion: 1 }).errorCode).toBe(ERROR_CODES[error])
    expect(harness.log.length).toBe(before)
  })

  it('at rest writes nothing, sets no timer and is answered without an assignment', () => {
    const { harness, first } = twoMembers()
    first.settle()
    const [written, timersSet] = [harness.log.length, harness.timersSet]
    harness.advance(500)
    expect(first.send(first.request())).toMatchObject({ errorCode: 0, memberEpoch: 2, heartbeatIntervalMs: 500, assignment: null })
    expect([harness.log.length, harness.timersSet]).toEqual([written, timersSet])
  })
})

describe('a lost answer', () => {
  it('to a join is given again', () => {
    const { first } = twoMembers()
    first.heartbeatWithLostAnswer()
    expect(first.heartbeat()).toBe('NONE')
    expect([first.epoch, first.has]).toEqual([2, 'orders:0,1,2,3'])
  })

  it('with a new epoch is given again to a member that has no more than it may', () => {
    const { first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    first.heartbeat()
    first.heartbeatWithLostAnswer()
    expect(first.epoch).toBe(2)
    expect(first.heartbeat()).toBe('NONE')
    expect([first.epoch, first.has]).toEqual([3, 'orders:0,1'])
  })

  it('is no excuse for having more than was given', () => {
    const { first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    first.heartbeat()
    first.heartbeatWithLostAnswer()
    first.owned = new Map([...first.owned].map(([topicId]) => [topicId, [0, 1, 2]]))
    expect(first.heartbeat()).toBe('FENCED_MEMBER_EPOCH')
  })
})

describe('leaving', () => {
  it('frees what the member had, for the next that asks', () => {
    const { harness, first, second } = twoMembers()
    converge(first, second)
    expect(second.leave()).toBe('NONE')
    expect(groupStateOf(harness)).toBe('Assigning')
    first.heartbeat()
    expect([first.epoch, first.has]).toEqual([4, 'orders:0,1,2,3'])
  })

  it('of the last leaves an empty group, in whose epochs the next goes on', () => {
    const { harness, first, second } = twoMembers()
    first.settle()
    first.leave()
    expect(groupStateOf(harness)).toBe('Empty')
    expect(harness.ownedTimers).toEqual([])
    second.heartbeat()
    expect(second.epoch).toBe(4)
  })

  it('is what happens to a member that is not heard of for a session', () => {
    const { harness, first, second } = twoMembers()
    converge(first, second)
    harness.advance(44_000)
    first.heartbeat()
    harness.advance(2_000)
    first.settle()
    expect(first.has).toBe('orders:0,1,2,3')
    expect(second.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('is what happens to a member that does not give up in time what it was told to', () => {
    const { harness, first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    first.heartbeat()
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 1_000) {
      harness.advance(1_000)
      second.heartbeat()
      first.send({ ...first.request(), topicPartitions: null })
    }
    second.heartbeat()
    expect(second.has).toBe('orders:0,1,2,3')
    expect(first.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('a static member', () => {
  const options = { topics: ['orders'], instanceId: 'i1' }

  it('comes back under another id to what it had, and nobody else notices', () => {
    const { harness, second } = twoMembers()
    const before = new ConsumerMember(harness, 'before', options)
    converge(before, second)
    const had = before.has
    expect(before.leave(-2)).toBe('NONE')
    second.heartbeat()
    const after = new ConsumerMember(harness, 'after', options)
    expect(after.heartbeat()).toBe('NONE')
    expect([after.epoch, after.has]).toEqual([3, had])
    expect(second.epoch).toBe(3)
    expect(before.send({ ...before.request(), memberEpoch: 3, topicPartitions: null }).errorCode).toBe(ERROR_CODES.FENCED_INSTANCE_ID)
  })

  it('that does not come back within its session is gone', () => {
    const { harness, second } = twoMembers()
    const before = new ConsumerMember(harness, 'before', options)
    converge(before, second)
    before.leave(-2)
    for (let waitedMs = 0; waitedMs <= 45_000; waitedMs += 5_000) {
      harness.advance(5_000)
      second.settle()
    }
    expect(second.has).toBe('orders:0,1,2,3')
  })

  it('frees while it is away what it was about to give up', () => {
    const { harness, second } = twoMembers()
    const first = new ConsumerMember(harness, 'first', options)
    first.settle()
    second.heartbeat()
    first.heartbeat()
    first.leave(-2)
    second.heartbeat()
    expect(second.has).toBe('orders:2,3')
    const after = new ConsumerMember(harness, 'after', options)
    after.heartbeat()
    expect(after.has).toBe('orders:0,1')
  })

  it('asks again when the answer to its join was lost', () => {
    const { harness } = twoMembers()
    const member = new ConsumerMember(harness, 'first', options)
    member.heartbeatWithLostAnswer()
    expect(member.heartbeat()).toBe('NONE')
    expect(member.has).toBe('orders:0,1,2,3')
  })
})

describe('a new coordinator', () => {
  it('goes on where the old one was, and gives everybody their time again', () => {
    const { harness, first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    first.heartbeat()
    harness.advance(40_000)
    harness.failOver()
    harness.advance(40_000)
    expect(first.heartbeat()).toBe('NONE')
    second.heartbeat()
    expect([first.has, second.has]).toEqual(['orders:0,1', 'orders:2,3'])
    harness.failOver()
    harness.advance(50_000)
    expect(groupStateOf(harness)).toBe('Empty')
  })

  it('fences who was told before it came to give something up and does not', () => {
    const { harness, first, second } = twoMembers()
    first.settle()
    second.heartbeat()
    first.heartbeat()
    harness.settings = { ...harness.settings, consumerSessionTimeoutMs: 90_000 }
    harness.failOver()
    harness.advance(60_000)
    second.heartbeat()
    expect(second.has).toBe('orders:0,1,2,3')
  })
})

describe('many members', () => {
  it('are asked for heartbeats less often, up to what is set', () => {
    const { harness } = twoMembers(300)
    const members = Array.from({ length: 300 }, (_, index) => new ConsumerMember(harness, `m${index}`, { topics: ['orders'] }))
    const intervals = members.map((member) => {
      member.heartbeat()
      return member.intervalMs
    })
    expect([intervals[0], intervals[9]]).toEqual([500, 100])
    converge(...members)
    expect(members.at(-1)?.intervalMs).toBe(5_000)
  })

  it('have the session, the time between heartbeats and the pause between assignments that are set for their group', () => {
    const { harness, first, second } = twoMembers()
    const own = { consumerHeartbeatIntervalMs: 7_000, consumerRestingHeartbeatIntervalMs: 7_000 }
    harness.groupSettings.set('group', { ...own, consumerSessionTimeoutMs: 50_000, consumerAssignmentIntervalMs: 1_000 })
    first.settle()
    expect(first.intervalMs).toBe(7_000)
    second.heartbeat()
    expect([second.epoch, second.intervalMs, groupStateOf(harness)]).toEqual([2, 100, 'Assigning'])
    harness.advance(1_000)
    converge(first, second)
    harness.advance(49_999)
    expect(groupStateOf(harness)).toBe('Stable')
    harness.advance(1)
    expect(groupStateOf(harness)).toBe('Empty')
  })

  it('have a session that ends sooner as soon as they are heard of after it was set, and in the next coordinator', () => {
    const { harness, first } = twoMembers()
    first.settle()
    harness.groupSettings.set('group', { consumerSessionTimeoutMs: 10_000 })
    first.heartbeat()
    harness.failOver()
    harness.advance(9_999)
    expect(groupStateOf(harness)).toBe('Stable')
    harness.advance(1)
    expect(groupStateOf(harness)).toBe('Empty')
  })

  it('are assigned in pauses once they are very many', () => {
    const harness = new GroupHarness()
    harness.addTopic('orders', 3_000)
    const [first, second, third] = ['a', 'b', 'c'].map((memberId) => new ConsumerMember(harness, memberId, { topics: ['orders'] }))
    first?.heartbeat()
    second?.heartbeat()
    expect([second?.epoch, second?.intervalMs, groupStateOf(harness)]).toEqual([2, 100, 'Assigning'])
    third?.heartbeat()
    harness.advance(100)
    second?.heartbeat()
    expect([second?.epoch, groupStateOf(harness)]).toEqual([4, 'Reconciling'])
  })

  it('whose target is larger than a batch get it in several steps', () => {
    const harness = new GroupHarness({ maxBatchBytes: 16_000 })
    harness.addTopic('orders', 300)
    const members = Array.from({ length: 6 }, (_, index) => new ConsumerMember(harness, `m${index}`, { topics: ['orders'] }))
    converge(...members)
    harness.addTopic('orders', 1_800)
    harness.advance(100)
    harness.step({ type: 'topics-changed', ...harness.time })
    members[0]?.heartbeat()
    expect([groupStateOf(harness), members[0]?.epoch, members[0]?.intervalMs]).toEqual(['Assigning', 7, 100])
    converge(...members)
    expect(members.map(({ partitions }) => partitions[0]?.partitions.length)).toEqual([300, 300, 300, 300, 300, 300])
    expect(groupStateOf(harness)).toBe('Stable')
  })

  it('go on when one of them is replaced before their target is written', () => {
    const harness = new GroupHarness({ maxBatchBytes: 16_000 })
    harness.addTopic('orders', 300)
    const members = Array.from(
      { length: 6 },
      (_, index) => new ConsumerMember(harness, `m${index}`, { topics: ['orders'], instanceId: `i${index}` }),
    )
    converge(...members)
    harness.addTopic('orders', 1_800)
    harness.advance(100)
    harness.step({ type: 'topics-changed', ...harness.time })
    members[0]?.heartbeat()
    expect(groupStateOf(harness)).toBe('Assigning')
    members[5]?.leave(-2)
    members[5] = new ConsumerMember(harness, 'back', { topics: ['orders'], instanceId: 'i5' })
    members[5].heartbeat()
    converge(...members)
    expect(members.map(({ partitions }) => partitions[0]?.partitions.length)).toEqual([300, 300, 300, 300, 300, 300])
  })
})
