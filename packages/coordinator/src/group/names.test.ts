/** Names that are too long for a record are refused wherever one would be written for them, and nothing is. */
import { errorName, ZERO_UUID } from '@millrace/protocol'
import { expect, it } from 'vitest'
import { ClassicScene } from '../testing/classic-scene.ts'

const LONG = 'x'.repeat(40_000)

it.each([
  ['the group', { groupId: LONG }, 'INVALID_GROUP_ID'],
  ['the member', { memberId: LONG }, 'INVALID_REQUEST'],
  ['the instance', { groupInstanceId: LONG }, 'INVALID_REQUEST'],
  ['the type of protocol', { protocolType: LONG }, 'INVALID_REQUEST'],
  ['a protocol', { protocols: { [LONG]: ['orders'] } }, 'INVALID_REQUEST'],
  ['the client', { clientId: LONG }, 'INVALID_REQUEST'],
])('JoinGroup with a long name for %s', (_, options, error) => {
  const scene = new ClassicScene()
  expect(errorName(scene.joined(scene.sendJoin(options))?.errorCode ?? 0)).toBe(error)
  expect(scene.log).toEqual([])
})

it('commits to a group with a long name', () => {
  const scene = new ClassicScene()
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: 0, committedMetadata: '' }]
  const common = { groupId: LONG, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null }
  const topics = [{ name: 'orders', topicId: ZERO_UUID, partitions }]
  const plain = scene.ask('OffsetCommit', { ...common, retentionTimeMs: -1, topics }, { apiVersion: 9 })
  const inTransaction = { ...common, transactionalId: 't', producerId: 1, producerEpoch: 0, topics }
  const transactional = scene.ask('TxnOffsetCommit', inTransaction, { apiVersion: 3 })
  for (const answer of [plain, transactional]) expect(errorName(answer.topics[0]?.partitions[0]?.errorCode ?? 0)).toBe('INVALID_GROUP_ID')
  expect(scene.log).toEqual([])
})
