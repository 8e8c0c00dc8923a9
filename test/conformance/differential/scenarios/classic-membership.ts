/** Being a member of a classic group: synchronising, heartbeats, leaving. */
import { heartbeat, join, leave, STRANGER, sync } from '../actions/classic.ts'
import { describeGroups } from '../actions/groups.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { joined, stableAlone, twoMembers } from './classic-join.ts'
import { versionsOf } from './versions.ts'

const SYNC_VERSIONS = versionsOf(0, 5)
const HEARTBEAT_VERSIONS = versionsOf(0, 4)
const LEAVE_VERSIONS = versionsOf(0, 5)

/** B waits for A, who has not come back yet. */
const PREPARING: readonly Step[] = [...stableAlone('a'), ...joined('b')]
/** Both have joined, and A has not said who gets what. */
const COMPLETING: readonly Step[] = [...PREPARING, join('a')]

const syncing: readonly Scenario[] = [
  ...SYNC_VERSIONS.flatMap((version) => [
    scenario(`classic sync: version ${version}, with a group that is not there`, [
      sync('a', { version, memberId: STRANGER, generation: 1 }),
      sync('a', { version, group: '', memberId: STRANGER, generation: 1 }),
    ]),
    scenario(`classic sync: version ${version}, who is not or no longer a member`, [
      ...stableAlone('a'),
      sync('a', { version, memberId: STRANGER }),
      sync('a', { version, memberId: '' }),
      sync('a', { version, generationOffset: -1 }),
      sync('a', { version, generationOffset: 1 }),
      sync('a', { version }),
    ]),
    scenario(`classic sync: version ${version}, while members are awaited`, [...PREPARING, sync('a', { version, assigns: { a: 'x' } })]),
    scenario(`classic sync: version ${version}, followers wait for the leader`, [
      ...COMPLETING,
      sync('b', { version }),
      sync('a', { version, assigns: { a: 'for a', b: 'for b' } }),
      sync('b', { version }),
    ]),
  ]),
  scenario('classic sync: another kind of protocol than the group’s', [...stableAlone('a'), sync('a', { version: 5, type: 'connect' })]),
  scenario('classic sync: another protocol than the group’s', [...stableAlone('a'), sync('a', { version: 5, protocol: 'sticky' })]),
  scenario('classic sync: another protocol while the assignment is awaited', [
    ...COMPLETING,
    sync('b', { version: 5, protocol: 'sticky' }),
    sync('b', { version: 5, type: 'connect' }),
    sync('b', { version: 5 }),
    sync('a', { version: 5, assigns: { b: 'x' } }),
  ]),
  scenario('classic sync: the leader first', [
    ...COMPLETING,
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
    sync('b'),
    describeGroups(),
  ]),
  scenario('classic sync: members whom the leader forgets get nothing', [
    ...COMPLETING,
    sync('a', { assigns: { a: 'for a' } }),
    sync('b'),
    describeGroups(),
  ]),
  scenario('classic sync: the leader gives to strangers', [...COMPLETING, sync('a', { assigns: { a: 'for a', nobody: 'x' } }), sync('b')]),
  scenario('classic sync: a follower says who gets what', [
    ...COMPLETING,
    sync('b', { assigns: { b: 'all' } }),
    sync('a', { assigns: { a: 'for a' } }),
  ]),
  scenario('classic sync: the leader again, otherwise', [
    ...COMPLETING,
    sync('a', { assigns: { a: 'for a', b: 'for b' } }),
    sync('a', { assigns: { a: 'all' } }),
    sync('b'),
  ]),
  scenario('classic sync: a rebalance begins while followers wait', [
    ...COMPLETING,
    sync('b'),
    join('b', { protocols: [['range', 'new']] }),
    describeGroups(),
    join('a'),
  ]),
  scenario('classic sync: the leader leaves while followers wait', [
    ...COMPLETING,
    sync('b'),
    leave('a'),
    join('b'),
    sync('b', { assigns: { b: 'x' } }),
  ]),
]

const beating: readonly Scenario[] = [
  ...HEARTBEAT_VERSIONS.flatMap((version) => [
    scenario(`classic heartbeat: version ${version}, of strangers`, [
      heartbeat('a', { version, memberId: STRANGER, generation: 1 }),
      heartbeat('a', { version, group: '', memberId: STRANGER, generation: 1 }),
      ...stableAlone('a'),
      heartbeat('a', { version, memberId: STRANGER }),
      heartbeat('a', { version, memberId: '' }),
    ]),
    scenario(`classic heartbeat: version ${version}, generations past and to come`, [
      ...stableAlone('a'),
      heartbeat('a', { version }),
      heartbeat('a', { version, generationOffset: -1 }),
      heartbeat('a', { version, generationOffset: 1 }),
      heartbeat('a', { version, generation: -1 }),
    ]),
    scenario(`classic heartbeat: version ${version}, from state to state`, [
      ...PREPARING,
      heartbeat('a', { version }),
      heartbeat('a', { version, generationOffset: -1 }),
      join('a'),
      heartbeat('a', { version }),
      heartbeat('b', { version }),
      sync('a', { version: 3, assigns: { a: 'for a', b: 'for b' } }),
      heartbeat('b', { version }),
      leave('a'),
      heartbeat('b', { version }),
      leave('b'),
      heartbeat('b', { version }),
    ]),
  ]),
  scenario('classic heartbeat: of one who has an id and no place', [...stableAlone('a'), join('b'), heartbeat('b', { generation: 1 })]),
]

const leaving: readonly Scenario[] = [
  ...LEAVE_VERSIONS.flatMap((version) => [
    scenario(`classic leave: version ${version}, strangers`, [
      leave('a', { version, memberId: STRANGER }),
      leave('a', { version, group: '', memberId: STRANGER }),
      ...stableAlone('a'),
      leave('a', { version, memberId: STRANGER }),
      leave('a', { version, memberId: '' }),
      describeGroups(),
    ]),
    scenario(`classic leave: version ${version}, the leader of two`, [
      ...twoMembers(),
      leave('a', { version }),
      leave('a', { version }),
      heartbeat('b'),
      join('b'),
      sync('b', { assigns: { b: 'for b' } }),
      describeGroups(),
    ]),
    scenario(`classic leave: version ${version}, one whom others wait for`, [...PREPARING, leave('a', { version }), describeGroups()]),
    scenario(`classic leave: version ${version}, one who has an id and no place`, [
      ...stableAlone('a'),
      join('b'),
      leave('b', { version }),
      join('b'),
    ]),
  ]),
  scenario('classic leave: one who waits for others', [...PREPARING, leave('b'), describeGroups(), join('a')]),
  scenario('classic leave: several at once, some of whom are strangers', [
    ...twoMembers(),
    leave('admin', { members: [{ of: 'a' }, { of: STRANGER }, { of: 'b' }] }),
    describeGroups(),
  ]),
  scenario('classic leave: nobody at all', [...stableAlone('a'), leave('admin', { members: [] }), describeGroups()]),
  scenario('classic leave: one twice in a request', [
    ...twoMembers(),
    leave('admin', { members: [{ of: 'b' }, { of: 'b' }] }),
    describeGroups(),
  ]),
  scenario('classic leave: while the assignment is awaited', [...COMPLETING, leave('b'), sync('a', { assigns: { a: 'x' } }), join('a')]),
]

export const CLASSIC_MEMBERSHIP: readonly Scenario[] = [...syncing, ...beating, ...leaving]
