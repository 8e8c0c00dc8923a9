/** How partitions come to know how a transaction ended, whatever they answer. */
import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ORDERS, TransactionScene } from '../testing/transaction-scene.ts'
import type { WriteMarkers } from './effects.ts'
import type { MarkerOutcome } from './events.ts'

const { NONE, NOT_LEADER_OR_FOLLOWER } = ERROR_CODES

let scene: TransactionScene
let asked: WriteMarkers

beforeEach(() => {
  scene = new TransactionScene()
  const producer = scene.init()
  scene.add(producer, [...ORDERS, { topic: 'audit', partitions: [7] }])
  scene.end(producer, 'commit')
  asked = scene.markers[0] as WriteMarkers
  scene.markers = []
})

function answer(...outcomes: readonly MarkerOutcome[]): void {
  const { transactionalId, producerId, producerEpoch } = asked
  scene.step({ type: 'markers-answered', ...scene.time, transactionalId, producerId, producerEpoch, outcomes })
}

function of(name: string, outcome: MarkerOutcome['outcome']): MarkerOutcome {
  const [topic = '', partition] = name.split('-')
  return { topic, partition: Number(partition), outcome }
}

const topicsAsked = (): readonly unknown[] => scene.markers.map(({ topics }) => topics)

describe('a transaction that is being ended', () => {
  it('is complete when the last of its partitions knows, in whatever order they answer', () => {
    answer(of('audit-7', NONE))
    answer(of('orders-1', NONE))
    expect(scene.transaction()).toMatchObject({ state: 'PrepareCommit', partitions: asked.topics })
    answer(of('orders-0', NONE))
    expect(scene.transaction()).toMatchObject({ state: 'CompleteCommit', partitions: [] })
  })

  it('is not complete because one partition answers twice, or one that is not asked', () => {
    answer(of('audit-7', NONE), of('audit-7', NONE), of('audit-8', NONE), of('other-0', NONE))
    expect(scene.transaction()?.state).toBe('PrepareCommit')
  })

  it.each([
    ['was deleted', 'deleted'],
    ['knows a later epoch of the producer', ERROR_CODES.INVALID_PRODUCER_EPOCH],
  ] as const)('does not wait for a partition that %s', (_, outcome) => {
    answer(of('audit-7', outcome), of('orders-0', NONE), of('orders-1', NONE))
    expect(scene.transaction()?.state).toBe('CompleteCommit')
  })

  it.each([
    'UNKNOWN_TOPIC_OR_PARTITION',
    'LEADER_NOT_AVAILABLE',
    'NOT_LEADER_OR_FOLLOWER',
    'REQUEST_TIMED_OUT',
    'NETWORK_EXCEPTION',
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'KAFKA_STORAGE_ERROR',
    'TRANSACTION_COORDINATOR_FENCED',
    'UNKNOWN_SERVER_ERROR',
  ] as const)('tells a partition again, and it alone, that answered %s', (name) => {
    answer(of('orders-0', NONE), of('orders-1', ERROR_CODES[name]))
    expect(scene.markers).toEqual([])
    scene.pass(20)
    expect(topicsAsked()).toEqual([[{ topic: 'orders', partitions: [1] }]])
    answer(of('orders-1', NONE), of('audit-7', NONE))
    expect(scene.transaction()?.state).toBe('CompleteCommit')
  })

  it('pauses for longer each time, up to half a second, and shortly again once something has worked', () => {
    const pauses: number[] = []
    const pauseMs = (): number => (scene.timers.get('markers/payments') ?? Number.NaN) - scene.nowMs
    for (let times = 0; times < 7; times++) {
      answer(of('orders-0', NOT_LEADER_OR_FOLLOWER), of('orders-1', NOT_LEADER_OR_FOLLOWER))
      pauses.push(pauseMs())
      scene.pass(pauseMs())
    }
    expect(pauses).toEqual([20, 40, 80, 160, 320, 500, 500])
    answer(of('orders-0', NONE), of('orders-1', NOT_LEADER_OR_FOLLOWER))
    expect(pauseMs()).toBe(20)
  })

  it('tells partitions that fail during a pause together with the others', () => {
    answer(of('orders-0', NOT_LEADER_OR_FOLLOWER))
    scene.pass(10)
    answer(of('audit-7', NOT_LEADER_OR_FOLLOWER))
    scene.pass(10)
    expect(topicsAsked()).toEqual([
      [
        { topic: 'orders', partitions: [0] },
        { topic: 'audit', partitions: [7] },
      ],
    ])
  })

  it('leaves no timer behind when what failed turns out to have been written', () => {
    answer(of('orders-0', NOT_LEADER_OR_FOLLOWER))
    answer(of('orders-0', NONE), of('orders-1', NONE), of('audit-7', NONE))
    expect(scene.transaction()?.state).toBe('CompleteCommit')
    expect([...scene.timers.keys()]).not.toContain('markers/payments')
  })

  it('is not mistaken for the next one by answers that come late', () => {
    answer(of('orders-0', NONE), of('orders-1', NONE), of('audit-7', NONE))
    const next = { producerId: asked.producerId, producerEpoch: asked.producerEpoch }
    scene.add(next)
    scene.end(next, 'abort')
    answer(of('orders-0', NONE), of('orders-1', NONE))
    expect(scene.transaction()?.state).toBe('PrepareAbort')
    scene.answerMarkers()
    expect(scene.transaction()?.state).toBe('CompleteAbort')
  })
})
