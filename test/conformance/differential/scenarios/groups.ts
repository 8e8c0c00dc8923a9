/** What people see of groups and do to them, and where groups are found. */
import { join, leave, sync } from '../actions/classic.ts'
import { beat, enter, exit } from '../actions/consumer.ts'
import { deleteGroups, describeConsumerGroups, describeGroups, findCoordinator, listGroups } from '../actions/groups.ts'
import { commit, fetchOffsets } from '../actions/offsets.ts'
import { scenario, type Scenario } from '../scenario.ts'
import { joined, stableAlone, twoMembers } from './classic-join.ts'
import { versionsOf } from './versions.ts'

const TOPICS = [{ name: 't', partitions: 12 }]

const describing: readonly Scenario[] = [
  ...versionsOf(0, 6).flatMap((version) => [
    scenario(
      `describe groups: version ${version}, from state to state`,
      [
        describeGroups(['g', 'nobody'], version),
        commit('a', { isSimple: true }),
        describeGroups(['g'], version),
        ...stableAlone('a'),
        describeGroups(['g'], version),
        ...joined('b'),
        describeGroups(['g'], version),
        join('a'),
        describeGroups(['g'], version),
        sync('a', { assigns: { a: 'for a', b: 'for b' } }),
        describeGroups(['g'], version),
        leave('a'),
        leave('b'),
        describeGroups(['g'], version),
        deleteGroups(),
        describeGroups(['g'], version),
      ],
      TOPICS,
    ),
    scenario(`describe groups: version ${version}, none, and one without a name`, [
      describeGroups([], version),
      describeGroups([''], version),
    ]),
  ]),
  ...versionsOf(3, 6).map((version) =>
    scenario(`describe groups: version ${version}, with what one may do`, [
      ...stableAlone('a'),
      describeGroups(['g', 'nobody'], version, true),
    ]),
  ),
  scenario('describe groups: of the new protocol', [enter('a'), describeGroups(['g'], 5), describeGroups(['g'], 6)], TOPICS),
]

const listing: readonly Scenario[] = [
  ...versionsOf(0, 5).map((version) =>
    scenario(
      `list groups: version ${version}`,
      [
        listGroups(version),
        ...stableAlone('a', {}),
        ...joined('b', { group: 'waiting' }),
        ...joined('c', { group: 'foreign', type: 'connect' }),
        commit('d', { group: 'offsets', isSimple: true }),
        enter('e', ['t'], { group: 'new' }),
        listGroups(version),
        leave('a'),
        exit('e', { group: 'new' }),
        listGroups(version),
      ],
      TOPICS,
    ),
  ),
  scenario(
    'list groups: by state and by type',
    [
      ...stableAlone('a'),
      ...joined('b', { group: 'waiting' }),
      commit('d', { group: 'offsets', isSimple: true }),
      enter('e', ['t'], { group: 'new' }),
      listGroups(4, { states: ['Stable'] }),
      listGroups(4, { states: ['stable', 'EMPTY'] }),
      listGroups(4, { states: ['CompletingRebalance', 'Dead'] }),
      listGroups(4, { states: ['no such state'] }),
      listGroups(5, { types: ['classic'] }),
      listGroups(5, { types: ['Consumer'] }),
      listGroups(5, { types: ['share'] }),
      listGroups(5, { types: ['no such type'] }),
      listGroups(5, { types: ['consumer', 'classic'], states: ['Stable'] }),
    ],
    TOPICS,
  ),
]

const deleting: readonly Scenario[] = [
  ...versionsOf(0, 2).map((version) =>
    scenario(
      `delete groups: version ${version}`,
      [
        deleteGroups(['nobody'], version),
        commit('a', { isSimple: true }),
        ...stableAlone('b', { group: 'taken' }),
        ...joined('c', { group: 'waiting' }),
        enter('e', ['t'], { group: 'new' }),
        deleteGroups(['g', 'taken', 'waiting', 'new', 'nobody'], version),
        fetchOffsets('a', { partitions: null }),
        listGroups(),
        deleteGroups(['g'], version),
        deleteGroups([], version),
      ],
      TOPICS,
    ),
  ),
  scenario('delete groups: joined again afterwards', [
    ...twoMembers(),
    leave('a'),
    leave('b'),
    deleteGroups(),
    ...joined('c'),
    sync('c', { assigns: { c: 'x' } }),
    describeGroups(),
  ]),
  scenario('delete groups: one where an id was given', [join('a'), deleteGroups(), join('a'), describeGroups()]),
  scenario(
    'delete groups: of the new protocol, left and not',
    [enter('a'), deleteGroups(), exit('a'), deleteGroups(), beat('a'), describeConsumerGroups()],
    TOPICS,
  ),
]

const finding: readonly Scenario[] = [
  ...versionsOf(0, 6).map((version) =>
    scenario(`find coordinator: version ${version}`, [
      findCoordinator(['g'], version),
      findCoordinator([''], version),
      ...(version >= 1
        ? [
            findCoordinator(['x'], version, 'transaction'),
            findCoordinator([''], version, 'transaction'),
            findCoordinator(['x'], version, 'unknown'),
          ]
        : []),
      ...(version >= 4 ? [findCoordinator(['g', 'h', ''], version), findCoordinator([], version)] : []),
    ]),
  ),
  scenario('find coordinator: of share groups, before they are spoken', [findCoordinator(['g'], 5, 'share')]),
]

export const GROUPS: readonly Scenario[] = [...describing, ...listing, ...deleting, ...finding]
