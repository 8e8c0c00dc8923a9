/**
 * Consumer groups under whatever can happen to them: members join, change their minds, leave, crash, stay away and lose answers, topics
 * come, grow and go, time passes, the coordinator moves. After each event the invariants hold of what a new coordinator would read,
 * and no client has what it was not given. Left in peace, every group comes to rest with every partition read.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { replayGroupRecord } from '../group/replayers.ts'
import { type GroupState, initialGroupState } from '../group/state.ts'
import { decodeGroupRecord } from '../records/group-record.ts'
import { ConsumerMember } from '../testing/consumer-member.ts'
import { GroupHarness } from '../testing/group-harness.ts'
import { ascending } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { assertInvariants } from './invariants.ts'
import { ownsAll } from './owned-partitions.ts'

const TOPICS = ['a', 'b', 'c']
const SEATS = 5
/** Those of the first seats are static members. */
const STATIC_SEATS = 2

type Event =
  | { readonly type: 'heartbeat' | 'lose-answer' | 'leave' | 'go-away' | 'crash'; readonly seat: number }
  | { readonly type: 'subscribe'; readonly seat: number; readonly topics: readonly string[] }
  | { readonly type: 'topic'; readonly topic: string; readonly partitions: number }
  | { readonly type: 'advance'; readonly ms: number }
  | { readonly type: 'fail-over' }

const seat = fc.nat(SEATS - 1)
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('heartbeat' as const), seat }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('lose-answer' as const, 'leave' as const), seat }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('go-away' as const, 'crash' as const), seat }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('subscribe' as const), seat, topics: fc.subarray(TOPICS) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('topic' as const), topic: fc.constantFrom(...TOPICS), partitions: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(10, 500, 20_000, 46_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail-over' as const) }) },
)

class Scene {
  readonly harness: GroupHarness
  readonly members: ConsumerMember[] = []
  /** What a new coordinator would know now. */
  readonly #replayed: GroupState = initialGroupState()
  #replayedCount = 0
  #nextMember = 0

  constructor(assignor: string) {
    this.harness = new GroupHarness({ consumerAssignors: [assignor] })
    this.harness.addTopic('a', 3)
    this.harness.addTopic('b', 2)
    this.harness.addTopic('c', 4)
    for (let index = 0; index < SEATS; index += 1) this.members.push(this.#newcomer(index, ['a']))
  }

  perform(event: Event): void {
    switch (event.type) {
      case 'heartbeat':
        this.#heartbeat(event.seat)
        break
      case 'lose-answer':
        this.#at(event.seat).heartbeatWithLostAnswer()
        break
      case 'leave':
        this.#at(event.seat).leave()
        break
      case 'go-away':
        if (event.seat < STATIC_SEATS) this.#at(event.seat).leave(-2)
        this.members[event.seat] = this.#newcomer(event.seat, this.#at(event.seat).topics)
        break
      case 'crash':
        this.members[event.seat] = this.#newcomer(event.seat, this.#at(event.seat).topics)
        break
      case 'subscribe':
        this.#at(event.seat).subscribe(...event.topics)
        break
      case 'topic':
        this.#changeTopic(event.topic, event.partitions)
        break
      case 'advance':
        this.harness.advance(event.ms)
        break
      case 'fail-over':
        this.harness.failOver()
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
    const group = this.group
    if (group === undefined) return
    assertInvariants(group)
    for (const { memberId, epoch, partitions } of this.members) {
      const member = group.members.get(memberId)
      if (member === undefined || epoch === 0) continue
      const { assigned, pendingRevocation } = member.current
      for (const each of partitions) {
        for (const partition of each.partitions) {
          const one = [{ topicId: each.topicId, partitions: [partition] }]
          expect(ownsAll(assigned, one) || ownsAll(pendingRevocation, one), `${memberId} has ${each.topicId}-${partition}`).toBe(true)
        }
      }
    }
  }

  get group(): ConsumerGroup | undefined {
    return this.#replayed.groups.get('group') as ConsumerGroup | undefined
  }

  describe(): unknown {
    const request = { groupIds: ['group'], includeAuthorizedOperations: false }
    return this.harness.ask('ConsumerGroupDescribe', request, { apiVersion: 1 })
  }

  /** Everybody who is there goes on in peace. Who crashed is forgotten after its session. */
  rest(): void {
    for (let round = 0; round < 40; round += 1) {
      for (let index = 0; index < SEATS; index += 1) this.#heartbeat(index)
      this.harness.advance(5_000)
      this.check()
    }
  }

  #heartbeat(index: number): void {
    const error = this.#at(index).heartbeat()
    // Its former self has not left: until the end of its session there is no place for it.
    if (error !== 'NONE' && error !== 'FENCED_MEMBER_EPOCH' && error !== 'UNKNOWN_MEMBER_ID') {
      expect([error, index < STATIC_SEATS]).toEqual(['UNRELEASED_INSTANCE_ID', true])
    }
  }

  #changeTopic(topic: string, partitions: number): void {
    const known = this.harness.topics.get(topic)
    if (known === undefined)
      this.harness.addTopic(topic, partitions + 1, `${topic}${this.harness.log.length}AAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22))
    else if (partitions <= known.partitionCount) this.harness.topics.delete(topic)
    else this.harness.addTopic(topic, partitions, known.id)
    this.harness.step({ type: 'topics-changed', ...this.harness.time })
  }

  #newcomer(index: number, topics: readonly string[]): ConsumerMember {
    this.#nextMember += 1
    const options = index < STATIC_SEATS ? { topics, instanceId: `instance-${index}` } : { topics }
    return new ConsumerMember(this.harness, `m${this.#nextMember}`, options)
  }

  #at(index: number): ConsumerMember {
    return this.members[index] as ConsumerMember
  }
}

it('keep their invariants through anything, and come to rest when left in peace', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 80 }), fc.constantFrom('uniform', 'range'), (sequence, assignor) => {
      const scene = new Scene(assignor)
      for (const event of sequence) scene.perform(event)
      scene.rest()
      // Now that all are there, nothing else makes them look.
      scene.perform({ type: 'topic', topic: 'c', partitions: 9 })
      scene.rest()
      const group = scene.group as ConsumerGroup
      expect(group.state).toBe('Stable')
      expect(scene.members.map(({ epoch }) => epoch)).toEqual(scene.members.map(() => group.groupEpoch))
      for (const { name, id, partitionCount } of scene.harness.topics.values()) {
        const readers = scene.members.filter(({ topics }) => topics.includes(name))
        const read = readers.flatMap(({ owned }) => owned.get(id) ?? []).sort(ascending)
        expect(read).toEqual(readers.length === 0 ? [] : Array.from({ length: partitionCount }, (_, partition) => partition))
      }
      const described = scene.describe()
      scene.harness.failOver()
      expect(scene.describe()).toEqual(described)
    }),
    { numRuns: 100 },
  )
}, 60_000)
