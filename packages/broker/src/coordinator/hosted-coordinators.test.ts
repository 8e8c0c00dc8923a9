import { ERROR_CODES } from '@millrace/protocol'
import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import type { Partition } from '../partition/partition.ts'
import { batchOf, bytesOf } from '../testing/batches.ts'
import { settled } from '../testing/settled.ts'
import { TOY_TOPIC } from '../testing/toy-coordinator.ts'
import { COMMIT_TIMEOUT_MS, ToyScene } from '../testing/toy-scene.ts'

const { COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NONE, NOT_COORDINATOR, UNKNOWN_SERVER_ERROR } = ERROR_CODES
const TOY = TOY_TOPIC.name

let scene: ToyScene

afterEach(() => scene.close())

/** A coordinator that serves. */
async function servingScene(): Promise<ToyScene> {
  scene = await ToyScene.start()
  scene.addTopic()
  await scene.ask({ type: 'get', key: 'a' })
  return scene
}

describe('what is asked', () => {
  it('is answered when what it depends on is flushed, reads too, and in order', async () => {
    await servingScene()
    const release = scene.broker.disk.holdSyncs()
    const told: string[] = []
    scene.note(told, { type: 'set', key: 'a', value: '1' })
    scene.note(told, { type: 'get', key: 'a' })
    await settled()
    expect(told).toEqual([])
    release()
    await settled()
    expect(told).toEqual(['set a', '1'])
  })

  it('is stored as one batch a step, in the epoch of the leader, not compressed', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1' })
    await scene.ask({ type: 'set', key: 'b', value: null })
    const common = { codec: 'none', leaderEpoch: 0, isTransactional: false }
    expect(await scene.stored()).toEqual([
      { records: ['a=1'], ...common },
      { records: ['b=null'], ...common },
    ])
  })

  it('is written at the end of a turn also where nobody ends it', async () => {
    await servingScene()
    const answer = scene.coordinators.ask(
      { partition: 0 },
      { connectionId: 1, mayWrite: true, toEvent: (token) => ({ type: 'set', token, key: 'a', value: '1' }) },
    )
    expect(await answer).toEqual({ type: 'answered', response: 'set a' })
  })

  it('finds its partition by its key', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1], [1]])
    // The hash of "a" is odd, that of "b" even.
    await scene.ask({ type: 'set', key: 'a', value: '1' }, { place: { key: 'a' } })
    await scene.ask({ type: 'set', key: 'b', value: '2' }, { place: { key: 'b' } })
    expect(await scene.stored(1)).toMatchObject([{ records: ['a=1'] }])
    expect(await scene.stored(0)).toMatchObject([{ records: ['b=2'] }])
    expect(scene.coordinators.led()).toEqual([0, 1])
  })

  it('is refused where another broker leads, and where there is no such partition', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[2, 1]])
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe(NOT_COORDINATOR)
    expect(await scene.ask({ type: 'get', key: 'a' }, { place: { partition: 7 } })).toBe(NOT_COORDINATOR)
    expect(scene.coordinators.led()).toEqual([])
    expect(await scene.coordinators.whenReady({ partition: 0 })).toBe(NOT_COORDINATOR)
  })

  it('waits a while for a topic that this broker has not heard of yet', async () => {
    scene = await ToyScene.start()
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' }, { place: { key: 'a' } })
    scene.note(told, { type: 'get', key: 'a' }, { place: { key: 'a' } })
    await scene.pass(100)
    expect(told).toEqual([])
    scene.addTopic()
    await settled()
    expect(told).toEqual(['nothing', 'nothing'])
  })

  it('waits no longer than a second for it', async () => {
    scene = await ToyScene.start()
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' }, { place: { key: 'a' } })
    await scene.pass(999)
    expect(told).toEqual([])
    await scene.pass(1)
    expect(told).toEqual([`error ${COORDINATOR_NOT_AVAILABLE}`])
  })

  it('is refused while too few replicas are in sync, if it may have to be stored', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1, 2]], { 'min.insync.replicas': '2' })
    const { services } = scene.broker
    await followerFetches(0)
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('nothing')
    scene.broker.changePartition(TOY, 0, { isr: [1] })
    expect(services.partitions.find(TOY, 0)).toMatchObject({ hasEnoughInSyncReplicas: false })
    expect(await scene.ask({ type: 'set', key: 'a', value: '1' })).toBe(COORDINATOR_NOT_AVAILABLE)
    expect(await scene.ask({ type: 'get', key: 'a' }, { mayWrite: false })).toBe('nothing')
    expect(await scene.stored()).toEqual([])
  })

  it('is given up when it is not committed in time, and stays stored', async () => {
    await servingScene()
    const release = scene.broker.disk.holdSyncs()
    const told: string[] = []
    scene.note(told, { type: 'set', key: 'a', value: '1' })
    await scene.pass(COMMIT_TIMEOUT_MS)
    expect(told).toEqual([`error ${COORDINATOR_NOT_AVAILABLE}`])
    release()
    await settled()
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
    expect(told).toHaveLength(1)
  })

  it('can be given up by who asks', async () => {
    await servingScene()
    const told: string[] = []
    scene.note(told, { type: 'park', key: 'p', forMs: 50 }, { onAsked: (giveUp) => giveUp(NOT_COORDINATOR) })
    await scene.pass(50)
    expect(told).toEqual([`error ${NOT_COORDINATOR}`])
  })
})

