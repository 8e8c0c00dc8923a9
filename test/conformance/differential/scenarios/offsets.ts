/** Committed offsets: kept for members, for those who are nobody, and for consumers of the past. */
import { heartbeat, join, leave, STRANGER, subscription, sync } from '../actions/classic.ts'
import { deleteGroups, describeGroups, listGroups } from '../actions/groups.ts'
import { commit, deleteOffsets, fetchOffsets } from '../actions/offsets.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { joined, stableAlone } from './classic-join.ts'
import { versionsOf } from './versions.ts'

const TOPICS = [
  { name: 't', partitions: 3 },
  { name: 'u', partitions: 1 },
]
const COMMIT_VERSIONS = versionsOf(2, 10)
const FETCH_VERSIONS = versionsOf(1, 10)

const METADATA_CHARACTERS_MAX = 4_096

function about(name: string, steps: readonly Step[]): Scenario {
  return scenario(name, steps, TOPICS)
}

/** A consumes topic t, and says so. */
const SUBSCRIBED: readonly Step[] = [
  ...joined('a', { protocols: [['range', (world) => subscription(world, ['t'])]] }),
  sync('a', { assigns: { a: 'for a' } }),
]

const committing: readonly Scenario[] = COMMIT_VERSIONS.flatMap((version) => [
  about(`offset commit: version ${version}, without being a member`, [
    commit('a', {
      version,
      isSimple: true,
      offsets: [
        { offset: 3, metadata: 'note' },
        { partition: 2, offset: 4, leaderEpoch: 0 },
        { topic: 'u', offset: 0, metadata: null },
      ],
    }),
    fetchOffsets('a', { partitions: null }),
    commit('a', { version, isSimple: true, offsets: [{ offset: 1 }] }),
    fetchOffsets('a', { partitions: null }),
    describeGroups(),
    listGroups(),
  ]),
  about(`offset commit: version ${version}, without being a member of a group that has members`, [
    ...stableAlone('a'),
    commit('b', { version, isSimple: true }),
    leave('a'),
    commit('b', { version, isSimple: true }),
    fetchOffsets('b'),
  ]),
  about(`offset commit: version ${version}, as a member`, [
    ...stableAlone('a'),
    commit('a', { version }),
    commit('a', { version, generationOffset: -1 }),
    commit('a', { version, generationOffset: 1 }),
    commit('a', { version, memberId: STRANGER }),
    commit('a', { version, memberId: '' }),
    commit('a', { version, generation: -1 }),
    fetchOffsets('a'),
  ]),
  about(`offset commit: version ${version}, from state to state`, [
    ...stableAlone('a'),
    ...joined('b'),
    commit('a', { version, offsets: [{ offset: 1 }] }),
    commit('b', { version, offsets: [{ offset: 2 }] }),
    join('a'),
    commit('a', { version, offsets: [{ offset: 3 }] }),
    fetchOffsets('a'),
    sync('a', { assigns: { a: 'x', b: 'y' } }),
    commit('b', { version, offsets: [{ offset: 4 }] }),
    fetchOffsets('a'),
  ]),
  about(`offset commit: version ${version}, to groups that are not there`, [
    commit('a', { version, memberId: STRANGER, generation: 1 }),
    commit('a', { version, memberId: STRANGER, generation: -1 }),
    commit('a', { version, memberId: '', generation: 1 }),
    listGroups(),
  ]),
  about(`offset commit: version ${version}, what cannot be kept`, [
    commit('a', {
      version,
      isSimple: true,
      offsets: [{ metadata: 'm'.repeat(METADATA_CHARACTERS_MAX) }, { partition: 1, metadata: 'm'.repeat(METADATA_CHARACTERS_MAX + 1) }],
    }),
    commit('a', { version, isSimple: true, offsets: [{ partition: 3 }, { partition: -1 }, { partition: 2, offset: 9 }] }),
    commit('a', { version, isSimple: true, offsets: [{ topic: 'unknown' }, { topic: 'u', offset: 5 }] }),
    commit('a', { version, isSimple: true, offsets: [{ partition: 1, offset: -1 }] }),
    commit('a', { version, isSimple: true, offsets: [] }),
    fetchOffsets('a', { partitions: null }),
  ]),
])

const fetching: readonly Scenario[] = FETCH_VERSIONS.flatMap((version) => [
  about(`offset fetch: version ${version}`, [
    commit('a', {
      isSimple: true,
      offsets: [
        { offset: 3, metadata: 'note', leaderEpoch: 2 },
        { partition: 2, offset: 4, metadata: null },
        { topic: 'u', offset: 0 },
      ],
    }),
    fetchOffsets('a', { version, partitions: [{ partition: 0 }, { partition: 1 }, { partition: 2 }, { topic: 'u' }] }),
    fetchOffsets('a', { version, partitions: [] }),
    fetchOffsets('a', { version, partitions: [{ topic: 'unknown' }, { partition: 77 }] }),
    fetchOffsets('a', { version, group: 'nobody' }),
    fetchOffsets('a', { version, group: '' }),
    ...(version >= 2
      ? [fetchOffsets('a', { version, partitions: null }), fetchOffsets('a', { version, group: 'nobody', partitions: null })]
      : []),
    ...(version >= 7 ? [fetchOffsets('a', { version, requireStable: true })] : []),
  ]),
])

