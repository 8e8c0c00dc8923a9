import { ERROR_CODES } from '@millrace/protocol'
import { seededRandom } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { StillClock } from '../testing/still-clock.ts'
import { FetchSessionCache } from './fetch-session-cache.ts'
import type { SessionOutcome, SessionRequest } from './fetch-session-cache.ts'
import { type FetchSession, type FetchTarget, newTarget } from './fetch-session.ts'

const EVICTION_MS = 120_000
const MAX_SESSIONS = 3

let clock: StillClock
let cache: FetchSessionCache

beforeEach(() => {
  clock = new StillClock()
  cache = new FetchSessionCache(clock, seededRandom(1), () => MAX_SESSIONS)
})

function target(index: number, fetchOffset = 0): FetchTarget {
  const rest = {
    maxBytes: 1,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    knownHighWatermark: Number.MAX_SAFE_INTEGER,
  }
  return newTarget({ topic: 'a', topicId: '', index, fetchOffset, ...rest })
}

const targets = (count: number): FetchTarget[] => Array.from({ length: count }, (_, index) => target(index))
const forgotten = (...indexes: number[]) => indexes.map((index) => ({ topic: 'a', topicId: '', index }))

function resolve(request: Partial<SessionRequest>): SessionOutcome {
  return cache.resolve({ sessionId: 0, sessionEpoch: 0, usesTopicIds: false, replicaId: null, targets: [], forgotten: [], ...request })
}

/** A new session, or null where there is no room for one. */
function open(partitions = targets(1), usesTopicIds = false): FetchSession | null {
  const outcome = resolve({ targets: partitions, usesTopicIds })
  if (outcome.type !== 'full') throw new Error(`a full request is answered with ${outcome.type}`)
  return outcome.session
}

function opened(partitions = targets(1)): FetchSession {
  const session = open(partitions)
  if (session === null) throw new Error('there was no room for the session')
  return session
}

/** The next request of a session. */
function goOn(session: FetchSession, request: Partial<SessionRequest> = {}): SessionOutcome {
  return resolve({ sessionId: session.id, sessionEpoch: session.epoch, ...request })
}

const indexesOf = (outcome: SessionOutcome): number[] => (outcome.type === 'error' ? [] : outcome.targets.map(({ index }) => index))
const isAlive = (session: FetchSession): boolean => goOn(session).type === 'incremental'

describe('a session', () => {
  it('begins with all that its consumer reads, under an id of its own', () => {
    const [first, second] = [opened(targets(2)), opened(targets(3))]
    expect(first.id).toBeGreaterThan(0)
    expect(second.id).not.toBe(first.id)
    expect([first.size, second.size, cache.size]).toEqual([2, 3, 2])
  })

  it('goes on with what was added, moved and forgotten, in the order in which it came', () => {
    const session = opened(targets(3))
    expect(indexesOf(goOn(session))).toEqual([0, 1, 2])
    const outcome = goOn(session, { targets: [target(7), target(1, 50)], forgotten: forgotten(0, 99) })
    expect(indexesOf(outcome)).toEqual([1, 2, 7])
    expect(session.targets().map(({ fetchOffset }) => fetchOffset)).toEqual([50, 0, 0])
  })

  it('has each partition once, the last word being the one that counts', () => {
    const twice = [target(0, 1), target(1), target(0, 2)]
    expect(opened(twice).targets()).toMatchObject([{ index: 0, fetchOffset: 2 }, { index: 1 }])
    expect(resolve({ sessionEpoch: -1, targets: twice })).toMatchObject({ targets: [{ index: 0, fetchOffset: 2 }, { index: 1 }] })
  })

  it('counts its requests from 1, and begins there again after the largest count', () => {
    const session = opened()
    expect(session.epoch).toBe(1)
    expect(goOn(session)).toMatchObject({ type: 'incremental' })
    expect(session.epoch).toBe(2)
    session.epoch = 2 ** 31 - 1
    expect(goOn(session)).toMatchObject({ type: 'incremental' })
    expect(session.epoch).toBe(1)
  })

  it('is not moved by a request that is lost, repeated or wrong', () => {
    const session = opened()
    for (const sessionEpoch of [2, 7, 2 ** 31 - 1, -7]) {
      expect(goOn(session, { sessionEpoch, targets: targets(9) })).toEqual({
        type: 'error',
        errorCode: ERROR_CODES.INVALID_FETCH_SESSION_EPOCH,
      })
    }
    expect([session.epoch, session.size]).toEqual([1, 1])
    goOn(session)
    expect(goOn(session, { sessionEpoch: 1 })).toEqual({ type: 'error', errorCode: ERROR_CODES.INVALID_FETCH_SESSION_EPOCH })
  })

  it.each([
    [false, true],
    [true, false],
  ])('names topics in one way (by id: %s) and not in the other', (usesTopicIds, other) => {
    const session = open([{ ...target(0), topicId: 'b' }], usesTopicIds)
    if (session === null) throw new Error('there was no room for the session')
    expect(goOn(session, { usesTopicIds: other })).toEqual({ type: 'error', errorCode: ERROR_CODES.FETCH_SESSION_TOPIC_ID_ERROR })
    expect(goOn(session, { usesTopicIds })).toMatchObject({ type: 'incremental' })
  })

  it.each([
    { sessionId: 12_345, sessionEpoch: 1 },
    { sessionId: 0, sessionEpoch: 1 },
    { sessionId: -5, sessionEpoch: 1 },
    { sessionId: 0, sessionEpoch: -7 },
  ])('that there is not is unknown: $sessionId, epoch $sessionEpoch', (request) => {
    opened()
    expect(resolve(request)).toEqual({ type: 'error', errorCode: ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND })
  })

  it('ends when its consumer says so, and that request is answered without one', () => {
    const session = opened()
    expect(goOn(session, { sessionEpoch: -1, targets: targets(2) })).toMatchObject({ type: 'full', session: null })
    expect([isAlive(session), cache.size]).toEqual([false, 0])
  })

  it('ends when its consumer opens another one in its place', () => {
    const session = opened()
    expect(goOn(session, { sessionEpoch: 0, targets: targets(2) })).toMatchObject({ type: 'full', session: { size: 2 } })
    expect([isAlive(session), cache.size]).toEqual([false, 1])
  })

  it('ends when nothing is left that it reads', () => {
    const session = opened(targets(2))
    expect(goOn(session, { forgotten: forgotten(0, 1) })).toEqual({ type: 'full', session: null, targets: [] })
    expect([isAlive(session), cache.size]).toEqual([false, 0])
  })

  it('is not needed', () => {
    const outcome = resolve({ sessionEpoch: -1, targets: targets(2) })
    expect(outcome).toMatchObject({ type: 'full', session: null })
    expect(indexesOf(outcome)).toEqual([0, 1])
  })
})

