import { beforeEach, expect, it } from 'vitest'
import { StillClock } from '../testing/still-clock.ts'
import { CommitQueue } from './commit-queue.ts'

const TIMEOUT_MS = 100

let clock: StillClock
let told: string[]
let queue: CommitQueue

beforeEach(() => {
  clock = new StillClock()
  told = []
  queue = new CommitQueue(clock, () => TIMEOUT_MS)
})

const answer = (name: string) => ({ onCommitted: () => void told.push(name), onTimedOut: () => void told.push(`${name} timed out`) })
const effect = (name: string) => ({ onCommitted: () => void told.push(name) })

it('lets everything happen at once while nothing is on its way', () => {
  queue.add(answer('a'))
  queue.appended(5)
  queue.committed(5)
  queue.add(answer('b'))
  expect(told).toEqual(['a', 'b'])
})

it('holds back what comes after an append until that is committed', () => {
  queue.appended(5)
  queue.add(answer('a'))
  queue.appended(7)
  queue.add(answer('b'))
  queue.add(answer('read after b'))
  queue.committed(4)
  expect(told).toEqual([])
  queue.committed(6)
  expect(told).toEqual(['a'])
  queue.committed(9)
  expect(told).toEqual(['a', 'b', 'read after b'])
})

it('lets nothing overtake what was there before, though it depends on nothing itself', () => {
  queue.appended(1)
  queue.add({
    onCommitted: () => {
      told.push('a')
      queue.add(answer('added by a'))
    },
  })
  queue.add(answer('b'))
  queue.committed(1)
  expect(told).toEqual(['a', 'b', 'added by a'])
})

it('gives answers up that wait too long, each after its own time, and effects never', () => {
  queue.appended(1)
  queue.add(effect('effect'))
  queue.add(answer('a'))
  clock.advance(TIMEOUT_MS / 2)
  queue.add(answer('b'))
  clock.advance(TIMEOUT_MS / 2)
  expect(told).toEqual(['a timed out'])
  queue.committed(1)
  expect(told).toEqual(['a timed out', 'effect', 'b'])
  clock.advance(10 * TIMEOUT_MS)
  expect(told).toHaveLength(3)
})

it('goes on keeping time for those that come after some were told', () => {
  for (const name of ['a', 'b', 'c']) {
    queue.appended(told.length + 1)
    queue.add(answer(name))
    clock.advance(TIMEOUT_MS)
  }
  expect(told).toEqual(['a timed out', 'b timed out', 'c timed out'])
})

it('tells nobody anything after it was closed', () => {
  queue.appended(1)
  queue.add(answer('a'))
  queue.close()
  queue.committed(1)
  clock.advance(TIMEOUT_MS)
  expect(told).toEqual([])
})
