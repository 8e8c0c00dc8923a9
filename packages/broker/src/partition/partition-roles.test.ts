/** How partitions come, change their part and go as the metadata says, and who is told. */
import { ERROR_CODES, deleteRecordsApi, listOffsetsApi } from '@millrace/protocol'
import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { produce } from '../testing/produce-calls.ts'
import { ReplicaSet } from '../testing/replica-set.ts'
import { settled } from '../testing/settled.ts'

let set: ReplicaSet

beforeEach(async () => {
  set = await ReplicaSet.start()
})

afterEach(() => set.close())

function topic(configs: Readonly<Record<string, string>> = {}, replicas: readonly number[] = [1, 2, 3]): void {
  set.broker(1).addTopic('a', [replicas], configs)
}

describe('partitions that others lead', () => {
  /** What the listener of a broker was told, as `part leader epoch`. */
  function told(nodeId: number): string[] {
    const seen: string[] = []
    set.broker(nodeId).services.partitions.onRolesChanged((changed) => {
      for (const partition of changed) {
        const part = partition.isClosed ? 'closed' : partition.isFollower ? 'follower' : 'no follower'
        seen.push(`${part} ${partition.image.leader} ${partition.leaderEpoch}`)
      }
    })
    return seen
  }

  const followed = (nodeId: number): number => [...set.broker(nodeId).services.partitions.followed()].length

  it('are followed from the moment they are there, and those who fetch are told of each change', async () => {
    const seen = told(2)
    topic()
    expect([1, 2, 3].map(followed)).toEqual([0, 1, 1])
    set.change({ leader: 3 })
    set.change({ leader: 2 })
    expect(followed(2)).toBe(0)
    set.change({ isr: [2, 3] })
    set.change({ leader: 3 })
    set.broker(1).removeTopic('a')
    expect(seen).toEqual(['follower 1 0', 'follower 3 1', 'no follower 2 2', 'follower 3 3', 'closed 3 3'])
  })

  it('are followed again after a start', async () => {
    topic()
    await set.broker(2).restart()
    expect(followed(2)).toBe(1)
  })

  it('can be fetched as soon as their log is open, which those who fetch are told', async () => {
    topic()
    const seen = told(2)
    const partition = set.replica(2)
    expect(partition.replicaFetchPosition()).toBeNull()
    await settled()
    expect(seen).toEqual(['follower 1 0'])
    expect(partition.replicaFetchPosition()).toEqual({ fetchOffset: 0, lastFetchedEpoch: -1, currentLeaderEpoch: 0, logStartOffset: 0 })
  })

  it('tell those who wait to read when a new epoch begins, also with the same leader', async () => {
    topic()
    await set.replica(1).open()
    const woken: number[] = []
    const partition = set.replica(1)
    partition.addVisibilityWaiter({ onVisible: () => woken.push(partition.leaderEpoch) }, true)
    partition.addVisibilityWaiter({ onVisible: () => woken.push(partition.leaderEpoch) }, false)
    set.change({ isr: [1, 2] })
    expect(woken).toEqual([])
    set.change({ leader: 1 })
    expect(woken).toEqual([1, 1])
  })

  it('without any leader are followed by nobody', () => {
    topic()
    set.broker(1).changePartition('a', 0, { leader: -1, isr: [2] })
    expect([1, 2, 3].map(followed)).toEqual([0, 0, 0])
  })

  it('of which this broker has no replica any more go, with their log', async () => {
    topic()
    await produce(set.broker(1), batchOf(), { acks: 1 })
    await set.catchUp()
    const partition = set.replica(3)
    const { topicId } = partition
    set.feed.commit({ type: 'partition-change', topicId, partition: 0, isr: [1, 2], replicas: [1, 2] })
    await settled()
    expect(partition.isClosed).toBe(true)
    expect(set.broker(3).services.logDirectory.found()).toEqual([])
    expect(set.broker(3).services.partitions.findReadable('a', 0)).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
  })
})

describe('a leader', () => {
  it('does not lead on in the epoch of an earlier life, which may have lost what others fetched', async () => {
    topic({}, [1, 2])
    set.change({ isr: [1] })
    await produce(set.broker(1), batchOf({ records: ['fetched'] }), { acks: 1 })
    await set.follow(2)
    set.broker(1).kill()
    set.broker(1).disk.removeDirectory('/data')
    await set.broker(1).start()
    expect(set.broker(1).services.partitions.find('a', 0)).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    expect((await produce(set.broker(1), batchOf({ records: ['other'] }), { acks: 1 })).errorCode).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    set.change({ leader: 1 })
    expect((await produce(set.broker(1), batchOf({ records: ['other'] }), { acks: 1 })).errorCode).toBe(ERROR_CODES.NONE)
    expect(set.replica(1).log?.latestLeaderEpoch).toBe(1)
  })
})

