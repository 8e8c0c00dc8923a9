import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { StillClock } from '../testing/still-clock.ts'
import { TimerQueue } from './timer-queue.ts'

let clock: StillClock
let fired: string[]
let queue: TimerQueue

beforeEach(() => {
  clock = new StillClock()
  fired = []
  queue = new TimerQueue(clock, (key) => void fired.push(`${key} at ${clock.monotonic()}`))
})

it('fires each when it is due, in the order of their times', () => {
  queue.set('c', 30)
  queue.set('a', 10)
  queue.set('b', 20)
  clock.advance(20)
  expect(fired).toEqual(['a at 10', 'b at 20'])
  clock.advance(100)
  expect(fired).toEqual(['a at 10', 'b at 20', 'c at 30'])
})

it('takes a timer of the same key in the place of the one before', () => {
  queue.set('a', 10)
  queue.set('a', 30)
  clock.advance(20)
  expect(fired).toEqual([])
  queue.set('a', 5)
  clock.advance(20)
  expect(fired).toEqual(['a at 25'])
})

it('fires one whose time has passed in the next turn', () => {
  queue.set('a', -5)
  expect(fired).toEqual([])
  clock.advance(0)
  expect(fired).toEqual(['a at 0'])
})

describe('a timer that was taken back', () => {
  it('does not fire', () => {
    queue.set('a', 10)
    queue.set('b', 10)
    queue.cancel('a')
    queue.cancel('never set')
    clock.advance(10)
    expect(fired).toEqual(['b at 10'])
  })

  it('does not fire when that was done by one that fired just before it', () => {
    queue = new TimerQueue(clock, (key) => {
      fired.push(key)
      queue.cancel('b')
    })
    queue.set('a', 10)
    queue.set('b', 10)
    clock.advance(10)
    expect(fired).toEqual(['a'])
  })
})

it('goes on when a timer sets others, itself too', () => {
  queue = new TimerQueue(clock, (key) => {
    fired.push(`${key} at ${clock.monotonic()}`)
    if (clock.monotonic() < 30) queue.set(key, 10)
  })
  queue.set('a', 10)
  clock.advance(100)
  expect(fired).toEqual(['a at 10', 'a at 20', 'a at 30'])
})

it('fires nothing after it was closed', () => {
  queue.set('a', 10)
  queue.close()
  clock.advance(10)
  expect(fired).toEqual([])
})

it('fires what a list would that is searched each time', () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant('set' as const), key: fc.integer({ min: 0, max: 150 }), ms: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ type: fc.constant('cancel' as const), key: fc.integer({ min: 0, max: 150 }) }),
    fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 20 }) }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 600 }), (actions) => {
      const time = new StillClock()
      const got: string[] = []
      const timers = new TimerQueue(time, (key) => void got.push(`${key} at ${time.monotonic()}`))
      const due = new Map<string, number>()
      const expected: string[] = []
      for (const step of actions) {
        if (step.type === 'set') {
          timers.set(String(step.key), step.ms)
          due.set(String(step.key), time.monotonic() + step.ms)
        } else if (step.type === 'cancel') {
          timers.cancel(String(step.key))
          due.delete(String(step.key))
        } else {
          time.advance(step.ms)
          for (const [key, dueMs] of due) {
            if (dueMs > time.monotonic()) continue
            expected.push(`${key} at ${dueMs}`)
            due.delete(key)
          }
        }
      }
      expect(got.toSorted()).toEqual(expected.toSorted())
    }),
  )
})
