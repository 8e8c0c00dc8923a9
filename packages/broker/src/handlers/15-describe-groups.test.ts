/** The handlers that show and delete groups (15, 16, 42): one request may be about groups of many partitions. */
import { deleteGroupsApi, describeGroupsApi, ERROR_CODES, listGroupsApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { leave, OFFSETS_TOPIC, settledMember } from '../testing/group-calls.ts'

const { COORDINATOR_NOT_AVAILABLE, GROUP_ID_NOT_FOUND, NONE, NON_EMPTY_GROUP, NOT_COORDINATOR } = ERROR_CODES
const DESCRIBE_VERSIONS = [0, 1, 2, 3, 4, 5, 6]
const LIST_VERSIONS = [0, 1, 2, 3, 4, 5]
const DELETE_VERSIONS = [0, 1, 2, 3]
/** Read, delete, describe, and the same of configs. */
const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11)
const NOT_ASKED = -2_147_483_648

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const describeAll = async (version: number, groups: readonly string[], includeAuthorizedOperations = false) =>
  (await broker.call(describeGroupsApi, version, { groups, ...(version < 3 ? {} : { includeAuthorizedOperations }) })).groups
const list = (version: number, filters: object = {}) => broker.call(listGroupsApi, version, filters)
const remove = async (version: number, groupsNames: readonly string[]) =>
  (await broker.call(deleteGroupsApi, version, { groupsNames })).results

describe('groups', () => {
  // The hash of "a" is odd, that of "b" even.
  beforeEach(() => broker.addTopic(OFFSETS_TOPIC, [[1], [1], [1]], { 'cleanup.policy': 'compact' }))

  it.each(DESCRIBE_VERSIONS)('are described with version %i, each once, wherever they are', async (version) => {
    const members = [await settledMember(broker, 'a'), await settledMember(broker, 'b')]
    const groups = await describeAll(version, ['a', 'b', 'a'])
    expect(groups.map(({ groupId }) => groupId).toSorted((one, other) => (one < other ? -1 : 1))).toEqual(['a', 'b'])
    for (const { groupId, memberId } of members) {
      const group = groups.find((each) => each.groupId === groupId)
      expect(group).toMatchObject({ errorCode: NONE, groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' })
      expect(group?.members).toMatchObject([{ memberId, clientId: 'test', clientHost: '/client.test' }])
    }
  })

  it.each(DESCRIBE_VERSIONS)('that there are not are Dead, or not found, with version %i', async (version) => {
    const [group] = await describeAll(version, ['x'])
    expect(group).toMatchObject({ groupId: 'x', errorCode: version < 6 ? NONE : GROUP_ID_NOT_FOUND, groupState: 'Dead', members: [] })
  })

  it('show what may be done with them to who asks', async () => {
    await settledMember(broker, 'a')
    expect(await describeAll(5, ['a'], true)).toMatchObject([{ authorizedOperations: GROUP_OPERATIONS }])
    expect(await describeAll(5, ['a'], false)).toMatchObject([{ authorizedOperations: NOT_ASKED }])
  })

  it.each(LIST_VERSIONS)('are listed with version %i', async (version) => {
    await settledMember(broker, 'a')
    await settledMember(broker, 'b')
    const { errorCode, groups } = await list(version)
    expect(errorCode).toBe(NONE)
    expect(new Set(groups.map(({ groupId }) => groupId))).toEqual(new Set(['a', 'b']))
    for (const group of groups) {
      expect(group).toMatchObject({
        protocolType: 'consumer',
        groupState: version < 4 ? '' : 'Stable',
        groupType: version < 5 ? '' : 'classic',
      })
    }
  })

  it('are listed by state and type', async () => {
    await settledMember(broker, 'a')
    const names = async (filters: object) => (await list(5, filters)).groups.map(({ groupId }) => groupId)
    expect(await names({ statesFilter: ['Empty'] })).toEqual([])
    expect(await names({ statesFilter: ['Stable'], typesFilter: ['classic'] })).toEqual(['a'])
    expect(await names({ typesFilter: ['consumer'] })).toEqual([])
  })

  it('are listed after a restart too, though nobody has asked about them', async () => {
    await settledMember(broker, 'a')
    await broker.restart()
    expect((await list(4)).groups).toMatchObject([{ groupId: 'a', groupState: 'Stable' }])
  })

  it.each(DELETE_VERSIONS)('are deleted with version %i when nobody is in them', async (version) => {
    const member = await settledMember(broker, 'a')
    await settledMember(broker, 'b')
    expect(await remove(version, ['a'])).toMatchObject([{ groupId: 'a', errorCode: NON_EMPTY_GROUP }])
    await leave(broker, member)
    const results = new Map((await remove(version, ['a', 'b', 'x'])).map(({ groupId, errorCode }) => [groupId, errorCode]))
    expect(results).toEqual(new Map([...results].map(([groupId]) => [groupId, expected[groupId]])))
    expect((await list(4)).groups).toMatchObject([{ groupId: 'b' }])
  })
})

const expected: Readonly<Record<string, number>> = { a: NONE, b: NON_EMPTY_GROUP, x: GROUP_ID_NOT_FOUND }

describe('groups that another broker keeps', () => {
  beforeEach(() => {
    broker.addBroker(2)
    broker.addTopic(OFFSETS_TOPIC, [[2]])
  })

  it('are not listed', async () => {
    expect(await list(5)).toMatchObject({ errorCode: NONE, groups: [] })
  })

  it.each(DESCRIBE_VERSIONS)('are not described with version %i', async (version) => {
    expect(await describeAll(version, ['a'])).toMatchObject([{ groupId: 'a', errorCode: NOT_COORDINATOR, groupState: '', members: [] }])
  })

  it.each(DELETE_VERSIONS)('are not deleted with version %i', async (version) => {
    expect(await remove(version, ['a', 'b'])).toMatchObject([
      { groupId: 'a', errorCode: NOT_COORDINATOR },
      { groupId: 'b', errorCode: NOT_COORDINATOR },
    ])
  })
})

it('there are none where nobody has looked for a coordinator', async () => {
  expect(await list(5)).toMatchObject({ errorCode: NONE, groups: [] })
  const described = broker.send(describeGroupsApi, 5, { groups: ['a'] })
  broker.clock.advance(1_000)
  expect((await described.answer()).groups).toMatchObject([{ errorCode: COORDINATOR_NOT_AVAILABLE }])
})
