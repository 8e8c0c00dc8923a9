/** Commits offsets of a member and looks them up, and keeps what came of it for the checkers. */
import { ERROR_CODES, offsetCommitApi, offsetFetchApi } from '@millrace/protocol'
import type { Commit, CommittedOffsets } from '../../checkers/committed-offsets.ts'
import type { GroupLine } from './group-line.ts'

/** Who commits: a member in its epoch, or nobody in particular. */
export interface Committer {
  readonly memberId: string
  readonly epoch: number
  readonly instanceId: string | null
}

export interface GroupOffsetsOptions {
  readonly who: string
  readonly line: GroupLine
  readonly topic: string
  /** The first version that members of consumer groups may use is 9, of both requests. */
  readonly version: 8 | 9
  readonly history: CommittedOffsets
  nowMs(): number
}

/** By partition, with the error of each. */
export type CommitOutcome = ReadonlyMap<number, number>

const { NONE } = ERROR_CODES

/** What a commit is answered that certainly will not take effect. */
const REFUSALS: ReadonlySet<number> = new Set([
  ERROR_CODES.ILLEGAL_GENERATION,
  ERROR_CODES.UNKNOWN_MEMBER_ID,
  ERROR_CODES.FENCED_INSTANCE_ID,
  ERROR_CODES.REBALANCE_IN_PROGRESS,
  ERROR_CODES.STALE_MEMBER_EPOCH,
  ERROR_CODES.FENCED_MEMBER_EPOCH,
  ERROR_CODES.GROUP_ID_NOT_FOUND,
])

export class GroupOffsets {
  readonly #options: GroupOffsetsOptions
  #count = 0

  constructor(options: GroupOffsetsOptions) {
    this.#options = options
  }

  /** Null when nobody answers. */
  async commit(offsets: ReadonlyMap<number, number>, { memberId, epoch, instanceId }: Committer): Promise<CommitOutcome | null> {
    const { who, line, topic, version, history, nowMs } = this.#options
    const id = `${who}/${(this.#count += 1)}`
    const commits = Array.from(offsets, ([partition, offset]) => history.sending(`${id}/${partition}`, partition, offset, nowMs()))
    const partitions = commits.map((commit) => ({
      partitionIndex: commit.partition,
      committedOffset: commit.offset,
      committedMetadata: commit.id,
    }))
    const answer = await line.ask(offsetCommitApi, version, {
      groupId: line.groupId,
      generationIdOrMemberEpoch: epoch,
      memberId,
      groupInstanceId: instanceId,
      topics: [{ name: topic, partitions }],
    })
    if (answer === null) {
      for (const commit of commits) history.ended(commit, 'maybe', nowMs())
      return null
    }
    const codes = new Map(answer.topics.flatMap((each) => each.partitions).map((each) => [each.partitionIndex, each.errorCode]))
    for (const commit of commits) this.#ended(commit, codes.get(commit.partition) ?? ERROR_CODES.UNKNOWN_SERVER_ERROR)
    return codes
  }

  /** By partition, where to go on: 0 where nothing is committed. Null when nobody answers, and without those that cannot be told now. */
  async find(
    partitions: readonly number[],
    { memberId, epoch }: Pick<Committer, 'memberId' | 'epoch'>,
  ): Promise<ReadonlyMap<number, number> | number> {
    const { line, topic, version, history, nowMs } = this.#options
    const sentMs = nowMs()
    const asked = { groupId: line.groupId, memberId: memberId === '' ? null : memberId, memberEpoch: epoch }
    const topics = [{ name: topic, partitionIndexes: partitions }]
    const answer = await line.ask(offsetFetchApi, version, { groups: [{ ...asked, topics }], requireStable: true })
    const group = answer?.groups[0]
    if (group === undefined) return ERROR_CODES.COORDINATOR_NOT_AVAILABLE
    if (group.errorCode !== NONE) return group.errorCode
    const found = group.topics.flatMap((each) => each.partitions).filter(({ errorCode }) => errorCode === NONE)
    for (const { partitionIndex, committedOffset, metadata } of found) {
      history.found({ partition: partitionIndex, offset: committedOffset, id: metadata ?? '' }, sentMs, nowMs())
    }
    return new Map(found.map(({ partitionIndex, committedOffset }) => [partitionIndex, Math.max(0, committedOffset)]))
  }

  #ended(commit: Commit, errorCode: number): void {
    const { history, nowMs } = this.#options
    history.ended(commit, errorCode === NONE ? 'acknowledged' : REFUSALS.has(errorCode) ? 'refused' : 'maybe', nowMs())
  }
}
