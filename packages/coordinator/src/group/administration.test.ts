import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClassicScene, type Membership } from '../testing/classic-scene.ts'

let scene: ClassicScene

beforeEach(() => {
  scene = new ClassicScene()
})

const { NONE, GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP } = ERROR_CODES

describe('DescribeGroups', () => {
  it.each([
    [5, NONE, null],
    [6, GROUP_ID_NOT_FOUND, 'Group g not found.'],
  ])('in version %i says that a group is not there', (apiVersion, errorCode, errorMessage) => {
    const { groups } = scene.ask('DescribeGroups', { groups: ['g'], includeAuthorizedOperations: false }, { apiVersion })
    expect(groups).toEqual([{ errorCode, errorMessage, groupId: 'g', groupState: 'Dead', protocolType: '', protocolData: '', members: [] }])
  })

  it('shows what members told each other when all of them have it', () => {
    scene.stableGroup([{ clientId: 'shop', groupInstanceId: 'one' }])
    const described = scene.describeGroup()
    expect(described).toMatchObject({ errorCode: NONE, groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' })
    expect(described.members[0]).toMatchObject({ clientId: 'shop', clientHost: '/127.0.0.1', groupInstanceId: 'one' })
    expect(described.members[0]?.memberMetadata).not.toHaveLength(0)
    scene.sendJoin()
    scene.sendJoin({ memberId: described.members[0]?.memberId as string, groupInstanceId: 'one' })
    expect(scene.describeGroup()).toMatchObject({ groupState: 'PreparingRebalance', protocolData: '' })
    expect(scene.describeGroup().members[0]?.memberMetadata).toHaveLength(0)
  })

  it('shows a group of offsets only as an empty one', () => {
    scene.commit()
    expect(scene.describeGroup()).toMatchObject({ errorCode: NONE, groupState: 'Empty', protocolType: '', members: [] })
  })
})

describe('ListGroups', () => {
  const list = (statesFilter: string[] = [], typesFilter: string[] = []): string[] =>
    (scene.ask('ListGroups', { statesFilter, typesFilter }, { apiVersion: 5 }).groups ?? []).map(
      ({ groupId, groupState, groupType, protocolType }) => `${groupId} ${groupState} ${groupType} ${protocolType}`,
    )

  beforeEach(() => {
    scene.stableGroup()
    scene.commit({ apiVersion: 8, ...(scene.describeGroup().members[0] as { memberId: string }), generationId: 1 })
    scene.sendJoin({ groupId: 'waiting', apiVersion: 3 })
    scene.send('OffsetCommit', simpleCommit('simple'), { apiVersion: 8 })
  })

  it('names all groups once', () => {
    expect(list()).toEqual(['g Stable classic consumer', 'waiting PreparingRebalance classic consumer', 'simple Empty classic '])
  })

  it.each([
    [['stable'], [], ['g']],
    [[' PREPARINGREBALANCE', 'Empty'], ['Classic'], ['waiting', 'simple']],
    [['Dead'], [], []],
    [[], ['consumer'], []],
    [[], ['nothing'], []],
  ])('of states %j and types %j names %j', (states, types, groupIds) => {
    expect(list(states, types).map((line) => line.split(' ')[0])).toEqual(groupIds)
  })
})

describe('a group of which nothing is left', () => {
  it('is kept in mind, ten thousand of them at the most, and can be deleted', () => {
    for (let number = 0; number <= 10_000; number += 1) scene.sendJoin({ groupId: `g${number}`, protocols: {} })
    const stateOf = (groupId: string): string => scene.describeGroup(groupId).groupState
    expect([stateOf('g0'), stateOf('g1'), stateOf('g10000')]).toEqual(['Dead', 'Empty', 'Empty'])
    const { results } = scene.ask('DeleteGroups', { groupsNames: ['g1'] }, { apiVersion: 2 })
    expect([results[0]?.errorCode, stateOf('g1')]).toEqual([NONE, 'Dead'])
  })
})

describe('DeleteGroups', () => {
  const deleteGroups = (...groupsNames: string[]): number[] =>
    scene.ask('DeleteGroups', { groupsNames }, { apiVersion: 2 }).results.map(({ errorCode }) => errorCode)

  it('takes away an empty group and its offsets, for good', () => {
    const [only] = scene.stableGroup() as [Membership]
    scene.commit(only)
    expect(deleteGroups('g')).toEqual([NON_EMPTY_GROUP])
    scene.leave(only.memberId)
    expect(deleteGroups('g', 'g', 'nothing')).toEqual([NONE, GROUP_ID_NOT_FOUND])
    for (const next of [() => undefined, () => scene.failOver()]) {
      next()
      expect(scene.describeGroup().groupState).toBe('Dead')
    }
    expect(scene.records.slice(-2).map(({ type, value }) => [type, value])).toEqual([
      ['offset-commit', null],
      ['group-metadata', null],
    ])
  })

  it('takes away offsets that open transactions hold', () => {
    scene.commitInTransaction(7)
    expect(deleteGroups('g')).toEqual([NONE])
    scene.endTransaction(7, 'commit')
    scene.failOver()
    expect(scene.describeGroup().groupState).toBe('Dead')
  })

  it('goes on when asked again while there are more offsets than fit in one batch', () => {
    scene = new ClassicScene({ maxBatchBytes: 5_000 })
    scene.addTopic('large', 200)
    const topics = [{ name: 'large', topicId: '', partitions: [] }]
    for (let partitionIndex = 0; partitionIndex < 200; partitionIndex += 1) {
      const partitions = [{ partitionIndex, committedOffset: 1, committedLeaderEpoch: 0, committedMetadata: '' }]
      scene.send('OffsetCommit', { ...simpleCommit('g'), topics: [{ ...(topics[0] as object), partitions } as never] }, { apiVersion: 8 })
    }
    const outcomes = []
    do outcomes.push(deleteGroups('g')[0])
    while (outcomes.at(-1) === ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS)
    expect(outcomes.length).toBeGreaterThan(2)
    expect(outcomes.at(-1)).toBe(NONE)
    expect(scene.describeGroup().groupState).toBe('Dead')
  })
})

function simpleCommit(groupId: string) {
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: 0, committedMetadata: null }]
  const topics = [{ name: 'orders', topicId: '', partitions }]
  return { groupId, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null, retentionTimeMs: -1, topics }
}
