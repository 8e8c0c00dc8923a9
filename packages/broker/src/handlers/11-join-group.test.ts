/** The handlers of classic groups' members (11 to 14): they carry what is said to the group's coordinator, and back. */
import { ERROR_CODES, heartbeatApi, leaveGroupApi, syncGroupApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import {
  heartbeat,
  join,
  JOIN_VERSIONS,
  leave,
  type Membership,
  OFFSETS_TOPIC,
  sendJoin,
  settledMember,
  sync,
} from '../testing/group-calls.ts'
import { settled } from '../testing/settled.ts'

const { NONE, NOT_COORDINATOR, REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID } = ERROR_CODES
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

describe('a member of a classic group', () => {
  beforeEach(() => broker.addTopic(OFFSETS_TOPIC, [[1], [1]], { 'cleanup.policy': 'compact' }))

  it.each(JOIN_VERSIONS)('joins with version %i, and leads where it is alone', async (version) => {
    const joined = await join(broker, { version })
    expect(joined).toMatchObject({ errorCode: NONE, generationId: 1, protocolName: 'range', leader: joined.memberId })
    expect(joined.members).toMatchObject([{ memberId: joined.memberId }])
    expect(text(joined.members[0]?.metadata ?? new Uint8Array(0))).toBe('metadata')
  })

  it.each([0, 1, 2, 3, 4, 5])('gets what its leader assigned with version %i of SyncGroup', async (version) => {
    const { memberId, generationId } = await join(broker)
    const synced = await sync(broker, { memberId, generationId }, version)
    expect([synced.errorCode, text(synced.assignment)]).toEqual([NONE, 'for g'])
  })

  it.each([0, 1, 2, 3, 4])('says with version %i of Heartbeat that it is there', async (version) => {
    const member = await settledMember(broker)
    expect(await heartbeat(broker, member, version)).toBe(NONE)
    expect(await heartbeat(broker, { ...member, memberId: 'stranger' }, version)).toBe(UNKNOWN_MEMBER_ID)
  })

  it.each([0, 1, 2, 3, 4, 5])('leaves with version %i of LeaveGroup', async (version) => {
    const member = await settledMember(broker)
    expect(await leave(broker, member, version)).toMatchObject({ errorCode: NONE })
    expect(await heartbeat(broker, member)).toBe(UNKNOWN_MEMBER_ID)
  })

  it('waits for the others, and its connection with it, until all are there', async () => {
    const one = await settledMember(broker)
    const joining = sendJoin(broker, { version: 3 })
    await settled()
    expect([joining.state, joining.isOrderReleased]).toEqual(['open', false])
    expect(await heartbeat(broker, one)).toBe(REBALANCE_IN_PROGRESS)
    const again = await join(broker, { memberId: one.memberId })
    expect(again).toMatchObject({ generationId: 2, members: { length: 2 } })
    expect(await joining.answer()).toMatchObject({ errorCode: NONE, generationId: 2, leader: one.memberId, members: [] })
  })

  it('is known to the coordinator that comes after, with its assignment', async () => {
    const member = await settledMember(broker)
    await broker.restart()
    expect(await heartbeat(broker, member)).toBe(NONE)
    expect(text((await sync(broker, member)).assignment)).toBe('for g')
  })

  it('that waits is told to look for its coordinator when this broker stops', async () => {
    await settledMember(broker)
    const joining = sendJoin(broker, { version: 3 })
    await settled()
    joining.drain()
    expect(await joining.answer()).toMatchObject({ errorCode: NOT_COORDINATOR })
  })

  it('that waits is told so too when another broker leads from now on', async () => {
    broker.addBroker(2)
    await settledMember(broker)
    const joining = sendJoin(broker, { version: 3 })
    await settled()
    for (const index of [0, 1]) broker.changePartition(OFFSETS_TOPIC, index, { leader: -1 })
    expect(await joining.answer()).toMatchObject({ errorCode: NOT_COORDINATOR })
  })

  it('leaves with its connection where the broker is set to notice', async () => {
    await broker.close()
    broker = await BrokerFixture.start({ configs: { 'group.leave.on.disconnect': 'true' } })
    broker.addTopic(OFFSETS_TOPIC, [[1], [1]])
    const member = await settledMember(broker)
    // All requests of the fixture come by one connection.
    broker.services.coordinators.disconnected(1)
    await settled()
    expect(await heartbeat(broker, member)).toBe(UNKNOWN_MEMBER_ID)
  })
})

describe('a group that another broker keeps', () => {
  const stranger: Membership = { memberId: 'm', generationId: 1 }

  beforeEach(() => {
    broker.addBroker(2)
    broker.addTopic(OFFSETS_TOPIC, [[2]])
  })

  it.each(JOIN_VERSIONS)('refuses who joins with version %i', async (version) => {
    const refused = await sendJoin(broker, { version, memberId: 'm' }).answer()
    const protocolName = version < 7 ? '' : null
    expect(refused).toMatchObject({ errorCode: NOT_COORDINATOR, generationId: -1, protocolName, leader: '', memberId: 'm', members: [] })
  })

  it.each([0, 1, 2, 3, 4, 5])('refuses who asks with version %i of SyncGroup and LeaveGroup', async (version) => {
    expect(await sync(broker, stranger, version)).toMatchObject({ errorCode: NOT_COORDINATOR, assignment: new Uint8Array(0) })
    expect(await leave(broker, stranger, version)).toMatchObject({ errorCode: NOT_COORDINATOR, members: [] })
  })

  it.each([0, 1, 2, 3, 4])('refuses who asks with version %i of Heartbeat', async (version) => {
    expect(await heartbeat(broker, stranger, version)).toBe(NOT_COORDINATOR)
  })
})

it('serves every version of what members ask', () => {
  const served = (key: number) => broker.handlers.find(({ api }) => api.key === key)
  for (const api of [heartbeatApi, leaveGroupApi, syncGroupApi]) {
    expect(served(api.key)).toMatchObject({ minVersion: api.minVersion, maxVersion: api.maxVersion })
  }
})
