/** Real partitions on several brokers: what producers are told, what consumers see, and what becomes of logs when leaders change. */
import { LogCorruptError } from '@millrace/log'
import { ERROR_CODES, fetchApi, produceApi } from '@millrace/protocol'
import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { fetchedValues, fetchOne } from '../testing/fetch-calls.ts'
import { produce, resultOf, sendProduce } from '../testing/produce-calls.ts'
import { ReplicaSet } from '../testing/replica-set.ts'
import { settled } from '../testing/settled.ts'

const LAG_MS = 10_000

let set: ReplicaSet

beforeEach(async () => {
  set = await ReplicaSet.start()
})

afterEach(() => set.close())

function topic(configs: Readonly<Record<string, string>> = {}, replicas: readonly number[] = [1, 2, 3]): void {
  set.broker(1).addTopic('a', [replicas], configs)
}

/** Values of all records of a replica's log, committed or not. */
async function valuesOf(nodeId: number): Promise<string[]> {
  const batches = await set.broker(nodeId).storedBatches('a')
  return batches.flatMap((records) => fetchedValues({ records } as never))
}

/** The leader writes records that no follower has. */
async function writeAlone(nodeId: number, ...values: readonly string[]): Promise<void> {
  for (const value of values) await produce(set.broker(nodeId), batchOf({ records: [value] }), { acks: 1 })
}

describe('a produce with acks=all', () => {
  it.each(['fsync', 'replicated'])('is answered once every in-sync replica has it (durability=%s)', async (durability) => {
    topic({ durability })
    const sent = sendProduce(set.broker(1), batchOf())
    await settled()
    await set.follow(2)
    await set.follow(3)
    // They have it now, and the leader does not know yet.
    expect(sent.state).toBe('open')
    await set.follow(2)
    await settled()
    expect(sent.state).toBe('open')
    await set.follow(3)
    await settled()
    expect(resultOf(await sent.answer())).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
  })

  it('is not answered before the leader has it on its own disk, though followers have', async () => {
    topic()
    await set.catchUp()
    const release = set.broker(1).disk.holdSyncs()
    const sent = sendProduce(set.broker(1), batchOf())
    await set.catchUp([2, 3])
    expect(set.replica(2).log?.durableEndOffset).toBe(1)
    expect(sent.state).toBe('open')
    release()
    expect(resultOf(await sent.answer()).errorCode).toBe(ERROR_CODES.NONE)
  })

  it('is refused when fewer are in sync than it asks for, and nothing is appended', async () => {
    topic({ 'min.insync.replicas': '2' })
    set.change({ isr: [1] })
    expect((await produce(set.broker(1), batchOf())).errorCode).toBe(ERROR_CODES.NOT_ENOUGH_REPLICAS)
    expect(await valuesOf(1)).toEqual([])
  })

  it('waits in vain when fewer are in sync than it asks for by then: nothing is committed by them', async () => {
    topic({ 'min.insync.replicas': '2' })
    await set.catchUp()
    const sent = sendProduce(set.broker(1), batchOf(), { timeoutMs: 60_000 })
    await settled()
    set.change({ isr: [1] })
    await settled()
    expect([set.replica(1).highWatermark, set.replica(1).hasEnoughInSyncReplicas]).toEqual([0, false])
    expect(sent.state).toBe('open')
    set.clock.advance(60_000)
    expect(resultOf(await sent.answer()).errorCode).toBe(ERROR_CODES.REQUEST_TIMED_OUT)
  })

  it('is sent elsewhere when the leadership moves, and told where that is', async () => {
    topic()
    const sent = set.broker(1).send(produceApi, 12, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'a', partitionData: [{ index: 0, records: batchOf() }] }],
    })
    await settled()
    set.change({ leader: 2 })
    const answer = await sent.answer()
    expect(resultOf(answer)).toMatchObject({
      errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: 1 },
    })
    expect(answer.nodeEndpoints).toMatchObject([{ nodeId: 2, port: 9002 }])
  })

  it('is not taken for acknowledged by what other leaders wrote at its offset while the rest of it waited', async () => {
    topic({}, [1, 2])
    set.broker(1).addTopic('b')
    await set.catchUp()
    // The log of the second partition takes its time to be opened.
    const opened = Promise.withResolvers<void>()
    const { logDirectory } = set.broker(1).services
    const open = logDirectory.open.bind(logDirectory)
    logDirectory.open = async (...request) => {
      await opened.promise
      return open(...request)
    }
    const records = batchOf({ records: ['lost'] })
    const topicData = ['a', 'b'].map((name) => ({ name, partitionData: [{ index: 0, records }] }))
    const sent = set.broker(1).send(produceApi, 12, { acks: -1, timeoutMs: 60_000, topicData })
    await settled()
    set.change({ leader: 2, isr: [2] })
    await produce(set.broker(2), batchOf({ records: ['kept'] }))
    await set.catchUp()
    set.change({ leader: 1, isr: [1] })
    await settled()
    expect(set.replica(1).highWatermark).toBe(1)
    opened.resolve()
    const [a] = (await sent.answer()).responses
    expect(a?.partitionResponses[0]?.errorCode).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    expect(await valuesOf(1)).toEqual(['kept'])
  })
})

