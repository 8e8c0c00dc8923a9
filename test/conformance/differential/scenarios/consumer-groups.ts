/** Consumer groups of the new protocol (KIP-848). */
import { heartbeat, join, leave, LONG_MS, STRANGER, sync } from '../actions/classic.ts'
import { beat, enter, exit } from '../actions/consumer.ts'
import { describeConsumerGroups, listGroups } from '../actions/groups.ts'
import { commit, deleteOffsets, fetchOffsets } from '../actions/offsets.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import type { OwnedPartitions, World } from '../world.ts'
import { versionsOf } from './versions.ts'

/** As many partitions as can be shared out evenly, whoever comes. */
const TOPICS = [
  { name: 't', partitions: 12 },
  { name: 'u', partitions: 12 },
]

function about(title: string, steps: readonly Step[]): Scenario {
  return scenario(`consumer group: ${title}`, steps, TOPICS)
}

/** The first `count` partitions of what the actor was last told. */
function some(actor: string, count: number): (world: World) => readonly OwnedPartitions[] {
  return (world) => world.consumer(actor).assignment.map(({ topicId, partitions }) => ({ topicId, partitions: partitions.slice(0, count) }))
}

/** A member that takes what it is given. */
const ALONE: readonly Step[] = [enter('a'), beat('a', { owns: 'all' })]
/** A second comes: the first gives back what is too much, the second gets it. */
const TWO: readonly Step[] = [
  ...ALONE,
  enter('b'),
  beat('a', { owns: 'all' }),
  beat('a', { owns: 'all' }),
  beat('b', { owns: 'all' }),
  beat('b', { owns: 'all' }),
]

const arriving: readonly Scenario[] = [
  ...versionsOf(0, 1).flatMap((version) => [
    about(`version ${version}, one member until it leaves`, [
      enter('a', ['t'], { version }),
      beat('a', { version, owns: 'all' }),
      beat('a', { version }),
      describeConsumerGroups(),
      exit('a', { version }),
      describeConsumerGroups(),
      beat('a', { version }),
    ]),
    about(`version ${version}, what joining must say`, [
      enter('a', ['t'], { version, group: '' }),
      beat('a', { version, epoch: 0, topics: ['t'], owns: 'none' }),
      beat('a', { version, epoch: 0, topics: ['t'], rebalanceTimeoutMs: LONG_MS }),
      beat('a', { version, epoch: 0, rebalanceTimeoutMs: LONG_MS, owns: 'none' }),
      enter('a', ['t'], { version, instance: '' }),
      enter('a', ['t'], { version, epoch: -3 }),
      enter('a', ['t'], { version, assignor: 'no such assignor' }),
    ]),
    about(`version ${version}, strangers`, [
      beat('a', { version, memberId: STRANGER, epoch: 1 }),
      exit('a', { version, memberId: STRANGER }),
      ...ALONE,
      beat('x', { version, memberId: STRANGER, epoch: 1 }),
      exit('x', { version, memberId: STRANGER }),
      exit('x', { version, memberId: STRANGER, instance: 'nobody' }),
    ]),
  ]),
  about('version 1, a member without an id', [enter('a', ['t'], { memberId: '' })]),
  about('version 0, a member with an id of its own', [enter('a', ['t'], { version: 0, memberId: 'mine' }), describeConsumerGroups()]),
  about('the same member joins again', [...ALONE, enter('a'), beat('a', { owns: 'all' }), describeConsumerGroups()]),
  about('topics that do not exist', [enter('a', ['unknown']), enter('b', ['unknown', 't']), describeConsumerGroups()]),
  about('a member that subscribes to nothing', [
    enter('a', []),
    describeConsumerGroups(),
    beat('a', { owns: 'none' }),
    beat('a', { topics: ['t'], owns: 'none' }),
    beat('a', { owns: 'all' }),
    beat('a', { topics: [] }),
    beat('a', { owns: 'none' }),
    describeConsumerGroups(),
    exit('a'),
  ]),
  about('a member that subscribes to nothing beside one that reads', [
    ...ALONE,
    enter('b', []),
    beat('a', { owns: 'all' }),
    beat('b'),
    describeConsumerGroups(),
  ]),
  about('a static member that subscribes to nothing', [
    enter('a', [], { instance: 'i' }),
    exit('a', { instance: 'i' }),
    enter('a2', [], { instance: 'i' }),
    describeConsumerGroups(),
  ]),
  about('an empty expression', [
    beat('a', { epoch: 0, regex: '', rebalanceTimeoutMs: LONG_MS, owns: 'none' }),
    beat('a', { topics: ['t'] }),
    beat('a', { owns: 'all' }),
    enter('b', [], { regex: '' }),
    describeConsumerGroups(),
  ]),
  about('assigned by range', [enter('a', ['t', 'u'], { assignor: 'range' }), describeConsumerGroups()]),
  about('the group is full', [...['a', 'b', 'c', 'd', 'e'].map((actor) => enter(actor)), beat('e'), describeConsumerGroups()]),
]