describe('time and connections', () => {
  it('come to the machine as events', async () => {
    await servingScene()
    const told: string[] = []
    scene.note(told, { type: 'park', key: 'p', forMs: 50 })
    await scene.pass(49)
    expect(told).toEqual([])
    await scene.pass(1)
    expect(told).toEqual(['time is up'])
  })

  it('tell it of a connection that it was asked on, once, and of no other', async () => {
    await servingScene()
    await scene.ask({ type: 'get', key: 'a' }, { connectionId: 5 })
    scene.coordinators.disconnected(4)
    scene.coordinators.disconnected(5)
    scene.coordinators.disconnected(5)
    expect(scene.kind.machine.told).toEqual(['loaded', 'disconnected 5'])
  })

  it('tell it of metadata that is of interest to it', async () => {
    await servingScene()
    scene.broker.setBrokerConfig('log.retention.ms', '1')
    expect(scene.kind.machine.told).toEqual(['loaded'])
    scene.broker.addTopic('other')
    expect(scene.kind.machine.told).toEqual(['loaded', 'topics-changed'])
  })

  it('have those loaded that metadata makes wrong, and tell them', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1], [1]])
    scene.broker.addTopic('other')
    await settled()
    expect(scene.kind.machines).toEqual([])
    scene.broker.removeTopic('other')
    await settled()
    expect(scene.kind.machines.map(({ told }) => told)).toEqual([
      ['loaded', 'topics-changed'],
      ['loaded', 'topics-changed'],
    ])
  })
})

describe('an effect of its own', () => {
  it('is performed when its step is committed, and what comes of it comes back', async () => {
    await servingScene()
    const release = scene.broker.disk.holdSyncs()
    const told: string[] = []
    scene.note(told, { type: 'ring', key: 'a' })
    await settled()
    expect(scene.kind.rings).toEqual([])
    release()
    await settled()
    expect(scene.kind.rings).toMatchObject([{ key: 'a', machine: { partition: 0, leaderEpoch: 0, isServing: true } }])
    expect(scene.kind.machine.told).toEqual(['loaded', 'rang'])
    expect(told).toEqual(['ringing'])
  })
})

describe('a transaction that wrote to the partition', () => {
  const producer = { producerId: 9, producerEpoch: 0 }
  const ended = { ...producer, coordinatorEpoch: 3, transactionVersion: 0 } as const

  it('has its records count from the marker on, for the next machine too', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1', in: producer })
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('nothing')
    expect(await scene.coordinators.endTransaction(0, { ...ended, result: 'commit' })).toBe(NONE)
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
    await scene.restart()
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
    expect(scene.kind.machine.told).toEqual(['0: a=1', 'commit of 9', 'loaded'])
  })

  it('has them never count when it was aborted', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1', in: producer })
    expect(await scene.coordinators.endTransaction(0, { ...ended, result: 'abort' })).toBe(NONE)
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('nothing')
  })

  it('is not over before its marker is committed, and nobody sees its records sooner', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1', in: producer })
    const release = scene.broker.disk.holdSyncs()
    const told: (number | string)[] = []
    void scene.coordinators.endTransaction(0, { ...ended, result: 'commit' }).then((errorCode) => told.push(errorCode))
    await settled()
    scene.note(told as string[], { type: 'get', key: 'a' })
    await settled()
    expect(told).toEqual([])
    release()
    await settled()
    expect(told).toHaveLength(2)
    expect(told).toEqual(expect.arrayContaining([NONE, '1']))
  })

  it('is not ended by a coordinator that is none any more, and the machine is not the worse for it', async () => {
    await servingScene()
    const { TRANSACTION_COORDINATOR_FENCED } = ERROR_CODES
    expect(await scene.coordinators.endTransaction(0, { ...ended, result: 'commit' })).toBe(NONE)
    const stale = { ...ended, coordinatorEpoch: 2, result: 'abort' } as const
    expect(await scene.coordinators.endTransaction(0, stale)).toBe(TRANSACTION_COORDINATOR_FENCED)
    expect(scene.kind.machines).toHaveLength(1)
  })

  it('is not ended while its marker could not be committed, and nothing is written', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1, 2]], { 'min.insync.replicas': '2' })
    await followerFetches(0)
    await scene.ask({ type: 'get', key: 'a' })
    scene.broker.changePartition(TOY, 0, { isr: [1] })
    expect(await scene.coordinators.endTransaction(0, { ...ended, result: 'commit' })).toBe(COORDINATOR_NOT_AVAILABLE)
    expect((await scene.broker.log(TOY)).logEndOffset).toBe(0)
  })

  it('is not ended here where another broker leads', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[2, 1]])
    expect(await scene.coordinators.endTransaction(0, { ...ended, result: 'commit' })).toBe(NOT_COORDINATOR)
  })

  it('is not over when this broker leads no more before the marker is committed', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1, 2]])
    await followerFetches(0)
    const told: number[] = []
    void scene.coordinators.endTransaction(0, { ...ended, result: 'commit' }).then((errorCode) => told.push(errorCode))
    await settled()
    expect(told).toEqual([])
    scene.broker.changePartition(TOY, 0, { leader: 2 })
    await settled()
    expect(told).toEqual([NOT_COORDINATOR])
  })
})

