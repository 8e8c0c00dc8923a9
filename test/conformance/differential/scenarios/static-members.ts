/** Static members of classic groups (KIP-345): who they are is said by their configuration, and survives a restart. */
import { heartbeat, join, leave, STRANGER, sync } from '../actions/classic.ts'
import { commit } from '../actions/offsets.ts'
import { describeGroups } from '../actions/groups.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { joined } from './classic-join.ts'
import { versionsOf } from './versions.ts'

const TOPICS = [{ name: 't', partitions: 1 }]

/** A leads and B follows, both static. */
const TWO: readonly Step[] = [
  join('a', { instance: 'i' }),
  sync('a', { instance: 'i', assigns: { a: 'for a' } }),
  join('b', { instance: 'j' }),
  join('a', { instance: 'i' }),
  sync('b', { instance: 'j' }),
  sync('a', { instance: 'i', assigns: { a: 'for a', b: 'for b' } }),
]

/** Everything that the former holder of an instance may try. */
function triesOf(actor: string, instance: string): Step[] {
  return [
    heartbeat(actor, { instance }),
    sync(actor, { instance }),
    commit(actor, { instance }),
    join(actor, { instance }),
    leave('admin', { members: [{ of: actor, instance }] }),
    heartbeat(actor),
    sync(actor),
    commit(actor),
    join(actor),
  ]
}

const name = (title: string): string => `static member: ${title}`

export const STATIC_MEMBERS: readonly Scenario[] = [
  ...versionsOf(5, 9).map((version) =>
    scenario(name(`join version ${version}, restarted as leader with nothing new`), [
      ...TWO,
      join('a2', { version, instance: 'i' }),
      sync('a2', { instance: 'i' }),
      heartbeat('a2', { instance: 'i' }),
      describeGroups(),
    ]),
  ),
  ...versionsOf(5, 9).map((version) =>
    scenario(name(`join version ${version}, restarted as follower with nothing new`), [
      ...TWO,
      join('b2', { version, instance: 'j' }),
      sync('b2', { instance: 'j' }),
      heartbeat('a', { instance: 'i' }),
      describeGroups(),
    ]),
  ),
  scenario(name('what the former holder gets'), [...TWO, join('b2', { instance: 'j' }), ...triesOf('b', 'j')], TOPICS),
  scenario(name('what the former leader gets'), [...TWO, join('a2', { instance: 'i' }), ...triesOf('a', 'i')], TOPICS),
  scenario(name('restarted with other topics, the same protocol'), [
    ...TWO,
    join('b2', { instance: 'j', protocols: [['range', 'news about me']] }),
    describeGroups(),
    heartbeat('a', { instance: 'i' }),
  ]),
  scenario(name('restarted with another protocol'), [
    ...TWO,
    join('b2', {
      instance: 'j',
      protocols: [
        ['sticky', 'x'],
        ['range', 'y'],
      ],
    }),
    describeGroups(),
    heartbeat('a', { instance: 'i' }),
    join('a', { instance: 'i' }),
  ]),
  scenario(name('restarted alone'), [
    join('a', { instance: 'i' }),
    sync('a', { instance: 'i', assigns: { a: 'for a' } }),
    join('a2', { version: 9, instance: 'i' }),
    sync('a2', { instance: 'i' }),
    describeGroups(),
  ]),
  scenario(name('restarted while it waits for others'), [
    ...TWO,
    join('b', { instance: 'j', protocols: [['range', 'new']] }),
    join('b2', { instance: 'j' }),
    join('a', { instance: 'i' }),
  ]),
  scenario(name('restarted while others wait for it'), [
    ...TWO,
    ...joined('c'),
    heartbeat('b', { instance: 'j' }),
    join('b2', { instance: 'j' }),
    join('a', { instance: 'i' }),
    describeGroups(),
  ]),
  scenario(name('restarted while it waits for its assignment'), [
    join('a', { instance: 'i' }),
    sync('a', { instance: 'i', assigns: { a: 'for a' } }),
    join('b', { instance: 'j' }),
    join('a', { instance: 'i' }),
    sync('b', { instance: 'j' }),
    join('b2', { instance: 'j' }),
    describeGroups(),
  ]),
  scenario(name('restarted as the leader that others wait for'), [
    join('a', { instance: 'i' }),
    sync('a', { instance: 'i', assigns: { a: 'for a' } }),
    join('b', { instance: 'j' }),
    join('a', { instance: 'i' }),
    sync('b', { instance: 'j' }),
    join('a2', { instance: 'i' }),
    describeGroups(),
  ]),
  scenario(name('comes back with its id'), [...TWO, join('b', { instance: 'j' }), join('a', { instance: 'i' }), describeGroups()]),
  scenario(name('with an id that is nobody’s'), [
    join('a', { instance: 'i', memberId: STRANGER }),
    ...TWO,
    join('x', { instance: 'i', memberId: STRANGER }),
    join('x', { instance: 'new', memberId: STRANGER }),
  ]),
  scenario(name('an instance that nobody has'), [
    ...TWO,
    heartbeat('a', { instance: 'nobody' }),
    sync('a', { instance: 'nobody' }),
    join('a', { instance: 'nobody' }),
  ]),
  scenario(name('another member’s instance'), [
    ...TWO,
    heartbeat('a', { instance: 'j' }),
    sync('a', { instance: 'j' }),
    join('a', { instance: 'j' }),
  ]),
  ...[3, 4, 5].flatMap((version) => [
    scenario(name(`leave version ${version}, removed by instance`), [
      ...TWO,
      leave('admin', { version, members: [{ instance: 'j' }] }),
      heartbeat('a', { instance: 'i' }),
      join('a', { instance: 'i' }),
      describeGroups(),
    ]),
    scenario(name(`leave version ${version}, one of several by instance`), [
      ...TWO,
      leave('admin', { version, members: [{ instance: 'nobody' }, { of: STRANGER, instance: 'j' }, { of: 'b', instance: 'j' }] }),
      describeGroups(),
    ]),
  ]),
  scenario(name('leaves by its id alone'), [...TWO, leave('b'), describeGroups()]),
  scenario(name('one static, one not'), [
    join('a', { instance: 'i' }),
    sync('a', { instance: 'i', assigns: { a: 'for a' } }),
    ...joined('b'),
    join('a', { instance: 'i' }),
    sync('a', { instance: 'i', assigns: { a: 'for a', b: 'for b' } }),
    sync('b'),
    join('a2', { version: 9, instance: 'i' }),
    describeGroups(),
  ]),
]
