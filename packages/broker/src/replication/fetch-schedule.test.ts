import { beforeEach, describe, expect, it } from 'vitest'
import { FetchSchedule, type Followed, type PlannedFetch } from './fetch-schedule.ts'
import type { FollowedPartition, ReplicaFetchPosition } from './followed-partition.ts'

const SESSION = 77

let schedule: FetchSchedule

beforeEach(() => {
  schedule = new FetchSchedule()
})

function partition(topic: string, leaderEpoch = 3): FollowedPartition {
  return {
    topic,
    topicId: `id of ${topic}`,
    index: 0,
    image: { leader: 2, leaderEpoch },
    highWatermark: 0,
    replicaFetchPosition: () => null,
    onReplicaFetched: async () => 'ready',
  }
}

function at(fetchOffset: number): ReplicaFetchPosition {
  return { fetchOffset, lastFetchedEpoch: 3, currentLeaderEpoch: 3, logStartOffset: 0 }
}

function follow(topic: string, fetchOffset = 0): Followed {
  const followed = schedule.add(partition(topic))
  schedule.ready(followed, at(fetchOffset))
  return followed
}

function take(): PlannedFetch {
  const request = schedule.take()
  if (request === null) throw new Error('there is nothing to ask')
  return request
}

function took(): void {
  const request = take()
  schedule.answered(request, SESSION)
}

/** What a request names: `topic@offset`, and `-topic` for what it takes back. */
function shown({ sessionId, sessionEpoch, partitions, forgotten }: PlannedFetch): string {
  const named = partitions.map(({ partition: { topic }, position }) => `${topic}@${position.fetchOffset}`)
  return [`${sessionId}/${sessionEpoch}`, ...named, ...forgotten.map(({ topic }) => `-${topic}`)].join(' ')
}

describe('the first fetch', () => {
  it('names all that is ready and asks for a session', () => {
    follow('a', 5)
    follow('b')
    schedule.add(partition('c'))
    expect(shown(take())).toBe('0/0 a@5 b@0')
  })

  it('is not sent while nothing is ready', () => {
    schedule.add(partition('a'))
    expect(schedule.take()).toBeNull()
  })

  it('is repeated whole while the leader has no room for a session', () => {
    const a = follow('a')
    follow('b')
    const request = take()
    schedule.answered(request, 0)
    expect(schedule.addressee(request, 'id of a', 0)).toBe(a)
    schedule.ready(a, at(4))
    expect(shown(take())).toBe('0/0 a@4 b@0')
  })
})

describe('the fetches of a session', () => {
  it('name what moved, and nothing when nothing did', () => {
    const a = follow('a')
    follow('b')
    took()
    expect(shown(take())).toBe('77/1')
    schedule.busy(a)
    schedule.ready(a, at(9))
    expect(shown(take())).toBe('77/2 a@9')
    expect(shown(take())).toBe('77/3')
  })

  it('do not name again what was busy for a moment and stands where it stood', () => {
    const a = follow('a')
    took()
    schedule.busy(a)
    schedule.ready(a, at(0))
    expect(shown(take())).toBe('77/1')
  })

  it('take back what cannot take anything now, and name it when it can', () => {
    const a = follow('a')
    follow('b')
    took()
    schedule.busy(a)
    expect(shown(take())).toBe('77/1 -a')
    schedule.ready(a, at(0))
    expect(shown(take())).toBe('77/2 a@0')
  })

  it('wait when nothing is ready, so that the leader does not forget the session', () => {
    const a = follow('a')
    took()
    schedule.busy(a)
    expect(schedule.take()).toBeNull()
    schedule.ready(a, at(1))
    expect(shown(take())).toBe('77/1 a@1')
  })

  it('take back what follows no more', () => {
    follow('a')
    follow('b')
    took()
    schedule.remove('id of a/0')
    expect(shown(take())).toBe('77/1 -a')
    expect(schedule.size).toBe(1)
  })

  it('name a partition anew that follows in another epoch, also from the same offset', () => {
    follow('a')
    follow('b')
    took()
    follow('a')
    expect(shown(take())).toBe('77/1 a@0')
  })

  it('take back a partition that came and went before it was named anew', () => {
    follow('a')
    follow('b')
    took()
    const again = follow('a')
    schedule.busy(again)
    expect(shown(take())).toBe('77/1 -a')
  })

  it('do not take back what the leader never heard of', () => {
    follow('a')
    took()
    const b = follow('b')
    schedule.busy(b)
    expect(shown(take())).toBe('77/1')
  })

  it('begin anew after an error of the session, with all that is ready', () => {
    const a = follow('a')
    follow('b', 2)
    took()
    schedule.busy(a)
    schedule.resetSession()
    expect(shown(take())).toBe('0/0 b@2')
  })
})

