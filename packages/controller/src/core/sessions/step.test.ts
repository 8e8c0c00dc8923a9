import type { BrokerImage } from '@millrace/metadata'
import { describe, expect, it } from 'vitest'
import type { SessionEvent } from './events.ts'
import { assertSessionInvariants } from './invariants.ts'
import { type BrokerSessions, DEFAULT_SESSION_SETTINGS, initialSessions, type SessionStatus } from './state.ts'
import { step, viewOf } from './step.ts'
import { type SessionHappening, TRANSITIONS } from './transition-table.ts'

const { sessionMs, suspicionMs, tickMs } = DEFAULT_SESSION_SETTINGS
const NOBODY = { brokerId: -1, incarnationId: null }

function broker(id: number, change: Partial<BrokerImage> = {}): BrokerImage {
  const known = { listeners: [], rack: null, directoryIds: [], features: [], isFenced: false, isInControlledShutdown: false }
  return { id, epoch: id * 10, incarnationId: `incarnation ${id}`, ...known, ...change }
}

class Bench {
  readonly state: BrokerSessions = initialSessions()
  readonly brokers = new Map<number, BrokerImage>()
  now = 1000
  offset = 100

  constructor(brokers: readonly BrokerImage[], own: { brokerId: number; incarnationId: string | null } = NOBODY) {
    for (const each of brokers) this.brokers.set(each.id, each)
    this.happen({ type: 'became-active', now: this.now, offset: this.offset, brokers: this.brokers, own })
  }

  happen(event: SessionEvent): readonly number[] {
    const effects = step(this.state, event)
    assertSessionInvariants(this.state)
    return effects.map(({ brokerId }) => brokerId)
  }

  /** Time passes in ticks, as it does while the loop is not held up. Ids of the brokers that are to be fenced meanwhile. */
  pass(ms: number): number[] {
    const fenced: number[] = []
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + tickMs)
      fenced.push(...this.happen({ type: 'ticked', now: this.now }))
    }
    return fenced
  }

  contact(brokerId: number, metadataOffset = 0, brokerEpoch = brokerId * 10): void {
    this.happen({ type: 'contacted', now: this.now, brokerId, brokerEpoch, metadataOffset, failedPartitions: [] })
  }

  loseLine(brokerId: number, brokerEpoch = brokerId * 10): void {
    this.happen({ type: 'line-lost', now: this.now, brokerId, brokerEpoch })
  }

  change(id: number, change: Partial<BrokerImage> | null): void {
    if (change === null) this.brokers.delete(id)
    else this.brokers.set(id, { ...(this.brokers.get(id) ?? broker(id)), ...change })
    const offset = ++this.offset
    this.happen({ type: 'registrations-changed', now: this.now, offset, brokers: this.brokers, changed: [id] })
  }

  statusOf(brokerId: number): SessionStatus | undefined {
    return this.state.sessions.get(brokerId)?.status
  }

  isLive(brokerId: number, brokerEpoch = brokerId * 10): boolean {
    return viewOf(this.state, this.now).isLive(brokerId, brokerEpoch)
  }
}

describe('the transition table', () => {
  const reach: Record<SessionStatus, (bench: Bench) => void> = {
    live: () => {},
    suspected: (bench) => bench.loseLine(1),
    // The tick that ends it is not the one that fences: another broker has just been.
    ended: (bench) => {
      bench.pass(sessionMs - tickMs)
      bench.contact(2)
      bench.state.lastFenceMs = bench.now + tickMs
      bench.pass(tickMs)
      bench.state.lastFenceMs = Number.NEGATIVE_INFINITY
    },
    fencing: (bench) => {
      bench.pass(sessionMs - tickMs)
      bench.contact(2)
      bench.pass(tickMs)
    },
  }
  const happen: Record<SessionHappening, (bench: Bench) => void> = {
    contacted: (bench) => bench.contact(1),
    'metadata-applied': (bench) => bench.happen({ type: 'metadata-applied', brokerId: 1, brokerEpoch: 10, metadataOffset: 7 }),
    'line-lost': (bench) => bench.loseLine(1),
    'fence-failed': (bench) => bench.happen({ type: 'fence-failed', brokerId: 1, brokerEpoch: 10 }),
    'ticked in time': (bench) => bench.pass(tickMs),
    'ticked too late': (bench) => {
      bench.pass(sessionMs - tickMs)
      bench.contact(2)
      bench.pass(tickMs)
    },
    'fence shown': (bench) => bench.change(1, { isFenced: true }),
    'unfence shown': (bench) => bench.change(1, { isFenced: false }),
    'registered anew': (bench) => bench.change(1, { epoch: 77 }),
  }
  const rows = Object.entries(TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).map(([what, to]) => [from as SessionStatus, what as SessionHappening, to] as const),
  )

  it.each(rows)('%s, %s: %s', (from, what, to) => {
    const bench = new Bench([broker(1), broker(2)])
    reach[from](bench)
    expect(bench.statusOf(1)).toBe(from)
    happen[what](bench)
    expect(bench.statusOf(1)).toBe(to)
  })
})