describe('in-sync replicas', () => {
  it('leave when they do not fetch, through the controller, and the high watermark goes on without them', async () => {
    topic()
    await set.catchUp()
    await writeAlone(1, 'x')
    const fetchBySecond = async (): Promise<void> => {
      set.clock.advance(LAG_MS / 2)
      await set.follow(2)
      await settled()
    }
    for (let turn = 0; turn < 4; turn += 1) await fetchBySecond()
    expect(set.image.isr).toEqual([1, 2])
    expect(set.replica(1).highWatermark).toBe(1)
  })

  it('come back once they have what is committed', async () => {
    topic()
    set.change({ isr: [1] })
    await produce(set.broker(1), batchOf())
    await set.catchUp([3])
    expect(set.image.isr).toEqual([1, 3])
    await set.catchUp()
    expect(set.image.isr).toEqual([1, 3, 2])
  })

  it('are asked for again until the controller answers', async () => {
    topic()
    set.change({ isr: [1, 2] })
    const alter = set.controller.answers.alterPartitions ?? (() => null)
    let refusals = 0
    set.controller.answers.alterPartitions = () => {
      refusals += 1
      return new Error('there is no controller')
    }
    await set.follow(3)
    for (let turn = 0; turn < 4; turn += 1) {
      await settled()
      set.clock.advance(1_000)
    }
    expect(refusals).toBeGreaterThan(2)
    await settled()
    set.controller.answers.alterPartitions = alter
    set.clock.advance(1_000)
    await settled()
    expect(set.image.isr).toEqual([1, 2, 3])
  })

  it('do not come back as another life than the one that fetched', async () => {
    topic()
    set.change({ isr: [1, 2] })
    const epoch = set.brokerEpoch(3)
    set.broker(3).addBroker(3)
    expect(await set.ask(3, epoch)).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER })
    await settled()
    expect(set.image.isr).toEqual([1, 2])
    await set.follow(3)
    await settled()
    expect(set.image.isr).toEqual([1, 2, 3])
  })
})

