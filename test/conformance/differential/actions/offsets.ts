/** Committing offsets, asking for them and forgetting them. */
import { offsetCommitApi, offsetDeleteApi, offsetFetchApi } from '@millrace/protocol'
import { type Step, step } from '../scenario.ts'
import type { World } from '../world.ts'
import { GROUP, type Identity } from './classic.ts'

export interface PartitionOffset {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly leaderEpoch?: number
  readonly metadata?: string | null
}

const TOPIC = 't'
/** From this version on topics are named by their ids. */
const FIRST_ID_VERSION = 10

export interface CommitOptions extends Identity {
  readonly offsets?: readonly PartitionOffset[]
  /** Not as a member, but as one who only keeps offsets here. */
  readonly isSimple?: boolean
  /** As a member of the new protocol: its epoch takes the generation's place. */
  readonly memberEpoch?: (world: World) => number
}

export function commit(actor: string, options: CommitOptions = {}): Step {
  const { version = 8 } = options
  return step({
    actor,
    api: offsetCommitApi,
    version,
    request: (world) => ({
      groupId: world.named(options.group ?? GROUP),
      ...committer(world, actor, options),
      ...(version >= 7 && options.instance !== undefined ? { groupInstanceId: options.instance } : {}),
      topics: byTopic(options.offsets ?? [{}]).map(([topic, offsets]) => ({
        ...topicName(world, topic, version >= FIRST_ID_VERSION),
        partitions: offsets.map((each) => committedPartition(each, version >= 6)),
      })),
    }),
  })
}

function committer(world: World, actor: string, options: CommitOptions) {
  if (options.isSimple === true) return { generationIdOrMemberEpoch: -1, memberId: '' }
  if (options.memberEpoch !== undefined) {
    return { generationIdOrMemberEpoch: options.memberEpoch(world), memberId: options.memberId ?? world.consumer(actor).memberId }
  }
  const { generation, memberId } = world.member(actor)
  return {
    generationIdOrMemberEpoch: options.generation ?? generation + (options.generationOffset ?? 0),
    memberId: options.memberId ?? memberId,
  }
}

export function committedPartition({ partition = 0, offset = 7, leaderEpoch, metadata = '' }: PartitionOffset, hasEpoch: boolean) {
  return {
    partitionIndex: partition,
    committedOffset: offset,
    ...(hasEpoch && leaderEpoch !== undefined ? { committedLeaderEpoch: leaderEpoch } : {}),
    committedMetadata: metadata,
  }
}

export function byTopic(offsets: readonly PartitionOffset[]): readonly (readonly [topic: string, offsets: readonly PartitionOffset[]])[] {
  return [...Map.groupBy(offsets, ({ topic = TOPIC }) => topic)]
}

/** A topic that this scenario does not have is one that does not exist. */
function topicName(world: World, topic: string, isById: boolean) {
  return isById ? { topicId: world.topicId(topic) } : { name: world.named(topic) }
}

export interface FetchOffsetsOptions {
  readonly version?: number
  readonly group?: string
  /** Null asks for all that there are. */
  readonly partitions?: readonly { readonly topic?: string; readonly partition?: number }[] | null
  readonly requireStable?: boolean
  /** Groups besides the first, from version 8 on, of which everything is asked. */
  readonly otherGroups?: readonly string[]
  readonly member?: (world: World) => { readonly memberId: string; readonly memberEpoch: number }
}

export function fetchOffsets(actor: string, options: FetchOffsetsOptions = {}): Step {
  const { version = 8, group = GROUP, partitions = [{}], requireStable } = options
  return step({
    actor,
    api: offsetFetchApi,
    version,
    request: (world) => {
      const topics =
        partitions === null
          ? null
          : byTopic(partitions).map(([topic, wanted]) => ({
              ...topicName(world, topic, version >= FIRST_ID_VERSION),
              partitionIndexes: wanted.map(({ partition = 0 }) => partition),
            }))
      const stable = version >= 7 && requireStable !== undefined ? { requireStable } : {}
      if (version < 8) return { groupId: world.named(group), topics: topics as never, ...stable }
      const first = { groupId: world.named(group), topics: topics as never, ...(version >= 9 ? options.member?.(world) : undefined) }
      const others = (options.otherGroups ?? []).map((other) => ({ groupId: world.named(other), topics: null }))
      return { groups: [first, ...others], ...stable }
    },
  })
}

export function deleteOffsets(
  actor: string,
  partitions: readonly { readonly topic?: string; readonly partition?: number }[] = [{}],
  group = GROUP,
): Step {
  return step({
    actor,
    api: offsetDeleteApi,
    version: 0,
    request: (world) => ({
      groupId: world.named(group),
      topics: byTopic(partitions).map(([topic, forgotten]) => ({
        name: world.named(topic),
        partitions: forgotten.map(({ partition = 0 }) => ({ partitionIndex: partition })),
      })),
    }),
  })
}