describe('an answer', () => {
  it('is for whoever still stands where it was asked', () => {
    const a = follow('a')
    const request = take()
    schedule.answered(request, SESSION)
    expect(schedule.addressee(request, 'id of a', 0)).toBe(a)
    expect(schedule.addressee(request, 'id of b', 0)).toBeNull()
  })

  it('is for nobody when the partition moved, is busy or is gone', () => {
    const [moved, busy] = [follow('moved'), follow('busy')]
    follow('gone')
    const request = take()
    schedule.answered(request, SESSION)
    schedule.ready(moved, at(1))
    schedule.busy(busy)
    schedule.remove('id of gone/0')
    expect(['moved', 'busy', 'gone'].map((topic) => schedule.addressee(request, `id of ${topic}`, 0))).toEqual([null, null, null])
  })

  it('that repeats what an earlier one brought is for nobody', () => {
    const a = follow('a')
    took()
    const [waiting, hurrying] = [take(), take()]
    expect(schedule.addressee(waiting, 'id of a', 0)).toBe(a)
    schedule.busy(a)
    schedule.ready(a, at(10))
    expect(schedule.addressee(hurrying, 'id of a', 0)).toBeNull()
  })

  it('to an earlier request is for nobody whose position a later request told', () => {
    const a = follow('a')
    took()
    const waiting = take()
    schedule.busy(a)
    schedule.ready(a, at(10))
    const hurrying = take()
    expect(schedule.addressee(waiting, 'id of a', 0)).toBeNull()
    expect(schedule.addressee(hurrying, 'id of a', 0)).toBe(a)
  })

  it('that comes while the partition is busy is asked for once more, also from where it was', () => {
    const a = follow('a')
    took()
    const [waiting, hurrying] = [take(), take()]
    expect(schedule.addressee(waiting, 'id of a', 0)).toBe(a)
    schedule.busy(a)
    expect(schedule.addressee(hurrying, 'id of a', 0)).toBeNull()
    schedule.ready(a, at(0))
    expect([shown(take()), shown(take())]).toEqual(['77/3 a@0', '77/4'])
  })

  it('of a session that was given up is none of this one', () => {
    follow('a')
    took()
    const old = take()
    schedule.resetSession()
    expect(schedule.isOfSession(old)).toBe(false)
    expect(schedule.answered(old, SESSION)).toBe(false)
    expect(schedule.isOfSession(take())).toBe(true)
  })
})

describe('a partition that waits', () => {
  it('is asked for again when its time is over', () => {
    const [a, b] = [follow('a'), follow('b')]
    schedule.delay(a, 500)
    schedule.delay(b, 300)
    expect([schedule.hasReady, schedule.nextDueMs()]).toEqual([false, 300])
    expect(schedule.takeDue(299)).toEqual([])
    expect(schedule.takeDue(300)).toEqual([b])
    expect(schedule.nextDueMs()).toBe(500)
    schedule.ready(b, at(0))
    expect(shown(take())).toBe('0/0 b@0')
  })

  it('and stops waits no more', () => {
    const a = follow('a')
    schedule.delay(a, 500)
    schedule.stop(a)
    expect([schedule.nextDueMs(), schedule.takeDue(1_000)]).toEqual([null, []])
  })

  it('is out of the hands of those who held it before', () => {
    const old = follow('a')
    schedule.add(partition('a', 4))
    schedule.ready(old, at(3))
    schedule.delay(old, 100)
    expect([schedule.hasReady, schedule.nextDueMs()]).toEqual([false, null])
  })
})
