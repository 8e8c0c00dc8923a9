import { ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { GroupHarness } from '../testing/group-harness.ts'

let harness: GroupHarness

beforeEach(() => {
  harness = new GroupHarness()
  harness.addTopic('orders')
})

describe('a commit of a consumer that assigns partitions to itself', () => {
  it('is fetched again, and by who comes after a failover', () => {
    expect(commit({ partition: 1, offset: 42, metadata: 'here' })).toBe(ERROR_CODES.NONE)
    expect(fetch(1)).toMatchObject({ committedOffset: 42, metadata: 'here', committedLeaderEpoch: 5 })
    harness.failOver()
    expect(fetch(1)).toMatchObject({ committedOffset: 42, metadata: 'here', committedLeaderEpoch: 5 })
  })

  it.each([
    ['a topic that is not there', { topic: 'nowhere' }, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['a partition that is not there', { partition: 3 }, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['a negative partition', { partition: -1 }, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['too much metadata', { metadata: 'x'.repeat(4_097) }, ERROR_CODES.OFFSET_METADATA_TOO_LARGE],
    ['a generation of a group that is not there', { generation: 3, apiVersion: 8 }, ERROR_CODES.ILLEGAL_GENERATION],
    ['the same from version 9 on', { generation: 3, apiVersion: 9 }, ERROR_CODES.GROUP_ID_NOT_FOUND],
  ])('is refused for %s', (_what, given, errorCode) => {
    expect(commit(given)).toBe(errorCode)
    expect(harness.log).toEqual([])
  })

  it('is refused as a whole when it is more than the log takes in one batch', () => {
    harness.addTopic('large', 20_000)
    const partitions = Array.from({ length: 20_000 }, (_, partitionIndex) => partitionOf({ partition: partitionIndex }))
    const answer = harness.ask('OffsetCommit', requestOf([{ name: 'large', topicId: ZERO_UUID, partitions }]), { apiVersion: 8 })
    const errorCodes = new Set((answer.topics ?? []).flatMap((topic) => topic.partitions?.map(({ errorCode }) => errorCode)))
    expect([...errorCodes]).toEqual([ERROR_CODES.INVALID_COMMIT_OFFSET_SIZE])
    expect(harness.log).toEqual([])
  })
})

interface Given {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly metadata?: string | null
  readonly generation?: number
  readonly apiVersion?: number
}

function partitionOf({ partition = 0, offset = 1, metadata = '' }: Given) {
  return { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: 5, committedMetadata: metadata }
}

function requestOf<Topic>(topics: readonly Topic[], generationIdOrMemberEpoch = -1) {
  return { groupId: 'g', generationIdOrMemberEpoch, memberId: '', groupInstanceId: null, retentionTimeMs: -1, topics }
}

function commit(given: Given): number | undefined {
  const topics = [{ name: given.topic ?? 'orders', topicId: ZERO_UUID, partitions: [partitionOf(given)] }]
  const answer = harness.ask('OffsetCommit', requestOf(topics, given.generation), { apiVersion: given.apiVersion ?? 8 })
  return answer.topics?.[0]?.partitions?.[0]?.errorCode
}

function fetch(partition: number, apiVersion = 5) {
  const topics = [{ name: 'orders', partitionIndexes: [partition] }]
  const answer = harness.ask('OffsetFetch', { groupId: 'g', topics, groups: [], requireStable: false }, { apiVersion })
  return answer.topics?.[0]?.partitions?.[0]
}