describe('a session', () => {
  it('lasts from one heartbeat to the next', () => {
    const bench = new Bench([broker(1)])
    for (let beat = 0; beat < 20; beat++) {
      expect(bench.pass(500)).toEqual([])
      bench.contact(1)
    }
    expect(bench.pass(sessionMs - tickMs)).toEqual([])
    expect(bench.isLive(1)).toBe(true)
    expect(bench.pass(tickMs)).toEqual([1])
    expect(bench.isLive(1)).toBe(false)
  })

  it('is full for everybody when a controller begins, so that who dies during the change is fenced all the same', () => {
    const bench = new Bench([broker(1), broker(2)])
    bench.pass(500)
    bench.contact(1)
    expect(bench.pass(sessionMs - 500)).toEqual([2])
  })

  it('is short once the line is lost, and whole again with the next heartbeat', () => {
    const bench = new Bench([broker(1), broker(2)])
    bench.loseLine(1)
    bench.pass(suspicionMs - tickMs)
    bench.contact(1)
    bench.loseLine(2)
    expect(bench.pass(suspicionMs)).toEqual([2])
    expect(bench.isLive(1)).toBe(true)
  })

  it('is not made longer by a line that is lost late', () => {
    const bench = new Bench([broker(1)])
    bench.pass(sessionMs - 200)
    bench.loseLine(1)
    expect(bench.pass(200)).toEqual([1])
  })

  it('is that of one life: what an earlier one says does not count', () => {
    const bench = new Bench([broker(1)])
    bench.pass(sessionMs - tickMs)
    bench.contact(1, 5, 9)
    bench.loseLine(1, 9)
    expect(bench.isLive(1, 9)).toBe(false)
    expect(bench.pass(tickMs)).toEqual([1])
  })

  it('of a broker that is gone is gone', () => {
    const bench = new Bench([broker(1)])
    bench.change(1, null)
    expect(bench.pass(2 * sessionMs)).toEqual([])
    expect(bench.state.sessions.size).toBe(0)
  })

  it('of a fenced broker keeps its place while it is heard of, and costs nothing when it ends', () => {
    const bench = new Bench([])
    bench.change(1, { isFenced: true, epoch: 10 })
    expect(bench.isLive(1)).toBe(true)
    expect(bench.pass(2 * sessionMs)).toEqual([])
    expect(bench.isLive(1)).toBe(false)
  })

  it('of a fenced broker is not begun by a new controller: another process may take its place at once', () => {
    expect(new Bench([broker(1, { isFenced: true })]).isLive(1)).toBe(false)
  })

  it.each([
    ['another incarnation', 'another', false],
    ['this incarnation', 'incarnation 1', true],
    ['one that is not known', null, true],
  ])('of the broker in this process does not keep another from its place when it is of %s', (_what, incarnationId, isLive) => {
    const bench = new Bench([broker(1), broker(2)], { brokerId: 1, incarnationId })
    expect([bench.isLive(1), bench.isLive(2)]).toEqual([isLive, true])
    // The process is about to register: there is no need to move everything away from it first.
    expect(bench.pass(sessionMs - tickMs)).toEqual([])
    expect(bench.pass(tickMs)).toEqual([1])
  })

  it('ends with the controller that keeps it', () => {
    const bench = new Bench([broker(1)])
    bench.happen({ type: 'became-inactive' })
    bench.contact(1)
    expect(bench.pass(2 * sessionMs)).toEqual([])
  })
})

