/**
 * Groups with members of both protocols, which come and go, so that the group changes its own again and again. At no time do two of
 * those whom the coordinator counts as members read the same partition, and in peace all partitions are read.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { replayGroupRecord } from '../../group/replayers.ts'
import { type GroupState, initialGroupState } from '../../group/state.ts'
import { decodeGroupRecord } from '../../records/group-record.ts'
import { ClassicConsumer } from '../../testing/classic-consumer.ts'
import { ConsumerMember } from '../../testing/consumer-member.ts'
import { GroupHarness } from '../../testing/group-harness.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { assertInvariants } from '../invariants.ts'

const SEATS = 3

type Event =
  | { readonly type: 'heartbeat' | 'poll' | 'leave' | 'classic-leave' | 'crash' | 'classic-crash'; readonly seat: number }
  | { readonly type: 'grow' | 'fail-over' }
  | { readonly type: 'advance'; readonly ms: number }

const seat = fc.nat(SEATS - 1)
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('heartbeat' as const), seat }) },
  { weight: 16, arbitrary: fc.record({ type: fc.constant('poll' as const), seat }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('leave' as const, 'classic-leave' as const), seat }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('crash' as const, 'classic-crash' as const), seat }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('grow' as const, 'fail-over' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(10, 100, 3_000, 46_000) }) },
)

class Scene {
  readonly harness = new GroupHarness()
  readonly members: ConsumerMember[] = []
  readonly classics: ClassicConsumer[] = []
  readonly #replayed: GroupState = initialGroupState()
  #replayedCount = 0
  #nextMember = 0
  /** How often each protocol took over. */
  conversions = 0
  #type: string | null = null

  constructor() {
    this.harness.addTopic('orders', 5)
    for (let index = 0; index < SEATS; index += 1) {
      this.members.push(this.#member())
      this.classics.push(this.#classic(index))
    }
  }

  perform(event: Event): void {
    switch (event.type) {
      case 'heartbeat':
        this.members[event.seat]?.heartbeat()
        break
      case 'poll':
        this.classics[event.seat]?.poll()
        break
      case 'leave':
        this.members[event.seat]?.leave()
        break
      case 'classic-leave':
        this.classics[event.seat]?.leave()
        break
      case 'crash':
        this.members[event.seat] = this.#member()
        break
      case 'classic-crash':
        this.classics[event.seat] = this.#classic(event.seat)
        break
      case 'grow':
        this.harness.addTopic('orders', (this.harness.topics.get('orders')?.partitionCount ?? 0) + 1)
        this.harness.step({ type: 'topics-changed', ...this.harness.time })
        break
      case 'fail-over':
        this.harness.failOver()
        for (const consumer of this.classics) consumer.connectionLost()
        break
      case 'advance':
        this.harness.advance(event.ms)
        break
    }
    this.check()
  }

  check(): void {
    const { log } = this.harness
    for (; this.#replayedCount < log.length; this.#replayedCount += 1) {
      const entry = log[this.#replayedCount] as (typeof log)[number]
      if ('key' in entry) replayGroupRecord(this.#replayed, decodeGroupRecord(entry.key, entry.value), null)
    }
    const group = this.#replayed.groups.get('group')
    if (group === undefined) return
    if (this.#type !== null && this.#type !== group.type) this.conversions += 1
    this.#type = group.type
    if (group.type !== 'consumer') return
    assertInvariants(group as ConsumerGroup)
    const { members } = group as ConsumerGroup
    const readers = [
      ...this.classics
        .filter(({ memberId, generationId }) => members.get(memberId)?.current.memberEpoch === generationId)
        .map(({ owned }) => owned.get('orders') ?? []),
      ...this.members.filter(({ memberId }) => members.has(memberId)).map(({ owned }) => [...owned.values()].flat()),
    ]
    const read = readers.flat()
    expect(new Set(read).size).toBe(read.length)
  }

  rest(withMembers: boolean): void {
    for (let round = 0; round < 60; round += 1) {
      for (const consumer of this.classics) consumer.poll()
      if (withMembers) for (const member of this.members) member.heartbeat()
      this.harness.advance(1_000)
      this.check()
    }
  }

  read(): number[] {
    const partitions = [
      ...this.classics.flatMap(({ owned }) => owned.get('orders') ?? []),
      ...this.members.flatMap(({ owned }) => [...owned.values()].flat()),
    ]
    return partitions.sort((left, right) => left - right)
  }

  expectAllRead(kind: string): void {
    const { groups } = this.harness.ask('ListGroups', { statesFilter: [], typesFilter: [] }, { apiVersion: 5 })
    expect(groups.map(({ groupType, groupState }) => `${groupType} ${groupState}`)).toEqual([kind])
    const count = this.harness.topics.get('orders')?.partitionCount ?? 0
    expect(this.read()).toEqual(Array.from({ length: count }, (_, partition) => partition))
  }

  #member(): ConsumerMember {
    this.#nextMember += 1
    return new ConsumerMember(this.harness, `m${this.#nextMember}`, { topics: ['orders'] })
  }

  /** Every second one gives up only what it is told to. */
  #classic(index: number): ClassicConsumer {
    return new ClassicConsumer(this.harness, `c${index}`, { isCooperative: index % 2 === 1 })
  }
}

it('go from one protocol to the other and back, and nobody reads what another reads', () => {
  let conversions = 0
  fc.assert(
    fc.property(fc.array(events, { minLength: 10, maxLength: 120 }), (sequence) => {
      const scene = new Scene()
      for (const event of sequence) scene.perform(event)
      scene.rest(true)
      scene.expectAllRead('consumer Stable')
      for (const member of scene.members) member.leave()
      scene.rest(false)
      scene.expectAllRead('classic Stable')
      conversions += scene.conversions
    }),
    { numRuns: 60 },
  )
  expect(conversions).toBeGreaterThan(60)
}, 60_000)