describe('a machine that cannot be trusted any more', () => {
  it('is made anew from the log after it threw; who brought that about is told to leave it', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1' })
    const told: string[] = []
    scene.note(told, { type: 'park', key: 'p', forMs: 50 })
    scene.note(told, { type: 'break' })
    scene.note(told, { type: 'get', key: 'a' })
    await settled()
    expect(told).toEqual([`error ${NOT_COORDINATOR}`, `error ${UNKNOWN_SERVER_ERROR}`])
    // The next machine is not made at once, for it may break as well.
    await scene.pass(250)
    expect(told.at(-1)).toBe('1')
    expect(scene.kind.machines).toHaveLength(2)
  })

  it('is made anew when its log could not be written, and knows nothing of what was not', async () => {
    await servingScene()
    scene.broker.disk.failNext({ operation: 'write', pathIncludes: `${TOY}-0`, code: DISK_ERROR_CODES.full })
    expect(await scene.ask({ type: 'set', key: 'a', value: '1' })).toBe(NOT_COORDINATOR)
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' })
    await scene.pass(250)
    expect(told).toEqual(['nothing'])
    expect(await scene.ask({ type: 'set', key: 'a', value: '2' })).toBe('set a')
  })

  it('is made anew when it writes more than its topic takes', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1]], { 'max.message.bytes': '1000' })
    expect(await scene.ask({ type: 'set', key: 'a', value: 'x'.repeat(1_000) })).toBe(UNKNOWN_SERVER_ERROR)
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' })
    await scene.pass(250)
    expect(told).toEqual(['nothing'])
    expect(await scene.stored()).toEqual([])
  })

  it('is gone when the disk is, and nobody is answered', async () => {
    await servingScene()
    scene.broker.disk.failNext({ operation: 'sync', pathIncludes: `${TOY}-0` })
    expect(await scene.ask({ type: 'set', key: 'a', value: '1' })).toBe(NOT_COORDINATOR)
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' })
    await scene.pass(2_000)
    expect(told).toMatchObject([expect.stringMatching(/^error/)])
  })

  it('tells everybody when this broker leads no more', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1, 2]])
    await followerFetches(0)
    const told: string[] = []
    scene.note(told, { type: 'park', key: 'p', forMs: 50 })
    scene.note(told, { type: 'set', key: 'a', value: '1' })
    await settled()
    expect(told).toEqual([])
    scene.broker.changePartition(TOY, 0, { leader: 2 })
    await settled()
    expect(told).toEqual([`error ${NOT_COORDINATOR}`, `error ${NOT_COORDINATOR}`])
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe(NOT_COORDINATOR)
  })

  it('tells everybody when the topic is deleted', async () => {
    await servingScene()
    const told: string[] = []
    scene.note(told, { type: 'park', key: 'p', forMs: 50 })
    scene.broker.removeTopic(TOY)
    await settled()
    expect(told).toEqual([`error ${NOT_COORDINATOR}`])
  })

  it('tells everybody when the cluster does not count on this broker any more', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1' })
    const told: string[] = []
    scene.note(told, { type: 'park', key: 'p', forMs: 50 })
    scene.serve(false)
    await settled()
    expect(told).toEqual([`error ${NOT_COORDINATOR}`])
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe(NOT_COORDINATOR)
    scene.serve(true)
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
  })
})