describe('when leaders change', () => {
  it('what only the old leader had is gone, and what was acknowledged is not', async () => {
    topic()
    const sent = sendProduce(set.broker(1), batchOf({ records: ['kept'] }))
    await set.catchUp()
    await sent.answer()
    await writeAlone(1, 'lost 1', 'lost 2')
    set.change({ leader: 2, isr: [2, 3] })
    await writeAlone(2, 'new')
    await set.catchUp()
    for (const nodeId of [1, 2, 3]) expect(await valuesOf(nodeId)).toEqual(['kept', 'new'])
    expect(set.image.isr).toEqual([2, 3, 1])
  })

  it('no record is lost that the high watermark of a follower had not reached yet (KIP-101)', async () => {
    topic({}, [1, 2])
    const sent = sendProduce(set.broker(1), batchOf({ records: ['m1'] }))
    await settled()
    await set.follow(2)
    await set.ask(2)
    await settled()
    expect(resultOf(await sent.answer()).errorCode).toBe(ERROR_CODES.NONE)
    // The answer that would tell the follower is lost, and it starts again before it has asked anew.
    expect(set.replica(2).highWatermark).toBe(0)
    await set.broker(2).restart()
    await set.replica(2).open()
    set.change({ leader: 2, isr: [2] })
    await set.catchUp()
    expect(await valuesOf(2)).toEqual(['m1'])
    expect(await valuesOf(1)).toEqual(['m1'])
  })

  it('logs do not diverge, however fast they change (KIP-279)', async () => {
    topic({ durability: 'replicated' }, [1, 2])
    await set.catchUp()
    await writeAlone(1, 'e0')
    set.change({ leader: 2, isr: [2] })
    await writeAlone(2, 'e1')
    set.change({ leader: 1, isr: [1] })
    await set.replica(1).open()
    await writeAlone(1, 'e2')
    set.change({ leader: 2, isr: [2] })
    await writeAlone(2, 'e3', 'e3')
    await set.catchUp()
    expect(await valuesOf(1)).toEqual(await valuesOf(2))
    set.change({ leader: 1, isr: [1] })
    await set.catchUp()
    expect(await valuesOf(1)).toEqual(await valuesOf(2))
  })

  it('a leader that appended nothing leaves no trace of its epoch', async () => {
    topic()
    await set.catchUp()
    set.change({ leader: 2 })
    await set.replica(2).open()
    set.change({ leader: 1 })
    await writeAlone(1, 'x')
    await set.catchUp()
    expect(await valuesOf(2)).toEqual(['x'])
    expect(set.replica(2).log?.leaderEpochs.entries).toEqual(set.replica(1).log?.leaderEpochs.entries)
  })

  it('what a leader has staged is of the epoch in which it was, though the next one begins before it is written', async () => {
    topic({ durability: 'replicated' }, [1, 2])
    await writeAlone(1, 'x')
    await set.catchUp()
    // As what a timer of a coordinator brings about, which is written at the end of the loop's turn.
    const told: number[] = []
    set.replica(1).stage(batchOf({ records: ['staged'] }), (errorCode) => void told.push(errorCode), { origin: 'internal' })
    set.change({ leader: 1 })
    set.replica(1).commitStaged()
    expect(told).toEqual([ERROR_CODES.NONE])
    const log = await set.replica(1).open()
    expect([0, 1].map((offset) => log.leaderEpochAt(offset))).toEqual([0, 0])
    await set.catchUp()
    expect([1, 2].map((nodeId) => set.replica(nodeId).highWatermark)).toEqual([2, 2])
    expect(await valuesOf(2)).toEqual(['x', 'staged'])
  })

  it('a follower that has no room to give up records goes on when it has', async () => {
    topic({ durability: 'replicated' }, [1, 2])
    await writeAlone(1, 'both')
    await set.catchUp()
    await writeAlone(1, 'alone')
    // Its checkpoints say by then how far it was durable.
    await set.broker(1).restart()
    set.change({ leader: 2, isr: [2] })
    await writeAlone(2, 'instead', 'and more')
    set.broker(1).disk.failNext({ operation: 'replaceFile', pathIncludes: 'checkpoint', code: DISK_ERROR_CODES.full })
    expect(await set.follow(1)).toBe('wait')
    expect(await valuesOf(1)).toEqual(['both', 'alone'])
    await set.catchUp()
    expect(await valuesOf(1)).toEqual(['both', 'instead', 'and more'])
  })

  it('an answer that comes late is of no use', async () => {
    topic()
    await writeAlone(1, 'x')
    const late = await set.ask(2)
    set.change({ leader: 3 })
    expect(late).not.toBeNull()
    await set.replica(2).onReplicaFetched(late as NonNullable<typeof late>)
    expect(await valuesOf(2)).toEqual([])
  })

  it('a follower in the middle of a flush becomes a leader after it', async () => {
    topic()
    await writeAlone(1, 'x')
    await set.replica(2).open()
    const release = set.broker(2).disk.holdSyncs()
    const following = set.follow(2)
    await settled()
    expect(set.replica(2).replicaFetchPosition()).toBeNull()
    set.change({ leader: 2 })
    const sent = sendProduce(set.broker(2), batchOf({ records: ['y'] }), { acks: 1 })
    await settled()
    expect(sent.state).toBe('open')
    release()
    await following
    expect(resultOf(await sent.answer())).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
    expect(await valuesOf(2)).toEqual(['x', 'y'])
  })

  it('a replica that has what was committed does not give it up for a leader that has not', async () => {
    topic({}, [1, 2])
    const sent = sendProduce(set.broker(1), batchOf({ records: ['committed'] }))
    await set.catchUp()
    await sent.answer()
    await set.catchUp()
    set.change({ isr: [1] })
    // Broker 1 lost its disk, and leads all the same.
    set.broker(1).kill()
    set.broker(1).disk.removeDirectory('/data')
    await set.broker(1).start()
    set.change({ leader: 1 })
    await writeAlone(1, 'other')
    expect(await set.follow(2)).toBe('wait')
    expect(await set.follow(2)).toBe('wait')
    expect(await valuesOf(2)).toEqual(['committed'])
    set.change({ leader: 2, isr: [2] })
    await set.catchUp()
    expect(await valuesOf(1)).toEqual(['committed'])
  })
})

