/** Groups whose members change from the classic protocol to the new one, and back, while they work. */
import { heartbeat, join, type JoinOptions, leave, subscription, sync, type TopicPartitions } from '../actions/classic.ts'
import { beat, enter, exit } from '../actions/consumer.ts'
import { describeConsumerGroups, describeGroups, listGroups } from '../actions/groups.ts'
import { commit, fetchOffsets } from '../actions/offsets.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { joined } from './classic-join.ts'

const TOPICS = [{ name: 't', partitions: 12 }]

function about(title: string, steps: readonly Step[]): Scenario {
  return scenario(`migration: ${title}`, steps, TOPICS)
}

const NOTHING: readonly TopicPartitions[] = []

/** What a consumer says of itself: it wants topic t. */
function subscribed(owns: readonly TopicPartitions[] = NOTHING, protocols: readonly string[] = ['range']): JoinOptions {
  return { protocols: protocols.map((name) => [name, (world) => subscription(world, ['t'], owns)]) }
}

const CLASSIC: readonly Step[] = [...joined('a', subscribed()), sync('a', { assigns: { a: '' } })]

export const MIGRATION: readonly Scenario[] = [
  about('a member of the new protocol comes to an empty classic group', [
    ...CLASSIC,
    leave('a'),
    enter('b'),
    describeConsumerGroups(),
    describeGroups(['g'], 6),
    listGroups(),
  ]),
  about('a classic member comes to an empty group of the new protocol', [
    enter('a'),
    exit('a'),
    ...joined('b', subscribed()),
    sync('b', { assigns: { b: 'x' } }),
    describeGroups(['g'], 6),
    listGroups(),
  ]),
  about('a member of the new protocol comes to a group of another kind', [
    ...joined('a', { type: 'connect' }),
    sync('a', { assigns: { a: 'x' } }),
    enter('b'),
    describeGroups(['g'], 6),
  ]),
  about('a member of the new protocol comes to classic members', [
    ...CLASSIC,
    enter('b'),
    listGroups(),
    heartbeat('a'),
    describeGroups(['g'], 6),
  ]),
  about('classic members go on in a group of the new protocol', [
    ...CLASSIC,
    enter('b'),
    heartbeat('a'),
    join('a', subscribed()),
    sync('a'),
    heartbeat('a'),
    beat('b'),
    commit('a'),
    fetchOffsets('a'),
    listGroups(),
  ]),
  about('the last classic member leaves', [
    ...CLASSIC,
    enter('b'),
    leave('a'),
    beat('b', { owns: 'all' }),
    beat('b', { owns: 'all' }),
    listGroups(),
  ]),
  about('the last member of the new protocol leaves', [
    ...CLASSIC,
    enter('b'),
    exit('b'),
    listGroups(),
    heartbeat('a'),
    describeGroups(['g'], 6),
  ]),
  about('a classic member comes to members of the new protocol', [
    enter('a'),
    beat('a', { owns: 'all' }),
    ...joined('b', subscribed()),
    sync('b', { generationOffset: -1 }),
    sync('b', { assigns: { b: 'mine' } }),
    sync('b'),
    heartbeat('b'),
    beat('a', { owns: 'all' }),
    beat('a', { owns: 'all' }),
    heartbeat('b'),
    leave('b'),
    beat('a', { owns: 'all' }),
    listGroups(),
  ]),
  about('a classic member without a protocol in common comes', [enter('a'), ...joined('b', { type: 'consumer', protocols: [] })]),
]