describe('a coordinator', () => {
  it('is not loaded before somebody asks', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1], [1]])
    await settled()
    expect(scene.kind.machines).toHaveLength(0)
    await scene.ask({ type: 'get', key: 'a' })
    expect(scene.kind.machines).toHaveLength(1)
  })

  it('is loaded as soon as this broker leads, where others have replicas', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[2, 1]])
    scene.broker.changePartition(TOY, 0, { isr: [1], leader: 1 })
    await settled()
    expect(scene.kind.machine.loads).toBe(1)
  })

  it('is loaded as soon as this broker leads and serves, where its kind wants that', async () => {
    scene = await ToyScene.start({ isEager: true })
    scene.serve(false)
    scene.addTopic([[1], [1]])
    await settled()
    expect(scene.kind.machines).toHaveLength(0)
    scene.serve(true)
    await settled()
    expect(scene.kind.machines.map(({ loads }) => loads)).toEqual([1, 1])
  })

  it('knows what its predecessor wrote, in the next epoch', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[1, 2]])
    scene.broker.changePartition(TOY, 0, { isr: [1] })
    await scene.ask({ type: 'set', key: 'a', value: '1' })
    await scene.ask({ type: 'set', key: 'b', value: '2' })
    await scene.ask({ type: 'set', key: 'b', value: null })
    scene.broker.changePartition(TOY, 0, { leader: 1 })
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
    expect(await scene.ask({ type: 'get', key: 'b' })).toBe('nothing')
    expect(scene.kind.machine.told).toEqual(['0: a=1', '1: b=2', '2: b=null', 'loaded'])
    await scene.ask({ type: 'set', key: 'c', value: '3' })
    expect((await scene.stored()).at(-1)).toMatchObject({ records: ['c=3'], leaderEpoch: 1 })
  })

  it('serves no sooner than all that it found is committed', async () => {
    scene = await ToyScene.start()
    scene.addTopic([[2, 1]])
    const follower = scene.broker.services.partitions.findReadable(TOY, 0) as Partition
    const log = await follower.open()
    log.appendReplicated(batchOf({ records: [{ key: bytesOf('a'), value: bytesOf('1') }], partitionLeaderEpoch: 0 }))
    scene.broker.changePartition(TOY, 0, { leader: 1 })
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' })
    await scene.pass(1_000)
    expect(told).toEqual([`error ${COORDINATOR_LOAD_IN_PROGRESS}`])
    expect(await readyWithin(0)).toBe(COORDINATOR_LOAD_IN_PROGRESS)
    await followerFetches(1)
    expect(await readyWithin(0)).toBe(NONE)
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
  })

  it('knows after a restart what was answered before', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1' })
    await scene.restart()
    expect(await scene.ask({ type: 'get', key: 'a' })).toBe('1')
  })

  it('is not there when its log holds what cannot be read, and is tried again', async () => {
    scene = await ToyScene.start()
    scene.addTopic()
    await scene.broker.append(TOY, 0, [{ key: bytesOf(''), value: bytesOf('1') }])
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' })
    for (let each = 0; each < 5; each += 1) await scene.pass(250)
    expect(told).toEqual([`error ${COORDINATOR_LOAD_IN_PROGRESS}`])
    expect(scene.kind.machines.length).toBeGreaterThan(1)
    expect(scene.broker.services.partitions.failed()).toEqual([])
  })

  it('is tried less and less often while it fails, though nobody asks', async () => {
    scene = await ToyScene.start({ isEager: true })
    scene.addTopic()
    await scene.broker.append(TOY, 0, [{ key: bytesOf(''), value: bytesOf('1') }])
    scene.serve(false)
    scene.serve(true)
    const tries = async (seconds: number): Promise<number> => {
      const before = scene.kind.machines.length
      for (let each = 0; each < 4 * seconds; each += 1) await scene.pass(250)
      return scene.kind.machines.length - before
    }
    const [first, second, third] = [await tries(15), await tries(15), await tries(60)]
    expect(first).toBeGreaterThanOrEqual(4)
    expect([second, third]).toEqual([1, 4])
  })

  it('is not there when its log is damaged, which is said', async () => {
    await servingScene()
    await scene.ask({ type: 'set', key: 'a', value: '1' })
    await scene.restart()
    const log = await scene.broker.log(TOY)
    const file = scene.broker.disk.open(`${log.directory}/00000000000000000000.log`)
    file.writeSync([new Uint8Array([0xff])], 65)
    const told: string[] = []
    scene.note(told, { type: 'get', key: 'a' })
    await settled()
    await scene.pass(1_000)
    expect(told).toMatchObject([expect.stringMatching(/^error/)])
    expect(scene.broker.services.partitions.failed()).toHaveLength(1)
  })
})

/** Waits as long as requests wait, and longer. */
async function readyWithin(partition: number): Promise<number> {
  const ready = scene.coordinators.whenReady({ partition })
  await scene.pass(1_000)
  return ready
}

/** Broker 2 has all below `offset`. */
async function followerFetches(offset: number): Promise<void> {
  const partition = scene.broker.partition(TOY)
  await partition.open()
  partition.onFetchByReplica(2, { fetchOffset: offset, logStartOffset: 0, brokerEpoch: -1 })
  await settled()
}