const several: readonly Scenario[] = [8, 9, 10].flatMap((version) => [
  about(`offset fetch: version ${version}, several groups`, [
    commit('a', { isSimple: true }),
    commit('a', { group: 'h', isSimple: true, offsets: [{ topic: 'u', offset: 8 }] }),
    fetchOffsets('a', { version, otherGroups: ['h', 'nobody'] }),
    fetchOffsets('a', { version, partitions: null, otherGroups: ['g'] }),
  ]),
  about(`offset fetch: version ${version}, as a member of a classic group`, [
    ...stableAlone('a'),
    commit('a'),
    fetchOffsets('a', {
      version,
      member: (world) => ({ memberId: world.member('a').memberId, memberEpoch: world.member('a').generation }),
    }),
    fetchOffsets('a', { version, member: (world) => ({ memberId: world.member('a').memberId, memberEpoch: 77 }) }),
    fetchOffsets('a', { version, member: () => ({ memberId: STRANGER, memberEpoch: 1 }) }),
  ]),
])

const deleting: readonly Scenario[] = [
  about('offset delete: of a group that is not there', [deleteOffsets('a'), deleteOffsets('a', [{}], '')]),
  about('offset delete: of a group without members', [
    commit('a', { isSimple: true, offsets: [{}, { partition: 1 }, { topic: 'u' }] }),
    deleteOffsets('a', [{ partition: 1 }, { partition: 2 }, { topic: 'u' }]),
    fetchOffsets('a', { partitions: null }),
    deleteOffsets('a'),
    fetchOffsets('a', { partitions: null }),
  ]),
  about('offset delete: what does not exist', [
    commit('a', { isSimple: true }),
    deleteOffsets('a', [{ topic: 'unknown' }, { partition: 77 }, { partition: -1 }]),
    deleteOffsets('a', []),
  ]),
  about('offset delete: of topics that members consume, and of others', [
    ...SUBSCRIBED,
    commit('a', { offsets: [{}, { topic: 'u' }] }),
    deleteOffsets('a', [{}, { topic: 'u' }]),
    fetchOffsets('a', { partitions: null }),
    leave('a'),
    deleteOffsets('a', [{}]),
    fetchOffsets('a', { partitions: null }),
  ]),
  about('offset delete: of members who consume nothing', [
    ...stableAlone('a'),
    commit('a', { offsets: [{}, { topic: 'u' }] }),
    deleteOffsets('a', [{}, { topic: 'u' }]),
    fetchOffsets('a', { partitions: null }),
  ]),
  about('offset delete: of members who are no consumers', [
    ...joined('a', { type: 'connect' }),
    sync('a', { assigns: { a: 'x' } }),
    commit('a'),
    deleteOffsets('a'),
    fetchOffsets('a', { partitions: null }),
  ]),
  about('offset delete: while members are awaited', [
    ...SUBSCRIBED,
    commit('a', { offsets: [{}, { topic: 'u' }] }),
    ...joined('b'),
    deleteOffsets('a', [{}, { topic: 'u' }]),
  ]),
]

const staticMembers: readonly Scenario[] = versionsOf(7, 9).map((version) =>
  about(`offset commit: version ${version}, of static members`, [
    join('a', { instance: 'i' }),
    sync('a', { instance: 'i', assigns: { a: 'x' } }),
    commit('a', { version, instance: 'i' }),
    commit('a', { version, instance: 'nobody' }),
    commit('a', { version, instance: 'i', memberId: STRANGER }),
    commit('a', { version, instance: 'i', memberId: '' }),
    commit('a', { version, instance: 'i', generationOffset: -1 }),
    fetchOffsets('a'),
  ]),
)

const life: readonly Scenario[] = [
  about('offset commit: offsets outlive members, and not their group', [
    ...SUBSCRIBED,
    commit('a'),
    leave('a'),
    fetchOffsets('a', { partitions: null }),
    describeGroups(),
    deleteGroups(),
    fetchOffsets('a', { partitions: null }),
    describeGroups(['g'], 6),
  ]),
  about('offset commit: a group that was only committed to is joined', [
    commit('a', { isSimple: true }),
    ...stableAlone('b'),
    fetchOffsets('a', { partitions: null }),
    commit('b', { offsets: [{ offset: 70 }] }),
    heartbeat('b'),
    fetchOffsets('a', { partitions: null }),
  ]),
  about('offset commit: a group that has an id given and no members', [
    join('a'),
    commit('b', { isSimple: true }),
    commit('a', { generation: 0 }),
    fetchOffsets('a'),
  ]),
]

export const OFFSETS: readonly Scenario[] = [...committing, ...fetching, ...several, ...deleting, ...staticMembers, ...life]
