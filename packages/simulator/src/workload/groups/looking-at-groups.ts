/** A client that belongs to no group, and looks at what groups have committed and who is in them. */
import { consumerGroupDescribeApi, describeGroupsApi, ERROR_CODES } from '@millrace/protocol'
import type { Address, Runtime } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import { Requester } from '../wire/requester.ts'
import type { GroupHistory } from './group-history.ts'
import { GroupLine } from './group-line.ts'
import { GroupOffsets } from './group-offsets.ts'
import { type GroupProtocol, isMixed } from './taking-part.ts'

export interface GroupLookerOptions {
  readonly name: string
  readonly runtime: Runtime
  readonly brokers: readonly Address[]
  readonly topic: string
  readonly partitions: readonly number[]
  readonly random: RandomStream
  nowMs(): number
}

const NO_MEMBER = { memberId: '', epoch: -1 }

export class GroupLooker {
  readonly #options: GroupLookerOptions
  readonly #requester: Requester

  constructor(options: GroupLookerOptions) {
    this.#options = options
    this.#requester = new Requester(options.runtime, options.name)
  }

  /** By partition; null while not all can be looked up. What is found is held against what is known of the group. */
  async findOffsets(history: GroupHistory): Promise<ReadonlyMap<number, number> | null> {
    const { name, topic, partitions, nowMs } = this.#options
    const offsets = new GroupOffsets({ who: name, line: this.#lineTo(history), topic, version: 8, history: history.offsets, nowMs })
    const found = await offsets.find(partitions, NO_MEMBER)
    return typeof found !== 'number' && found.size === partitions.length ? found : null
  }

  /** Null while nobody can tell, or a group that nobody is in is not written as empty: until then a failover brings members back. */
  async memberIds(history: GroupHistory, protocol: GroupProtocol): Promise<readonly string[] | null> {
    if (isMixed(protocol)) {
      // It is in one of them, and no group in the other.
      const found = [await this.memberIds(history, 'consumer'), await this.memberIds(history, 'eager')]
      return found.includes(null) ? null : found.flatMap((ids) => ids ?? [])
    }
    const line = this.#lineTo(history)
    const answer =
      protocol === 'consumer'
        ? await line.ask(consumerGroupDescribeApi, 1, { groupIds: [history.groupId], includeAuthorizedOperations: false })
        : await line.ask(describeGroupsApi, 5, { groups: [history.groupId] })
    const group = answer?.groups[0]
    if (group?.errorCode === ERROR_CODES.GROUP_ID_NOT_FOUND) return []
    if (group?.errorCode !== ERROR_CODES.NONE) return null
    const isWritten = group.members.length > 0 || group.groupState === 'Empty' || group.groupState === 'Dead'
    return isWritten ? group.members.map(({ memberId }) => memberId) : null
  }

  close(): void {
    this.#requester.close()
  }

  #lineTo({ groupId }: GroupHistory): GroupLine {
    const { name, brokers, random } = this.#options
    return new GroupLine({ requester: this.#requester, brokers, random, groupId, clientId: name })
  }
}
