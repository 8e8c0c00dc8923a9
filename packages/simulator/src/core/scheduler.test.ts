import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventHeap, type HeapEntry } from './event-heap.ts'
import { HostClock } from './host-clock.ts'
import { CrashedError, Life } from './life.ts'
import { RandomStreams } from './random-streams.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'

function scheduler(seed = 1): Scheduler & { readonly uncaught: unknown[] } {
  const uncaught: unknown[] = []
  const random = new RandomStreams(seed).stream('scheduler')
  return Object.assign(new Scheduler({ random, trace: new Trace(), onUncaught: (_life, error) => uncaught.push(error) }), { uncaught })
}

function runAll(time: Scheduler): void {
  while (time.step());
}

it('the heap gives back what it got in order of time, lot and asking (property)', () => {
  const entry = fc.record({ timeMs: fc.nat(5), lot: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (drawn) => {
      const heap = new EventHeap<HeapEntry>()
      const entries = drawn.map((one, seq) => ({ ...one, seq }))
      for (const one of entries) heap.push(one)
      const out = entries.map(() => heap.pop())
      expect(out).toEqual(entries.toSorted((a, b) => a.timeMs - b.timeMs || a.lot - b.lot || a.seq - b.seq))
      expect(heap.pop()).toBeUndefined()
    }),
  )
})

describe('time', () => {
  it('moves from event to event, and what is cancelled does not happen', () => {
    const time = scheduler()
    const seen: [string, number][] = []
    time.schedule(20, null, 'late', () => seen.push(['late', time.nowMs]))
    time.schedule(10, null, 'soon', () => seen.push(['soon', time.nowMs]))
    time.schedule(15, null, 'never', () => seen.push(['never', time.nowMs])).cancel()
    runAll(time)
    expect(seen).toEqual([
      ['soon', 10],
      ['late', 20],
    ])
  })

  it('has no order of its own for what is due at one moment', () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 50; seed += 1) {
      const time = scheduler(seed)
      let order = ''
      for (const name of ['a', 'b', 'c']) time.schedule(5, null, name, () => (order += name))
      runAll(time)
      orders.add(order)
    }
    expect(orders.size).toBe(6)
  })

  it('goes on at once for a life that is resumed, with what was held in its order and before what comes later', () => {
    const time = scheduler()
    const paused = new Life('paused', 1, 0)
    const seen: string[] = []
    const see = (what: string): void => void seen.push(`${what} at ${time.nowMs}`)
    for (const at of [3, 1, 2]) time.schedule(at, paused, 'timer', () => see(`held ${at}`))
    paused.pausedUntilMs = 100
    time.schedule(50, null, 'heal', () => {
      time.resume(paused)
      time.schedule(0, paused, 'timer', () => see('later'))
    })
    time.schedule(70, paused, 'timer', () => see('not yet due'))
    runAll(time)
    expect(seen).toEqual(['held 1 at 50', 'held 2 at 50', 'held 3 at 50', 'later at 50', 'not yet due at 70'])
  })

  it('drops what belongs to a life that ended, and holds what belongs to one that pauses, in order', () => {
    const time = scheduler()
    const [ended, paused] = [new Life('ended', 1, 0), new Life('paused', 1, 0)]
    const seen: string[] = []
    time.schedule(1, ended, 'timer', () => seen.push('of the dead'))
    for (const at of [3, 1, 2]) time.schedule(at, paused, 'timer', () => seen.push(`${at} at ${time.nowMs}`))
    ended.end()
    paused.pausedUntilMs = 100
    runAll(time)
    expect(seen).toEqual(['1 at 100', '2 at 100', '3 at 100'])
  })

  it('reports what nobody catches, but for the end of a process', () => {
    const time = scheduler()
    time.schedule(1, null, 'mistake', () => {
      throw new Error('a mistake')
    })
    time.schedule(2, null, 'crash', () => {
      throw new CrashedError('node-1')
    })
    runAll(time)
    expect(time.uncaught).toEqual([new Error('a mistake')])
  })
})

describe('the clocks of a host', () => {
  it('are wrong as they were told to be, jump on the wall and never go back inside', () => {
    const time = scheduler()
    const clock = new HostClock(time, new RandomStreams(1).stream('clock'), { offsetMs: -5_000, speed: 2 })
    const process = clock.forLife(new Life('node-1', 1, 0))
    const [wall, monotonic] = [process.now(), process.monotonic()]
    time.schedule(1_000, null, 'later', () => undefined)
    runAll(time)
    expect([process.now() - wall, process.monotonic() - monotonic]).toEqual([2_000, 2_000])
    clock.jump(-3_600_000)
    expect([process.now() - wall, process.monotonic() - monotonic]).toEqual([2_000 - 3_600_000, 2_000])
  })

  it('fire no timer early, and defer in the order of asking', () => {
    const time = scheduler()
    const clock = new HostClock(time, new RandomStreams(1).stream('clock'), { offsetMs: 0, speed: 1.01 }).forLife(new Life('node-1', 1, 0))
    const seen: string[] = []
    const due = clock.monotonic() + 50
    clock.setTimer(50, () => seen.push(clock.monotonic() >= due ? 'timer' : 'early'))
    for (const name of ['a', 'b', 'c', 'd', 'e']) clock.defer(() => seen.push(name))
    runAll(time)
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e', 'timer'])
  })
})