const EPOCHS: readonly Scenario[] = [
  about('epochs past and to come', [
    ...ALONE,
    beat('a', { epochOffset: -1 }),
    beat('a', { epochOffset: 1 }),
    beat('a', { epochOffset: 5 }),
    beat('a'),
  ]),
  about('an answer was lost', [
    ...ALONE,
    enter('b'),
    beat('a', { owns: 'all' }),
    beat('a', { owns: some('a', 6) }),
    beat('a', { epochOffset: -1, owns: some('a', 6) }),
    beat('a', { epochOffset: -1, owns: some('a', 1) }),
    beat('a', { epochOffset: -1 }),
    beat('a', { epochOffset: -2, owns: 'none' }),
  ]),
  about('a member is told all when it asks for all', [
    ...ALONE,
    beat('a'),
    beat('a', { topics: ['t'], rebalanceTimeoutMs: LONG_MS, owns: 'all' }),
    beat('a', { topics: ['t'], rebalanceTimeoutMs: LONG_MS, owns: 'none' }),
  ]),
  about('a member claims what it does not have', [
    ...TWO,
    beat('b', { owns: (world) => [{ topicId: world.topicId('u'), partitions: [0, 1] }] }),
    beat('b', { epochOffset: -1, owns: (world) => [{ topicId: world.topicId('u'), partitions: [0, 1] }] }),
    describeConsumerGroups(),
  ]),
]

const sharing: readonly Scenario[] = [
  about('a second member', [...TWO, describeConsumerGroups(), listGroups()]),
  about('the first keeps what it has to give back', [
    ...ALONE,
    enter('b'),
    describeConsumerGroups(),
    beat('a'),
    describeConsumerGroups(),
    beat('a', { owns: 'all' }),
    beat('b'),
    describeConsumerGroups(),
    beat('a', { owns: some('a', 6) }),
    beat('b'),
    describeConsumerGroups(),
  ]),
  about('a third member, and one after the other leaves', [
    ...TWO,
    enter('c'),
    ...['a', 'b', 'a', 'b', 'c', 'c'].map((actor) => beat(actor, { owns: 'all' })),
    describeConsumerGroups(),
    exit('b'),
    ...['a', 'c', 'a', 'c'].map((actor) => beat(actor, { owns: 'all' })),
    describeConsumerGroups(),
    exit('a'),
    beat('c', { owns: 'all' }),
    beat('c', { owns: 'all' }),
    describeConsumerGroups(),
  ]),
  about('other topics than before', [
    ...ALONE,
    beat('a', { topics: ['t', 'u'] }),
    beat('a', { owns: 'all' }),
    beat('a', { topics: ['u'], owns: 'all' }),
    beat('a', { owns: 'all' }),
    beat('a', { owns: 'all' }),
    describeConsumerGroups(),
  ]),
  about('the same topics as before', [...ALONE, beat('a', { topics: ['t'] }), describeConsumerGroups()]),
  about('each its own topic', [
    enter('a', ['t']),
    enter('b', ['u']),
    beat('a', { owns: 'all' }),
    beat('b', { owns: 'all' }),
    describeConsumerGroups(),
  ]),
  about('another assignor', [
    ...ALONE,
    beat('a', { assignor: 'range' }),
    beat('a', { owns: 'all' }),
    describeConsumerGroups(),
    beat('a', { assignor: 'none such' }),
  ]),
]

const patterns: readonly Scenario[] = [
  about('an expression that is none', [
    enter('a', ['t'], { regex: '(unclosed' }),
    beat('a', { epoch: 0, regex: '[a', rebalanceTimeoutMs: LONG_MS, owns: 'none' }),
  ]),
]