describe('a replica that starts again', () => {
  it('begins with the high watermark that it had, as far as it has the records', async () => {
    topic({ durability: 'replicated' })
    const sent = sendProduce(set.broker(1), batchOf())
    await set.catchUp()
    await sent.answer()
    await set.catchUp()
    await writeAlone(1, 'more')
    await set.follow(2)
    await set.broker(2).restart()
    const log = await set.replica(2).open()
    expect([set.replica(2).highWatermark, log.logEndOffset]).toEqual([1, 2])
  })

  it('follows a log that was deleted below its end', async () => {
    topic({ durability: 'replicated' }, [1, 2])
    await writeAlone(1, '0', '1')
    await set.catchUp()
    set.setFenced(2, true)
    set.change({ isr: [1] })
    await set.broker(2).close()
    await produce(set.broker(1), batchOf({ records: ['2', '3', '4'] }))
    await produce(set.broker(1), batchOf({ records: ['5'] }))
    const log = await set.replica(1).open()
    log.deleteRecordsBefore(4)
    await set.broker(2).start()
    set.setFenced(2, false)
    await set.catchUp()
    expect(set.replica(2).log).toMatchObject({ logStartOffset: 4, logEndOffset: 6 })
    expect(await valuesOf(2)).toEqual(['2', '3', '4', '5'])
    expect(set.image.isr).toEqual([1, 2])
  })

  it('shows nobody what its leader does not have while there is no room to begin anew', async () => {
    topic({ durability: 'replicated' }, [1, 2])
    await writeAlone(1, '0')
    await set.catchUp()
    set.change({ leader: 2 })
    await writeAlone(2, 'not committed')
    set.change({ leader: 1, isr: [1] })
    for (const value of ['1', '2', '3']) await produce(set.broker(1), batchOf({ records: [value] }))
    ;(await set.replica(1).open()).deleteRecordsBefore(4)
    set.broker(2).disk.failNext({ operation: 'replaceFile', pathIncludes: 'checkpoint', code: DISK_ERROR_CODES.full })
    await set.follow(2)
    expect(fetchedValues(await fetchOne(set.broker(2)))).toEqual(['0'])
    await set.catchUp()
    expect(set.replica(2).log).toMatchObject({ logStartOffset: 4, logEndOffset: 4 })
    expect(set.replica(2).highWatermark).toBe(4)
  })

  it('is filled from a leader that does not know of more to be committed than where its log begins, within a batch', async () => {
    topic({ durability: 'replicated' }, [1, 2, 3])
    await set.catchUp()
    const sent = sendProduce(set.broker(1), batchOf({ records: ['0', '1', '2', '3'] }))
    await set.catchUp([2, 3])
    await sent.answer()
    const log = await set.replica(1).open()
    log.deleteRecordsBefore(2)
    await set.broker(1).services.logDirectory.persistLogStart(log)
    set.broker(1).kill()
    await set.broker(1).start()
    set.broker(3).kill()
    set.broker(3).disk.removeDirectory('/data')
    await set.broker(3).start()
    set.change({ leader: 1, isr: [1, 2] })
    expect((await set.replica(1).open()).highWatermark).toBe(2)
    expect(await set.follow(3)).toBe('ready')
    // It knows then that all below is committed.
    await set.broker(3).restart()
    for (let round = 0; round < 3; round += 1) expect(await set.follow(3)).toBe('ready')
    expect(set.replica(3).log).toMatchObject({ logStartOffset: 2, logEndOffset: 4, highWatermark: 2 })
  })

  it('reports a log that is damaged, and is asked for no more of it', async () => {
    topic()
    const sent = sendProduce(set.broker(1), batchOf())
    await set.catchUp()
    await sent.answer()
    await set.broker(2).close()
    const path = '/data/a-0/00000000000000000000.log'
    const file = set.broker(2).disk.open(path)
    file.truncate(10)
    file.close()
    await set.broker(2).start()
    const partition = set.replica(2)
    expect(partition.replicaFetchPosition()).toBeNull()
    await settled()
    const { partitions } = set.broker(2).services
    expect(partitions.failed()).toEqual([{ topicId: partition.topicId, partition: 0 }])
  })

  it('looks at a damaged log again after pauses that grow, however often it is asked, and goes on once that is repaired', async () => {
    topic()
    const sent = sendProduce(set.broker(1), batchOf())
    await set.catchUp()
    await sent.answer()
    await set.broker(2).close()
    const { disk, clock } = set.broker(2)
    const path = '/data/a-0/00000000000000000000.log'
    const whole = disk.readFile(path)
    await disk.replaceFile(path, whole.subarray(0, 10))
    await set.broker(2).start()
    const partition = set.replica(2)
    const seen = new Set<unknown>()
    const ask = async (): Promise<number> => {
      await partition.open().catch((error: unknown) => seen.add(error))
      return seen.size
    }
    for (const [index, pauseMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
      expect(await ask()).toBe(index + 1)
      clock.advance(pauseMs - 1)
      expect(await ask()).toBe(index + 1)
      clock.advance(1)
    }
    await disk.replaceFile(path, whole)
    expect((await partition.open()).logEndOffset).toBe(1)
  })
})

describe('records that were found damaged', () => {
  const damage = new LogCorruptError('/data/a-0/00000000000000000000.log', 0, 'the crc is wrong')

  it('cost a broker its replica where another one in sync has them', () => {
    topic()
    const { partitions } = set.broker(1).services
    partitions.damageFound('a', 0, damage)
    partitions.damageFound('unknown', 0, damage)
    expect(partitions.failed()).toEqual([{ topicId: set.replica(1).topicId, partition: 0 }])
  })

  it('are better than none where no other replica is in sync', () => {
    topic()
    set.change({ isr: [1] })
    const { partitions } = set.broker(1).services
    partitions.damageFound('a', 0, damage)
    expect(partitions.failed()).toEqual([])
  })

  it('cost a broker its replica as soon as another one that is eligible could lead', () => {
    topic({ 'min.insync.replicas': '2' })
    set.setFenced(2, true)
    set.setFenced(3, true)
    set.change({ isr: [1], elr: [2, 3] })
    const { partitions } = set.broker(1).services
    partitions.damageFound('a', 0, damage)
    expect(partitions.failed()).toEqual([])
    set.setFenced(3, false)
    expect(partitions.failed()).toEqual([{ topicId: set.replica(1).topicId, partition: 0 }])
  })

  it.each([
    ['cost a broker its replica when another one comes to be in sync', [{ isr: [1, 2] }], 1],
    [
      'are looked for again where another one led since, by whose word the log may have been cut',
      [{ leader: 2, isr: [2] }, { isr: [1, 2] }],
      0,
    ],
  ])('%s', (_, changes, failed) => {
    topic()
    set.change({ isr: [1] })
    const { partitions } = set.broker(1).services
    partitions.damageFound('a', 0, damage)
    for (const change of changes) set.change(change)
    expect(partitions.failed()).toHaveLength(failed)
  })
})

describe('a consumer', () => {
  it('reads from a follower up to what that knows to be committed', async () => {
    topic({ durability: 'replicated' })
    await writeAlone(1, 'x', 'y')
    await set.follow(2)
    expect(fetchedValues(await fetchOne(set.broker(2)))).toEqual([])
    await set.catchUp()
    expect(fetchedValues(await fetchOne(set.broker(2)))).toEqual(['x', 'y'])
    expect((await fetchOne(set.broker(2), {}, { version: 10 })).errorCode).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
  })

  it('that waits at a follower is woken when more is known to be committed', async () => {
    topic({ durability: 'replicated' })
    await set.catchUp()
    const fetching = set.broker(2).send(fetchApi, 12, {
      maxWaitMs: 60_000,
      minBytes: 1,
      topics: [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
      forgottenTopicsData: [],
    })
    await writeAlone(1, 'x')
    await set.catchUp()
    const [result] = (await fetching.answer()).responses[0]?.partitions ?? []
    expect(fetchedValues(result as never)).toEqual(['x'])
  })

  it.each([
    { error: 'another broker leads', currentLeaderEpoch: 1, asked: 1, code: ERROR_CODES.NOT_LEADER_OR_FOLLOWER },
    { error: 'the epoch is old', currentLeaderEpoch: 0, asked: 2, code: ERROR_CODES.FENCED_LEADER_EPOCH },
  ])('is told who leads when $error', async ({ currentLeaderEpoch, asked, code }) => {
    topic({}, [1, 2])
    set.change({ leader: 2 })
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000, currentLeaderEpoch }]
    // A follower of version 16 asks leaders only.
    const answer = await set.broker(asked).call(fetchApi, 16, {
      maxWaitMs: 0,
      minBytes: 1,
      replicaState: { replicaId: asked === 1 ? 3 : -1 },
      topics: [{ topicId: set.replica(2).topicId, partitions }],
      forgottenTopicsData: [],
    })
    const [result] = answer.responses[0]?.partitions ?? []
    expect(result).toMatchObject({ errorCode: code, currentLeader: { leaderId: 2, leaderEpoch: 1 } })
    // Of itself a broker says where the client has reached it.
    expect(answer.nodeEndpoints).toMatchObject([{ nodeId: 2, port: asked === 2 ? 9092 : 9002 }])
  })
})

describe('a broker that the cluster does not count on', () => {
  it('acknowledges nothing and lets nobody read, but follows others', async () => {
    topic({ durability: 'replicated' })
    await set.catchUp()
    const sent = sendProduce(set.broker(1), batchOf())
    await settled()
    set.broker(1).services.partitions.setServing(false)
    expect(resultOf(await sent.answer()).errorCode).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    expect((await fetchOne(set.broker(1))).errorCode).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    expect(await set.ask(2)).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER })
    set.broker(1).services.partitions.setServing(true)
    await set.catchUp()
    expect(fetchedValues(await fetchOne(set.broker(1)))).toEqual(['a'])
  })
})
