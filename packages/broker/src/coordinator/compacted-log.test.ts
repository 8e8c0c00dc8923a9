/** Compaction of a coordinator's log takes nothing that the next coordinator needs, and a good part of what it does not. */
import { type Maintenance, startMaintenance } from '@millrace/log'
import { deleteGroupsApi, describeGroupsApi, ERROR_CODES, offsetCommitApi, offsetFetchApi, txnOffsetCommitApi } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { OFFSETS_TOPIC, settledMember } from '../testing/group-calls.ts'

const PARTITIONS = 100
const ROUNDS = 130
const LAST = ROUNDS - 1
const PRODUCER = { transactionalId: 't', producerId: 9, producerEpoch: 0 }

let broker: BrokerFixture
let maintenance: Maintenance

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic(
    'orders',
    Array.from({ length: PARTITIONS }, () => [1]),
  )
  const configs = { 'cleanup.policy': 'compact', 'segment.bytes': '1048576', 'min.cleanable.dirty.ratio': '0' }
  broker.addTopic(OFFSETS_TOPIC, [[1]], configs)
  const { logDirectory, partitions } = broker.services
  maintenance = startMaintenance(logDirectory, { configFor: (topic, index) => partitions.configFor(topic, index) })
})

afterEach(async () => {
  await maintenance.stop()
  await broker.close()
})

const offsetsOf = (offset: number) => [
  {
    name: 'orders',
    partitions: Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
      partitionIndex,
      committedOffset: offset,
      committedMetadata: 'how far the service has got',
    })),
  },
]

async function commit(groupId: string, offset: number): Promise<void> {
  const { topics } = await broker.call(offsetCommitApi, 8, { groupId, memberId: '', topics: offsetsOf(offset) })
  expect(topics[0]?.partitions.every(({ errorCode }) => errorCode === ERROR_CODES.NONE)).toBe(true)
}

async function commitInTransaction(groupId: string): Promise<void> {
  const { topics } = await broker.call(txnOffsetCommitApi, 3, { ...PRODUCER, groupId, topics: offsetsOf(77) })
  expect(topics[0]?.partitions.every(({ errorCode }) => errorCode === ERROR_CODES.NONE)).toBe(true)
}

function endTransaction(result: 'commit' | 'abort'): Promise<number> {
  const { producerId, producerEpoch } = PRODUCER
  const ended = { producerId, producerEpoch, coordinatorEpoch: 0, transactionVersion: 0, result } as const
  return broker.services.coordinators.groups.endTransaction(0, ended)
}

/** The offsets that the group has committed, each once. */
async function committed(groupId: string): Promise<number[]> {
  const { groups } = await broker.call(offsetFetchApi, 8, { groups: [{ groupId, topics: null }] })
  const partitions = groups[0]?.topics[0]?.partitions ?? []
  return [...new Set(partitions.map(({ committedOffset }) => committedOffset))]
}

it('keeps the last offsets, members, and what transactions have done or are about to', async () => {
  const member = await settledMember(broker, 'members')
  await commit('deleted', 1)
  await commitInTransaction('in a transaction')
  expect(await endTransaction('commit')).toBe(ERROR_CODES.NONE)
  await commitInTransaction('aborted')
  expect(await endTransaction('abort')).toBe(ERROR_CODES.NONE)
  const { results } = await broker.call(deleteGroupsApi, 2, { groupsNames: ['deleted'] })
  expect(results).toMatchObject([{ errorCode: ERROR_CODES.NONE }])
  for (let round = 0; round < ROUNDS; round += 1) await commit('busy', round)
  const log = await broker.log(OFFSETS_TOPIC)
  const sizeBefore = log.sizeInBytes
  while (await maintenance.cleanOnce());
  expect(log.sizeInBytes).toBeLessThan(sizeBefore / 2)
  await maintenance.stop()
  await broker.restart()
  expect(await committed('busy')).toEqual([LAST])
  expect(await committed('in a transaction')).toEqual([77])
  expect(await committed('aborted')).toEqual([])
  expect(await committed('deleted')).toEqual([])
  const { groups } = await broker.call(describeGroupsApi, 5, { groups: ['members'] })
  expect(groups).toMatchObject([{ groupState: 'Stable', members: [{ memberId: member.memberId }] }])
})
