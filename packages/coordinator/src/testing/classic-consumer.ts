/**
 * A consumer that speaks the classic protocol, as a test needs it: it joins, asks for its assignment, and joins again when it is told
 * to. When it leads, it gives every member of the group the partitions of the topics in turn, as its kind of assignor does.
 */
import {
  CONSUMER_PROTOCOL_TYPE,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  errorName,
} from '@millrace/protocol'
import type { GroupApis } from '../group/requests.ts'
import type { ReplyToken } from '../machine.ts'
import type { GroupHarness } from './group-harness.ts'

type JoinResponse = GroupApis['JoinGroup']['response']

interface Options {
  readonly topics?: readonly string[]
  readonly instanceId?: string
  readonly protocol?: string
  /** Gives up only what it is told to, instead of everything before it joins. */
  readonly isCooperative?: boolean
  readonly sessionTimeoutMs?: number
}

const GROUP = 'group'
export const CLASSIC_SESSION_MS = 45_000

export class ClassicConsumer {
  memberId = ''
  generationId = -1
  /** By topic name. */
  owned = new Map<string, readonly number[]>()
  /** The error of the last answer. */
  error = 'NONE'
  topics: readonly string[]
  readonly #harness: GroupHarness
  readonly #clientId: string
  readonly #options: Options
  #joining: ReplyToken | null = null
  #syncing: ReplyToken | null = null
  #mustJoin = true

  constructor(harness: GroupHarness, clientId: string, options: Options = {}) {
    this.#harness = harness
    this.#clientId = clientId
    this.#options = options
    this.topics = options.topics ?? ['orders']
  }

  get has(): string {
    return [...this.owned]
      .map(([topic, partitions]) => `${topic}:${partitions.join()}`)
      .sort()
      .join(' ')
  }

  get isJoining(): boolean {
    return this.#mustJoin || this.#joining !== null || this.#syncing !== null
  }

  /** Does what comes next: asks what it waits for, joins, or sends a heartbeat. */
  poll(): this {
    if (this.#joining !== null) this.#takeJoin(this.#joining)
    else if (this.#syncing !== null) this.#takeSync(this.#syncing)
    else if (this.#mustJoin) this.#join()
    else this.#heartbeat()
    return this
  }

  leave(): string {
    const members = [{ memberId: this.memberId, groupInstanceId: this.#options.instanceId ?? null, reason: null }]
    const answer = this.#harness.ask('LeaveGroup', { groupId: GROUP, memberId: '', members }, { apiVersion: 5 })
    this.#beginAnew()
    return errorName(answer.members?.[0]?.errorCode ?? -1)
  }

  /** Nobody answers what it waits for. */
  connectionLost(): void {
    if (this.#joining !== null || this.#syncing !== null) this.#mustJoin = true
    this.#joining = null
    this.#syncing = null
  }

  #join(): void {
    if (this.#options.isCooperative !== true) this.owned.clear()
    const ownedPartitions = [...this.owned].map(([topic, partitions]) => ({ topic, partitions }))
    const metadata = encodeSubscription({ topics: this.topics, ownedPartitions, generationId: this.generationId })
    const body = {
      groupId: GROUP,
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? CLASSIC_SESSION_MS,
      rebalanceTimeoutMs: 60_000,
      memberId: this.memberId,
      groupInstanceId: this.#options.instanceId ?? null,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocols: [{ name: this.#options.protocol ?? 'range', metadata }],
      reason: null,
    }
    this.#mustJoin = false
    this.#joining = this.#harness.send('JoinGroup', body, { apiVersion: 9, clientId: this.#clientId })
    this.#takeJoin(this.#joining)
  }

  #takeJoin(token: ReplyToken): void {
    const answer = this.#harness.answerTo(token, 'JoinGroup')
    if (answer === undefined) return
    this.#joining = null
    this.error = errorName(answer.errorCode)
    if (this.error === 'MEMBER_ID_REQUIRED') this.memberId = answer.memberId
    if (this.error !== 'NONE') return this.#failed()
    this.memberId = answer.memberId
    this.generationId = answer.generationId ?? -1
    this.#sync(answer)
  }

  #sync(joined: JoinResponse): void {
    const body = {
      groupId: GROUP,
      generationId: this.generationId,
      memberId: this.memberId,
      groupInstanceId: this.#options.instanceId ?? null,
      protocolType: joined.protocolType ?? null,
      protocolName: joined.protocolName,
      assignments: joined.leader === this.memberId ? this.#assign(joined) : [],
    }
    this.#syncing = this.#harness.send('SyncGroup', body, { apiVersion: 5 })
    this.#takeSync(this.#syncing)
  }

  #takeSync(token: ReplyToken): void {
    const answer = this.#harness.answerTo(token, 'SyncGroup')
    if (answer === undefined) return
    this.#syncing = null
    this.error = errorName(answer.errorCode)
    if (this.error !== 'NONE') return this.#failed()
    const { assignedPartitions } = decodeAssignment(answer.assignment)
    const told = new Map(assignedPartitions.map(({ topic, partitions }) => [topic, partitions]))
    const lets = [...this.owned].some(([topic, partitions]) =>
      partitions.some((partition) => told.get(topic)?.includes(partition) !== true),
    )
    this.owned = told
    // A cooperative consumer that had to give something up joins again to say so.
    if (lets) this.#mustJoin = true
  }

  #heartbeat(): void {
    const { memberId, generationId } = this
    const body = { groupId: GROUP, generationId, memberId, groupInstanceId: this.#options.instanceId ?? null }
    this.error = errorName(this.#harness.ask('Heartbeat', body, { apiVersion: 4 }).errorCode)
    if (this.error !== 'NONE') this.#failed()
  }

  #failed(): void {
    this.#mustJoin = true
    if (this.error === 'UNKNOWN_MEMBER_ID' || this.error === 'ILLEGAL_GENERATION') this.#beginAnew()
  }

  #beginAnew(): void {
    this.memberId = ''
    this.generationId = -1
    this.owned.clear()
    this.#mustJoin = true
  }

  #assign({ members }: JoinResponse): { memberId: string; assignment: Uint8Array }[] {
    const given = new Map(members.map(({ memberId }) => [memberId, new Map<string, number[]>()]))
    for (const { name, partitionCount } of this.#harness.topics.values()) {
      const readers = members.filter(({ metadata }) => decodeSubscription(metadata).topics.includes(name))
      for (let partition = 0; partition < partitionCount && readers.length > 0; partition += 1) {
        const { memberId } = readers[partition % readers.length] as (typeof readers)[number]
        // Whoever has it is told first to let go of it.
        const owner = this.#options.isCooperative === true ? members.find(({ metadata }) => hasOne(metadata, name, partition)) : undefined
        if (owner !== undefined && owner.memberId !== memberId) continue
        const topics = given.get(memberId) as Map<string, number[]>
        topics.set(name, [...(topics.get(name) ?? []), partition])
      }
    }
    return [...given].map(([memberId, topics]) => ({
      memberId,
      assignment: encodeAssignment({
        assignedPartitions: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
        userData: null,
      }),
    }))
  }
}

function hasOne(subscription: Uint8Array, topic: string, partition: number): boolean {
  return decodeSubscription(subscription).ownedPartitions.some((owned) => owned.topic === topic && owned.partitions.includes(partition))
}