describe('a full cache', () => {
  it('serves a newcomer without a session', () => {
    const sessions = [opened(), opened(), opened()]
    const outcome = resolve({ targets: targets(5) })
    expect(outcome).toMatchObject({ type: 'full', session: null })
    expect(indexesOf(outcome)).toHaveLength(5)
    expect(sessions.map(isAlive)).toEqual([true, true, true])
  })

  it('lets the one go that was not used for longest, once that is long enough', () => {
    const [first, second, third] = [opened(), opened(), opened()]
    clock.advance(EVICTION_MS)
    goOn(first)
    expect(open()).toBeNull()
    clock.advance(1)
    expect(open()).not.toBeNull()
    expect([isAlive(first), isAlive(second), isAlive(third)]).toEqual([true, false, true])
  })

  it('lets the smallest go for a larger one, once it has lived long enough', () => {
    const [large, small, middle] = [opened(targets(9)), opened(targets(2)), opened(targets(4))]
    const all = [large, small, middle]
    clock.advance(EVICTION_MS)
    for (const session of all) goOn(session)
    expect(open(targets(5))).toBeNull()
    clock.advance(1)
    for (const session of all) goOn(session)
    expect(open(targets(2))).toBeNull()
    expect(open(targets(3))).not.toBeNull()
    expect(all.map(isAlive)).toEqual([true, false, true])
  })

  it('has room again when its bound is raised', () => {
    let bound = 1
    cache = new FetchSessionCache(clock, seededRandom(1), () => bound)
    opened()
    expect(open()).toBeNull()
    bound = 2
    expect(open()).not.toBeNull()
  })

  it('has no room at all with a bound of 0', () => {
    cache = new FetchSessionCache(clock, seededRandom(1), () => 0)
    expect(open()).toBeNull()
  })
})

describe('the partitions that are remembered', () => {
  const MILLION = 1_000_000

  it('are bounded, also as sessions grow, and counted out when sessions end', () => {
    const half = opened(targets(MILLION / 2))
    const other = opened(targets(MILLION / 2))
    expect(open()).toBeNull()
    goOn(half, { forgotten: forgotten(0) })
    const small = opened()
    expect(open()).toBeNull()
    // One more than there is room for: it is answered and then forgotten.
    expect(indexesOf(goOn(small, { targets: [target(1)] }))).toEqual([0, 1])
    expect(isAlive(small)).toBe(false)
    goOn(other, { sessionEpoch: -1 })
    expect(open(targets(MILLION / 2))).not.toBeNull()
  }, 30_000)
})