describe('a controller that stood still', () => {
  it.each([500, 5000, 60_000])('for %i ms gives everybody that time', (stallMs) => {
    const bench = new Bench([broker(1), broker(2)])
    bench.loseLine(2)
    bench.pass(suspicionMs / 2)
    bench.now += stallMs
    expect(bench.happen({ type: 'ticked', now: bench.now })).toEqual([])
    expect(bench.pass(suspicionMs / 2 - 2 * tickMs)).toEqual([])
    expect(bench.pass(3 * tickMs)).toEqual([2])
    expect(bench.isLive(1)).toBe(true)
  })

  it('for less than a tick gives nothing', () => {
    const bench = new Bench([broker(1)])
    for (let passed = 0; passed < sessionMs; passed += tickMs * 1.5) {
      bench.now += tickMs * 1.5
      if (bench.happen({ type: 'ticked', now: bench.now }).length > 0) return
    }
    expect(bench.statusOf(1)).toBe('fencing')
  })
})

describe('many that end at once', () => {
  it.each([
    [3, [1, 1, 1]],
    [10, [1, 1, 1]],
    [30, [3, 2, 2]],
    [100, [10, 9, 8]],
  ])('of %i brokers are fenced a tenth or one at a time, with a pause in which the others may be heard of', (count, sizes) => {
    const bench = new Bench(Array.from({ length: count }, (_, index) => broker(index + 1)))
    const fencedAt: number[][] = [bench.pass(sessionMs)]
    for (const id of fencedAt[0] ?? []) bench.change(id, { isFenced: true })
    while (fencedAt.length < 3) {
      const fenced = bench.pass(100)
      for (const id of fenced) bench.change(id, { isFenced: true })
      fencedAt.push(fenced)
    }
    expect(fencedAt.map(({ length }) => length)).toEqual(sizes)
    const [survivor] = [...bench.state.sessions.values()].filter(({ status }) => status === 'ended')
    if (survivor !== undefined && !survivor.isFenced) {
      bench.contact(survivor.brokerId)
      expect(bench.pass(sessionMs - tickMs)).not.toContain(survivor.brokerId)
    }
  })
})

describe('what commands ask', () => {
  it('is how much of the metadata a broker has; it never falls, and begins anew with each life', () => {
    const bench = new Bench([broker(1)])
    const offset = () => viewOf(bench.state, bench.now).metadataOffset(1)
    expect(offset()).toBe(-1)
    bench.contact(1, 50)
    bench.contact(1, 40)
    bench.happen({ type: 'metadata-applied', brokerId: 1, brokerEpoch: 10, metadataOffset: 60 })
    expect(offset()).toBe(60)
    bench.change(1, { epoch: 77 })
    expect(offset()).toBe(-1)
  })

  it('is since when a broker stops', () => {
    const bench = new Bench([broker(1), broker(2, { isInControlledShutdown: true })])
    const offset = (id: number) => viewOf(bench.state, bench.now).shutdownOffset(id)
    expect([offset(1), offset(2), offset(9)]).toEqual([Number.POSITIVE_INFINITY, 100, Number.POSITIVE_INFINITY])
    bench.change(1, { isInControlledShutdown: true })
    bench.change(1, {})
    expect(offset(1)).toBe(101)
  })

  it('is which logs cannot be opened, as the last heartbeat says', () => {
    const bench = new Bench([broker(1)])
    const failed = () => viewOf(bench.state, bench.now).hasFailed(1, 'topic', 3)
    const failedPartitions = [{ topicId: 'topic', partition: 3 }]
    bench.happen({ type: 'contacted', now: bench.now, brokerId: 1, brokerEpoch: 10, metadataOffset: 0, failedPartitions })
    expect(failed()).toBe(true)
    bench.contact(1)
    expect(failed()).toBe(false)
  })
})