describe('a new leader', () => {
  it.each(['fsync', 'replicated'])(
    'knows what is committed although nothing is written in its time (durability=%s)',
    async (durability) => {
      topic({ durability })
      await produce(set.broker(1), batchOf(), { acks: 1 })
      await set.follow(2)
      await set.follow(3)
      expect(set.replica(2).highWatermark).toBe(0)
      set.change({ leader: 2 })
      await set.catchUp()
      expect([1, 2, 3].map((nodeId) => set.replica(nodeId).highWatermark)).toEqual([1, 1, 1])
    },
  )

  it('acknowledges nothing of its epoch before that is stored, and goes on once there is room for it', async () => {
    topic({ durability: 'replicated' }, [1, 2])
    set.change({ isr: [1] })
    await produce(set.broker(1), batchOf())
    set.change({ leader: 1 })
    await settled()
    const full = { operation: 'replaceFile', pathIncludes: 'leader-epoch-checkpoint', code: DISK_ERROR_CODES.full } as const
    set.broker(1).disk.failNext(full)
    expect((await produce(set.broker(1), batchOf())).errorCode).toBe(ERROR_CODES.KAFKA_STORAGE_ERROR)
    expect((await produce(set.broker(1), batchOf())).errorCode).toBe(ERROR_CODES.NONE)
    expect(set.replica(1).highWatermark).toBe(3)
  })
})

describe('records that are deleted', () => {
  const deleteUpTo = (offset: number, timeoutMs = 60_000) =>
    set.broker(1).send(deleteRecordsApi, 2, { topics: [{ name: 'a', partitions: [{ partitionIndex: 0, offset }] }], timeoutMs })

  it('are gone on every replica that lives before that is answered', async () => {
    topic({ durability: 'replicated' })
    set.setFenced(3, true)
    set.change({ isr: [1, 2] })
    await produce(set.broker(1), batchOf({ records: ['a', 'b'] }), { acks: 1 })
    await set.catchUp([2])
    const deleting = deleteUpTo(1)
    await settled()
    expect(deleting.state).toBe('open')
    await set.follow(2)
    expect(set.replica(2).log?.logStartOffset).toBe(1)
    expect(deleting.state).toBe('open')
    await set.follow(2)
    expect((await deleting.answer()).topics[0]?.partitions).toMatchObject([{ errorCode: ERROR_CODES.NONE, lowWatermark: 1 }])
  })

  it.each([
    { what: 'the time is up', happen: () => set.clock.advance(60_000), errorCode: ERROR_CODES.REQUEST_TIMED_OUT },
    { what: 'another leads', happen: () => set.change({ leader: 2 }), errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER },
  ])('are not waited for any longer when $what', async ({ happen, errorCode }) => {
    topic({ durability: 'replicated' })
    await produce(set.broker(1), batchOf(), { acks: 1 })
    await set.catchUp()
    const deleting = deleteUpTo(-1)
    await settled()
    happen()
    expect((await deleting.answer()).topics[0]?.partitions).toMatchObject([{ errorCode, lowWatermark: -1 }])
  })
})

describe('the end of a partition', () => {
  const endFor = async (nodeId: number, replicaId: number) => {
    const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
    const answer = await set.broker(nodeId).call(listOffsetsApi, 7, { replicaId, isolationLevel: 0, topics })
    const { errorCode, offset } = answer.topics[0]?.partitions[0] ?? {}
    return errorCode === ERROR_CODES.NONE ? offset : `error ${errorCode}`
  }

  it('is the high watermark for consumers, and the end of the log for replicas and for who looks into one', async () => {
    topic({ durability: 'replicated' })
    await set.catchUp()
    await produce(set.broker(1), batchOf(), { acks: 1 })
    expect(await endFor(1, -1)).toBe(0)
    expect(await endFor(1, 2)).toBe(1)
    await set.follow(2)
    expect(await endFor(2, -1)).toBe(`error ${ERROR_CODES.NOT_LEADER_OR_FOLLOWER}`)
    expect(await endFor(2, -2)).toBe(1)
  })

  it('is not known to a new leader before something of its own is committed', async () => {
    topic({ durability: 'replicated' })
    await set.catchUp()
    await produce(set.broker(1), batchOf(), { acks: 1 })
    await set.follow(2)
    set.change({ leader: 2 })
    expect(await endFor(2, -1)).toBe(`error ${ERROR_CODES.OFFSET_NOT_AVAILABLE}`)
    await set.catchUp()
    expect(await endFor(2, -1)).toBe(1)
  })
})
