/**
 * Classic groups under whatever can happen to them: members join, sync, send heartbeats, commit, leave, crash and come back, with the
 * right ids, those of others and old ones; connections close, time passes, the coordinator moves. After each event the invariants hold,
 * a new coordinator would know what this one has written, every request is answered once or waits in one place, and no two
 * members of a generation have been given the same assignment. Left in peace, every member is part of one generation.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GroupSettings } from '../group/settings.ts'
import { ClassicScene, type JoinOptions } from '../testing/classic-scene.ts'
import { persistentState, ReplayedState } from '../testing/replayed-state.ts'
import { ClassicGroup } from './classic-group.ts'
import { assertInvariants } from './invariants.ts'
import type { ClassicState } from './state.ts'

const SEATS = 5
/** Those of the first seats are static members. */
const STATIC_SEATS = 2

type Event =
  | { readonly type: 'join' | 'join-anew' | 'sync' | 'heartbeat' | 'commit' | 'leave' | 'disconnect'; readonly seat: number }
  | { readonly type: 'stale'; readonly seat: number; readonly generationsBack: number }
  | { readonly type: 'change'; readonly seat: number; readonly protocols: readonly string[] }
  | { readonly type: 'transaction'; readonly producerId: number; readonly end: 'commit' | 'abort' | null }
  | { readonly type: 'advance'; readonly ms: number }
  | { readonly type: 'fail-over' | 'delete' | 'topic-deleted' }