const staticMembers: readonly Scenario[] = [
  about('a static member goes and comes back', [
    enter('a', ['t'], { instance: 'i' }),
    beat('a', { instance: 'i', owns: 'all' }),
    exit('a', { instance: 'i' }),
    describeConsumerGroups(),
    enter('a2', ['t'], { instance: 'i' }),
    beat('a2', { instance: 'i', owns: 'all' }),
    describeConsumerGroups(),
    beat('a', { instance: 'i' }),
  ]),
  about('an instance that is taken', [
    enter('a', ['t'], { instance: 'i' }),
    enter('a2', ['t'], { instance: 'i' }),
    beat('a2', { memberId: STRANGER, epoch: 1, instance: 'i' }),
    exit('a2', { memberId: STRANGER, instance: 'i' }),
    describeConsumerGroups(),
  ]),
  about('a static member leaves for good', [
    enter('a', ['t'], { instance: 'i' }),
    beat('a', { epoch: -1, instance: 'i' }),
    describeConsumerGroups(),
  ]),
  about('a static member that is away is removed by its instance id', [
    ...ALONE,
    enter('b', ['t'], { instance: 'i' }),
    beat('a', { owns: 'all' }),
    beat('a', { owns: 'all' }),
    beat('b', { instance: 'i', owns: 'all' }),
    exit('b', { instance: 'i' }),
    leave('admin', { members: [{ instance: 'j' }, { of: 'a', instance: 'i' }, { instance: 'i' }] }),
    beat('a', { owns: 'all' }),
    describeConsumerGroups(),
  ]),
  about('members are removed by their ids', [
    ...TWO,
    leave('admin', { members: [{ of: STRANGER }, { of: 'b' }, { of: 'b' }] }),
    beat('a', { owns: 'all' }),
    beat('b', { owns: 'all' }),
    leave('a', { version: 2 }),
    describeConsumerGroups(),
  ]),
  about('a static member comes back while it was gone for others', [
    enter('a', ['t'], { instance: 'i' }),
    beat('a', { instance: 'i', owns: 'all' }),
    enter('b'),
    exit('a', { instance: 'i' }),
    beat('b'),
    enter('a2', ['t'], { instance: 'i' }),
    beat('a2', { instance: 'i', owns: 'all' }),
    beat('a2', { instance: 'i', owns: 'all' }),
    beat('b', { owns: 'all' }),
    describeConsumerGroups(),
  ]),
]

const epochOf = (actor: string, offset = 0) => ({ memberEpoch: (world: World) => world.consumer(actor).memberEpoch + offset })

const offsets: readonly Scenario[] = [
  ...versionsOf(2, 10).map((version) =>
    about(`offset commit version ${version}`, [
      ...ALONE,
      commit('a', { version, ...epochOf('a') }),
      commit('a', { version, ...epochOf('a', -1) }),
      commit('a', { version, ...epochOf('a', 1) }),
      commit('a', { version, memberId: STRANGER, ...epochOf('a') }),
      commit('b', { version, isSimple: true }),
      fetchOffsets('a'),
      exit('a'),
      commit('b', { version, isSimple: true, offsets: [{ offset: 8 }] }),
      fetchOffsets('a'),
    ]),
  ),
  ...[8, 9, 10].map((version) =>
    about(`offset fetch version ${version}`, [
      ...ALONE,
      commit('a', { version: 9, ...epochOf('a') }),
      fetchOffsets('a', { version }),
      fetchOffsets('a', { version, member: (world) => world.consumer('a') }),
      fetchOffsets('a', {
        version,
        member: (world) => ({ memberId: world.consumer('a').memberId, memberEpoch: world.consumer('a').memberEpoch - 1 }),
      }),
      fetchOffsets('a', {
        version,
        member: (world) => ({ memberId: world.consumer('a').memberId, memberEpoch: world.consumer('a').memberEpoch + 1 }),
      }),
      fetchOffsets('a', { version, member: () => ({ memberId: STRANGER, memberEpoch: 1 }) }),
      fetchOffsets('a', { version, partitions: null }),
    ]),
  ),
  about('offsets of topics that members consume are not deleted', [
    ...ALONE,
    commit('a', { version: 9, offsets: [{}, { topic: 'u' }], ...epochOf('a') }),
    deleteOffsets('a', [{}, { topic: 'u' }]),
    fetchOffsets('a', { partitions: null }),
  ]),
]

const describing: readonly Scenario[] = versionsOf(0, 1).map((version) =>
  about(`describe version ${version}`, [
    describeConsumerGroups(['g', ''], version),
    ...TWO,
    join('c', { version: 3, group: 'classic' }),
    commit('d', { group: 'offsets', isSimple: true }),
    describeConsumerGroups(['g', 'classic', 'offsets', 'nobody'], version),
  ]),
)

const foreign: readonly Scenario[] = [
  about('requests of classic members who are none', [
    ...ALONE,
    heartbeat('a', { memberId: 'member-a', generation: 1 }),
    sync('a', { memberId: 'member-a', generation: 1 }),
    heartbeat('x', { memberId: STRANGER, generation: 1 }),
    join('x', { version: 3, type: 'connect' }),
  ]),
]

export const CONSUMER_GROUPS: readonly Scenario[] = [
  ...arriving,
  ...EPOCHS,
  ...sharing,
  ...patterns,
  ...staticMembers,
  ...offsets,
  ...describing,
  ...foreign,
]
