/** Joining classic groups. */
import { heartbeat, join, joinTwice, leave, type JoinOptions, STRANGER, sync } from '../actions/classic.ts'
import { describeGroups } from '../actions/groups.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { versionsOf } from './versions.ts'

const FIRST_ID_REQUIRED_VERSION = 4

/** However often clients of this version have to ask. */
export function joined(actor: string, options: JoinOptions = {}): Step[] {
  return (options.version ?? 5) >= FIRST_ID_REQUIRED_VERSION && options.instance === undefined
    ? joinTwice(actor, options)
    : [join(actor, options)]
}

/** A leads, and B follows it; both are in step. */
export function twoMembers(options: JoinOptions = {}): Step[] {
  return [
    ...stableAlone('a', options),
    ...joined('b', options),
    join('a', options),
    sync('b'),
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
  ]
}

export function stableAlone(actor = 'a', options: JoinOptions = {}): Step[] {
  return [...joined(actor, options), sync(actor, { assigns: { [actor]: `for ${actor}` } })]
}

const name = (title: string): string => `classic join: ${title}`

export const CLASSIC_JOIN: readonly Scenario[] = [
  ...versionsOf(0, 9).map((version) =>
    scenario(name(`version ${version}, one member until it leaves`), [
      ...joined('a', { version }),
      sync('a', { version: Math.min(version, 5), assigns: { a: 'for a' } }),
      heartbeat('a', { version: Math.min(version, 4) }),
      leave('a', { version: Math.min(version, 5) }),
      describeGroups(),
    ]),
  ),
  ...versionsOf(0, 9).map((version) =>
    scenario(name(`version ${version}, a second member`), [
      ...joined('a', { version }),
      sync('a', { version: Math.min(version, 5), assigns: { a: 'for a' } }),
      ...joined('b', { version }),
      heartbeat('a'),
      join('a', { version }),
      sync('b', { version: Math.min(version, 5) }),
      sync('a', { version: Math.min(version, 5), assigns: { a: 'for a', b: 'for b' } }),
      describeGroups(),
    ]),
  ),
  ...versionsOf(0, 9).map((version) =>
    scenario(name(`version ${version}, as a member that nobody knows`), [
      join('a', { version, memberId: STRANGER }),
      ...stableAlone('a'),
      join('b', { version, memberId: STRANGER }),
    ]),
  ),
  ...versionsOf(0, 9).map((version) => scenario(name(`version ${version}, without a group's name`), [join('a', { version, group: '' })])),
  ...[0, 3, 4, 9].flatMap((version) => [
    scenario(name(`version ${version}, a session too short`), [join('a', { version, sessionTimeoutMs: 5_999 })]),
    scenario(name(`version ${version}, a session too long`), [join('a', { version, sessionTimeoutMs: 1_800_001 })]),
    scenario(name(`version ${version}, no protocols`), [join('a', { version, protocols: [] })]),
    scenario(name(`version ${version}, no kind of protocol`), [join('a', { version, type: '' })]),
    scenario(name(`version ${version}, another kind of protocol`), [
      ...stableAlone('a'),
      ...joined('b', { version, type: 'connect' }),
      describeGroups(),
    ]),
    scenario(name(`version ${version}, no protocol in common`), [
      ...stableAlone('a'),
      ...joined('b', { version, protocols: [['cooperative-sticky', 'about me']] }),
      describeGroups(),
    ]),
  ]),
  scenario(name('the shortest and the longest session'), [
    ...joined('a', { sessionTimeoutMs: 6_000 }),
    leave('a'),
    ...joined('b', { sessionTimeoutMs: 1_800_000 }),
  ]),
  scenario(name('a kind of protocol that is nobody else’s'), [
    ...joined('a', { type: 'connect', protocols: [['eager', 'x']] }),
    sync('a', { assigns: { a: 'tasks' } }),
    describeGroups(),
  ]),
  scenario(name('the protocol that most prefer among those that all know'), [
    ...joined('a', {
      protocols: [
        ['range', '1'],
        ['sticky', '2'],
        ['own', '3'],
      ],
    }),
    sync('a', { assigns: { a: 'for a' } }),
    ...joined('b', {
      protocols: [
        ['sticky', '4'],
        ['range', '5'],
      ],
    }),
    ...joined('c', {
      protocols: [
        ['sticky', '6'],
        ['range', '7'],
      ],
    }),
    join('a', {
      protocols: [
        ['range', '1'],
        ['sticky', '2'],
        ['own', '3'],
      ],
    }),
    sync('b'),
    sync('c'),
    sync('a', { assigns: { a: 'for a', b: 'for b', c: 'for c' } }),
    describeGroups(),
  ]),
  scenario(name('the group is full'), [
    ...stableAlone('a'),
    ...['b', 'c', 'd', 'e'].flatMap((actor) => joined(actor, { version: 3 })),
    ...joined('f', { version: 5 }),
    describeGroups(),
  ]),
  scenario(name('a follower again, with nothing new'), [...twoMembers(), join('b'), describeGroups()]),
  scenario(name('a follower again, with something new'), [
    ...twoMembers(),
    join('b', { protocols: [['range', 'news about me']] }),
    heartbeat('a'),
    sync('a'),
    join('a'),
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
    sync('b'),
  ]),
  scenario(name('the leader again, with nothing new'), [
    ...twoMembers(),
    join('a'),
    heartbeat('b'),
    join('b'),
    sync('b'),
    sync('a', { assigns: { a: '2 for a', b: '2 for b' } }),
  ]),
  scenario(name('a lone leader again'), [...stableAlone('a'), join('a'), sync('a', { assigns: { a: 'again for a' } }), heartbeat('a')]),
  scenario(name('again while the assignment is awaited, with nothing new'), [
    ...stableAlone('a'),
    ...joined('b'),
    join('a'),
    join('b'),
    join('a'),
    sync('b'),
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
  ]),
  scenario(name('again while the assignment is awaited, with something new'), [
    ...stableAlone('a'),
    ...joined('b'),
    join('a'),
    join('b', { protocols: [['range', 'news about me']] }),
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
    join('a'),
    describeGroups(),
  ]),
  scenario(name('a third while the assignment is awaited'), [
    ...stableAlone('a'),
    ...joined('b'),
    join('a'),
    sync('b'),
    ...joined('c'),
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
    join('a'),
    join('b'),
    describeGroups(),
  ]),
  scenario(name('an id is given, and not yet a place'), [
    join('a'),
    describeGroups(),
    heartbeat('a', { generation: 0 }),
    sync('a', { generation: 0 }),
    join('a'),
    describeGroups(),
  ]),
  scenario(name('with an id that was given and then left'), [join('a'), leave('a'), join('a')]),
  scenario(name('with a reason'), [...joined('a', { version: 8, reason: 'because' }), sync('a', { assigns: { a: 'x' } })]),
  scenario(name('after everybody left'), [
    ...stableAlone('a'),
    leave('a'),
    describeGroups(),
    ...joined('b'),
    sync('b', { assigns: { b: 'for b' } }),
    describeGroups(),
  ]),
  scenario(name('an empty group takes another kind of protocol'), [
    ...stableAlone('a'),
    leave('a'),
    ...joined('b', { type: 'connect', protocols: [['eager', 'x']] }),
    describeGroups(),
  ]),
]