const seat = fc.nat(SEATS - 1)
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constantFrom('join' as const, 'sync' as const), seat }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('heartbeat' as const, 'commit' as const), seat }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('join-anew' as const, 'leave' as const, 'disconnect' as const), seat }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('stale' as const), seat, generationsBack: fc.integer({ min: -1, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('change' as const),
      seat,
      protocols: fc.shuffledSubarray(['range', 'sticky', 'roundrobin'], { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('transaction' as const),
      producerId: fc.integer({ min: 1, max: 2 }),
      end: fc.constantFrom(null, 'commit' as const, 'abort' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(0, 30, 60, 3_000, 10_000, 61_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('fail-over' as const, 'delete' as const, 'topic-deleted' as const) }) },
)

interface Seat {
  memberId: string
  generationId: number
  protocols: readonly string[]
  joining: number | null
  syncing: number | null
  assignment: string | null
}

class Table {
  readonly scene: ClassicScene
  readonly seats: Seat[] = []
  #lastGroup: ClassicState | undefined
  #lastGeneration = 0
  readonly #replayed = new ReplayedState()
  readonly #sent = new Set<number>()

  constructor(settings: Partial<GroupSettings>) {
    this.scene = new ClassicScene(settings)
    for (let index = 0; index < SEATS; index += 1) this.seats.push(newSeat())
  }

  perform(event: Event): void {
    const { scene } = this
    switch (event.type) {
      case 'join':
        this.#join(event.seat)
        break
      case 'join-anew':
        Object.assign(this.#seat(event.seat), newSeat())
        this.#join(event.seat)
        break
      case 'sync':
        this.#sync(event.seat)
        break
      case 'heartbeat':
        scene.heartbeat(this.#membership(event.seat))
        break
      case 'stale': {
        const { memberId, generationId, groupInstanceId } = this.#membership(event.seat)
        scene.heartbeat({ memberId, groupInstanceId, generationId: generationId - event.generationsBack })
        scene.commit({ memberId, groupInstanceId, generationId: generationId - event.generationsBack })
        break
      }
      case 'commit':
        scene.commit({ ...this.#membership(event.seat), offset: scene.log.length })
        break
      case 'leave':
        scene.leave({ memberId: this.#seat(event.seat).memberId, groupInstanceId: instanceOf(event.seat) })
        break
      case 'disconnect':
        scene.step({ type: 'disconnected', connectionId: event.seat, ...scene.time })
        break
      case 'change':
        this.#seat(event.seat).protocols = event.protocols
        break
      case 'transaction':
        if (event.end === null) scene.commitInTransaction(event.producerId, { offset: scene.log.length })
        else scene.endTransaction(event.producerId, event.end)
        break
      case 'advance':
        scene.advance(event.ms)
        break
      case 'fail-over':
        scene.failOver()
        this.#sent.clear()
        for (const each of this.seats) Object.assign(each, { joining: null, syncing: null })
        break
      case 'delete':
        scene.ask('DeleteGroups', { groupsNames: ['g'] }, { apiVersion: 2 })
        break
      case 'topic-deleted': {
        const { name, id } = scene.topics.get('orders') as { name: string; id: string }
        scene.step({ type: 'topics-deleted', topics: [{ name, id }], ...scene.time })
        break
      }
    }
    this.#receive()
    this.check()
  }

  /** Everybody does what a client does until nothing changes any more. */
  settle(): void {
    for (let round = 0; round < 12; round += 1) {
      for (const [index, each] of this.seats.entries()) {
        if (each.joining !== null || each.syncing !== null) continue
        const errorCode = this.scene.heartbeat(this.#membership(index))
        if (each.memberId === '' || errorCode !== 0) {
          if (errorCode === 25 || errorCode === 82) Object.assign(each, newSeat(), { protocols: each.protocols })
          this.#join(index)
        } else if (each.assignment === null) this.#sync(index)
        this.#receive()
        this.check()
      }
      this.scene.advance(100)
      this.#receive()
    }
  }

  check(): void {
    const group = this.#group()
    const { scene } = this
    if (group !== undefined) assertInvariants(group)
    const waiting = new Set<number>()
    for (const { awaitingJoin, awaitingSync } of group?.members.values() ?? []) {
      for (const waiter of [awaitingJoin, awaitingSync]) {
        if (waiter === null) continue
        if (waiting.has(waiter.token)) throw new Error(`G11: ${waiter.token} waits in two places`)
        waiting.add(waiter.token)
      }
    }
    for (const token of this.#sent) {
      if (waiting.has(token) === scene.answers.has(token)) throw new Error(`G11: ${token} is answered and waits, or neither`)
      if (scene.answers.has(token)) this.#sent.delete(token)
    }
    const isReplayed = isDeepStrictEqual(persistentState(scene.coordinator.state), this.#replayed.read(scene.log))
    if (!isReplayed) throw new Error('G12: the log says something else')
    if (group === this.#lastGroup && group !== undefined && group.generationId < this.#lastGeneration)
      throw new Error('G1: back a generation')
    this.#lastGroup = group
    this.#lastGeneration = group?.generationId ?? 0
  }

  #group(): ClassicState | undefined {
    const group = this.scene.coordinator.state.groups.get('g')
    return group instanceof ClassicGroup ? group.state : undefined
  }

  #join(index: number): void {
    const { memberId, protocols } = this.#seat(index)
    const options: JoinOptions = {
      memberId,
      groupInstanceId: instanceOf(index),
      protocols: Object.fromEntries(protocols.map((name) => [name, ['orders']])),
      connectionId: index,
      clientId: `client-${index}`,
      apiVersion: index === SEATS - 1 ? 3 : 9,
    }
    const token = this.scene.sendJoin(options)
    this.#sent.add(token)
    Object.assign(this.#seat(index), { joining: token, assignment: null })
    this.#receive()
  }

  #sync(index: number): void {
    const group = this.#group()
    const membership = this.#membership(index)
    const assignments: Record<string, string> = {}
    if (group?.leaderId === membership.memberId) {
      for (const memberId of group.members.keys()) assignments[memberId] = `${group.generationId} ${memberId}`
    }
    const token = this.scene.sendSync(membership, assignments, { protocolName: group?.protocolName ?? 'range', connectionId: index })
    this.#sent.add(token)
    this.#seat(index).syncing = token
  }

  #receive(): void {
    for (const [index, each] of this.seats.entries()) {
      const joined = each.joining === null ? undefined : this.scene.joined(each.joining)
      if (joined !== undefined) {
        each.joining = null
        if (joined.errorCode === 79) {
          each.memberId = joined.memberId
          this.#join(index)
        } else if (joined.errorCode === 0) Object.assign(each, { memberId: joined.memberId, generationId: joined.generationId })
      }
      const synced = each.syncing === null ? undefined : this.scene.synced(each.syncing)
      if (synced === undefined) continue
      each.syncing = null
      if (synced.errorCode === 0) each.assignment = synced.assignment
    }
  }

  #membership(index: number) {
    const { memberId, generationId } = this.#seat(index)
    return { memberId, generationId, groupInstanceId: instanceOf(index), connectionId: index }
  }

  #seat(index: number): Seat {
    return this.seats[index] as Seat
  }
}

function newSeat(): Seat {
  return { memberId: '', generationId: -1, protocols: ['range'], joining: null, syncing: null, assignment: null }
}

function instanceOf(index: number): string | null {
  return index < STATIC_SEATS ? `instance-${index}` : null
}

describe.each<[string, Partial<GroupSettings>]>([
  ['that waits for others at first', {}],
  ['that does not wait, and drops who is disconnected', { initialRebalanceDelayMs: 0, removeDisconnectedMembers: true }],
  ['that is small', { maxSize: 3 }],
])('a classic group %s', (_what, settings) => {
  it('keeps its invariants whatever happens, and comes to rest', () => {
    const runs = fc.array(events, { minLength: 1, maxLength: 80, size: 'max' })
    fc.assert(
      fc.property(runs, (happenings) => {
        const table = new Table(settings)
        for (const event of happenings) table.perform(event)
        for (const each of table.seats) each.protocols = ['range']
        table.scene.advance(200_000)
        table.settle()
        const { members, groupState } = table.scene.describeGroup()
        expect(groupState).toBe('Stable')
        expect(members).toHaveLength(Math.min(SEATS, settings.maxSize ?? SEATS))
      }),
      { numRuns: 60 },
    )
  })
})
