/** The wall clock jumps, or the next coordinator has another one: a transaction may take as long as its producer said all the same. */
import { describe, expect, it } from 'vitest'
import { TransactionScene } from '../testing/transaction-scene.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const TIMEOUT_MS = 60_000
const SWEEP_MS = 100

/** A transaction has just begun. */
function sceneOfOpenTransaction(): TransactionScene {
  const scene = new TransactionScene(undefined, { abortTimedOutIntervalMs: SWEEP_MS })
  scene.add(scene.init(undefined, { timeoutMs: TIMEOUT_MS }))
  return scene
}

function expectToEndAfter(scene: TransactionScene, ms: number): void {
  scene.pass(ms)
  expect(scene.transaction()?.state).toBe('Ongoing')
  scene.pass(SWEEP_MS)
  expect(scene.transaction()?.state).toBe('PrepareAbort')
}

describe.each([
  ['ahead', HOUR_MS],
  ['back', -HOUR_MS],
])('when the wall clock jumps an hour %s', (_way, jumpMs) => {
  it('a transaction that is open is aborted after its timeout', () => {
    const scene = sceneOfOpenTransaction()
    scene.pass(20 * SECOND_MS)
    scene.wallClockAheadMs = jumpMs
    expectToEndAfter(scene, 40 * SECOND_MS)
  })

  it('its timeout does not begin anew with another partition', () => {
    const scene = sceneOfOpenTransaction()
    scene.pass(20 * SECOND_MS)
    scene.wallClockAheadMs = jumpMs
    const { producerId = -1, producerEpoch = -1 } = scene.transaction() ?? {}
    scene.add({ producerId, producerEpoch }, [{ topic: 'refunds', partitions: [0] }])
    expectToEndAfter(scene, 40 * SECOND_MS)
  })
})

it('the next transaction of a producer has a timeout of its own', () => {
  const scene = sceneOfOpenTransaction()
  scene.pass(40 * SECOND_MS)
  const { producerId = -1, producerEpoch = -1 } = scene.transaction() ?? {}
  const next = scene.end({ producerId, producerEpoch }, 'commit')
  scene.answerMarkers()
  scene.add(next)
  expectToEndAfter(scene, TIMEOUT_MS)
})

it.each([
  ['the same clock', 0, 40],
  ['a clock that is ahead by less than what is left', 30, 10],
  ['a clock that is ahead by more than what is left', 50, 60],
  ['a clock that is an hour ahead', 3_600, 60],
  ['a clock that is behind, and not at the beginning yet', -30, 60],
  ['a clock that is behind, and after the beginning', -10, 50],
  ['a clock that is an hour behind', -3_600, 60],
])('of 60 s, after 20 s, a coordinator that loads it with %s leaves it what it can have', (_clock, aheadSeconds, leftSeconds) => {
  const scene = sceneOfOpenTransaction()
  scene.pass(20 * SECOND_MS)
  scene.wallClockAheadMs = aheadSeconds * SECOND_MS
  scene.restart()
  expectToEndAfter(scene, leftSeconds * SECOND_MS)
})

it('a transaction whose time was up while nobody led begins anew, and only then', () => {
  const scene = sceneOfOpenTransaction()
  scene.timers.clear()
  scene.pass(2 * TIMEOUT_MS)
  scene.restart()
  expectToEndAfter(scene, TIMEOUT_MS)
})

it('ids are forgotten by the times in the log, which outlive every process', () => {
  const scene = new TransactionScene()
  scene.init()
  scene.wallClockAheadMs = 6 * DAY_MS
  scene.restart()
  scene.pass(HOUR_MS)
  expect(scene.ids).toHaveLength(1)
  scene.wallClockAheadMs = 7 * DAY_MS
  scene.pass(HOUR_MS)
  expect(scene.ids).toEqual([])
})
