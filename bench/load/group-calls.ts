/** What members of groups ask of their coordinator. Each throws when it is refused. */
import {
  consumerGroupHeartbeatApi,
  describeGroupsApi,
  encodeSubscription,
  ERROR_CODES,
  errorName,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
} from '@millrace/protocol'
import type { Caller } from './caller.ts'

/** A member may join with it at once, without asking for an id first. */
const JOIN_VERSION = 3
const SYNC_VERSION = 3
const DESCRIBE_VERSION = 0
const HEARTBEAT_VERSION = 3
const COMMIT_VERSION = 8
const FETCH_VERSION = 7
const FIND_VERSION = 3
const CONSUMER_HEARTBEAT_VERSION = 1
const SESSION_TIMEOUT_MS = 60_000
const RETRY_MS = 20
const DEADLINE_MS = 60_000

/** Until the coordinators serve: nobody has used them before. */
export async function awaitCoordinator(caller: Caller, key: string, type: 'group' | 'transaction'): Promise<void> {
  const keyType = type === 'group' ? 0 : 1
  await untilServed(
    `find the coordinator of ${key}`,
    async () => (await caller.call(findCoordinatorApi, FIND_VERSION, { key, keyType })).errorCode,
  )
}

/** Asks again while the broker says that it is not ready. */
export async function untilServed(what: string, attempt: () => Promise<number>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  for (;;) {
    const errorCode = await attempt()
    if (errorCode === ERROR_CODES.NONE) return
    if (!NOT_READY.has(errorCode) || performance.now() > deadlineMs) throw new Error(`${what}: ${errorName(errorCode)}`)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

const NOT_READY: ReadonlySet<number> = new Set([
  ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS,
  ERROR_CODES.COORDINATOR_NOT_AVAILABLE,
  ERROR_CODES.NOT_COORDINATOR,
  ERROR_CODES.CONCURRENT_TRANSACTIONS,
])

export type Membership = { readonly groupId: string; readonly memberId: string; readonly generationId: number }

/** Resolves when the rebalance that this join begins or takes part in is through. */
export async function join(caller: Caller, groupId: string, topic: string, memberId = ''): Promise<Membership> {
  let membership: Membership = { groupId, memberId, generationId: -1 }
  await untilServed(`join ${groupId}`, async () => {
    const answer = await caller.call(joinGroupApi, JOIN_VERSION, {
      groupId,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: SESSION_TIMEOUT_MS,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: encodeSubscription({ topics: [topic] }) }],
    })
    membership = { groupId, memberId: answer.memberId, generationId: answer.generationId }
    return answer.errorCode
  })
  return membership
}

export async function countMembers(caller: Caller, groupId: string): Promise<number> {
  const { groups } = await caller.call(describeGroupsApi, DESCRIBE_VERSION, { groups: [groupId] })
  return groups[0]?.members.length ?? 0
}

/** `assignees` get an assignment of `bytes`, if this member is the one who says so. */
export async function sync(caller: Caller, member: Membership, assignees: readonly string[], bytes = 30): Promise<void> {
  const assignments = assignees.map((memberId) => ({ memberId, assignment: new Uint8Array(bytes) }))
  const answer = await caller.call(syncGroupApi, SYNC_VERSION, { ...member, assignments })
  refuse(`sync ${member.groupId}`, answer.errorCode)
}

export async function heartbeat(caller: Caller, member: Membership): Promise<void> {
  const { errorCode } = await caller.call(heartbeatApi, HEARTBEAT_VERSION, member)
  refuse(`heartbeat of ${member.memberId}`, errorCode)
}

export async function commitOffsets(caller: Caller, groupId: string, topic: string, partitions: number, offset: number): Promise<void> {
  const committed = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    committedOffset: offset,
    committedMetadata: '',
  }))
  await untilServed(`commit of ${groupId}`, async () => {
    const answer = await caller.call(offsetCommitApi, COMMIT_VERSION, { groupId, topics: [{ name: topic, partitions: committed }] })
    return answer.topics[0]?.partitions.find(({ errorCode }) => errorCode !== ERROR_CODES.NONE)?.errorCode ?? ERROR_CODES.NONE
  })
}

/** How many partitions the group has committed offsets for; waits while its coordinator loads. */
export async function countOffsets(caller: Caller, groupId: string): Promise<number> {
  let count = 0
  await untilServed(`fetch offsets of ${groupId}`, async () => {
    const answer = await caller.call(offsetFetchApi, FETCH_VERSION, { groupId, topics: null, requireStable: true })
    count = answer.topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
    return answer.errorCode
  })
  return count
}

export type Beat = {
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** Null: as it was. */
  readonly assigned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] | null
}

export type BeatOptions = {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  /** Only when it joins. */
  readonly topic?: string
  readonly owned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[]
}

/** A heartbeat of the new protocol (KIP-848). */
export async function beat(caller: Caller, { topic, owned, ...member }: BeatOptions): Promise<Beat> {
  const answer = await caller.call(consumerGroupHeartbeatApi, CONSUMER_HEARTBEAT_VERSION, {
    ...member,
    ...(topic === undefined ? {} : { subscribedTopicNames: [topic], rebalanceTimeoutMs: SESSION_TIMEOUT_MS }),
    topicPartitions: owned,
  })
  refuse(`heartbeat of ${member.memberId}`, answer.errorCode)
  const { memberEpoch, heartbeatIntervalMs, assignment } = answer
  return { memberEpoch, heartbeatIntervalMs, assigned: assignment?.topicPartitions ?? null }
}

function refuse(what: string, errorCode: number): void {
  if (errorCode !== ERROR_CODES.NONE) throw new Error(`${what}: ${errorName(errorCode)}`)
}
