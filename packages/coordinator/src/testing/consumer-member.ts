/**
 * A client of the consumer protocol (KIP-848), as a test needs it: joins, gives up and takes what it is told, and sends again all it
 * knows when an answer was lost.
 */
import { ERROR_CODES, errorName } from '@millrace/protocol'
import type { GroupApis } from '../group/requests.ts'
import type { GroupHarness } from './group-harness.ts'

type Request = GroupApis['ConsumerGroupHeartbeat']['request']
type Response = GroupApis['ConsumerGroupHeartbeat']['response']

interface Options {
  readonly groupId?: string
  readonly topics?: readonly string[]
  readonly expression?: string
  readonly instanceId?: string
  readonly assignor?: string
  readonly apiVersion?: number
  readonly rebalanceTimeoutMs?: number
}

/** Whoever hears one of these has nothing any more, and joins anew. */
const FENCED: ReadonlySet<number> = new Set([
  ERROR_CODES.FENCED_MEMBER_EPOCH,
  ERROR_CODES.GROUP_ID_NOT_FOUND,
  ERROR_CODES.UNKNOWN_MEMBER_ID,
])

export class ConsumerMember {
  memberId: string
  epoch = 0
  /** By topic id, the partitions that it reads. */
  owned = new Map<string, readonly number[]>()
  /** How long it is to wait until its next heartbeat. */
  intervalMs = 0
  readonly groupId: string
  readonly #harness: GroupHarness
  readonly #options: Options
  topics: readonly string[]
  /** Whether everything has to be said with the next heartbeat. */
  #saysAll = true
  /** What it was told to have, while it still has to let go of something. */
  #told: Map<string, readonly number[]> | null = null

  constructor(harness: GroupHarness, memberId: string, options: Options = {}) {
    this.#harness = harness
    this.#options = options
    this.memberId = memberId
    this.groupId = options.groupId ?? 'group'
    this.topics = options.topics ?? []
  }

  /** One heartbeat and what follows from its answer. Gives the name of the error, or NONE. */
  heartbeat(): string {
    return this.receive(this.send(this.request()))
  }

  /** Its request reaches the coordinator, and the answer does not come back. */
  heartbeatWithLostAnswer(): void {
    this.send(this.request())
    this.#saysAll = true
  }

  /** Until it is told to come back no sooner than a member at rest is. */
  settle(rounds = 20): this {
    for (let round = 0; round < rounds; round += 1) {
      this.heartbeat()
      if (this.#told === null && this.intervalMs >= this.#harness.settings.consumerRestingHeartbeatIntervalMs) return this
    }
    throw new Error(`${this.memberId} does not settle`)
  }

  leave(epoch: -1 | -2 = -1): string {
    const response = this.send({ ...this.#bare(), memberEpoch: epoch })
    this.epoch = 0
    this.owned.clear()
    this.#told = null
    this.#saysAll = true
    return errorName(response.errorCode)
  }

  subscribe(...topics: string[]): void {
    this.topics = topics
    this.#saysAll = true
  }

  request(): Request {
    const { instanceId = null, assignor = null, expression = null, rebalanceTimeoutMs = 60_000 } = this.#options
    if (!this.#saysAll) return { ...this.#bare(), topicPartitions: this.#told === null ? null : this.partitions }
    return {
      ...this.#bare(),
      instanceId,
      rebalanceTimeoutMs,
      subscribedTopicNames: this.topics.length === 0 && expression !== null ? null : this.topics,
      subscribedTopicRegex: expression,
      serverAssignor: assignor,
      topicPartitions: this.epoch === 0 ? [] : this.partitions,
    }
  }

  get partitions(): { topicId: string; partitions: readonly number[] }[] {
    return [...this.owned].map(([topicId, partitions]) => ({ topicId, partitions }))
  }

  /** As "topic:partitions", for expectations. */
  get has(): string {
    const names = new Map([...this.#harness.topics.values()].map(({ id, name }) => [id, name]))
    return [...this.owned]
      .map(([topicId, partitions]) => `${names.get(topicId) ?? topicId}:${partitions.join()}`)
      .sort()
      .join(' ')
  }

  send(request: Request): Response {
    return this.#harness.ask('ConsumerGroupHeartbeat', request, { apiVersion: this.#options.apiVersion ?? 1, clientId: this.memberId })
  }

  receive(response: Response): string {
    const { errorCode, memberEpoch, heartbeatIntervalMs, assignment } = response
    if (errorCode === ERROR_CODES.NONE) {
      this.epoch = memberEpoch
      this.memberId = response.memberId ?? this.memberId
      this.intervalMs = heartbeatIntervalMs
      this.#saysAll = false
      if (assignment == null) this.#told = null
      else this.#take(new Map(assignment.topicPartitions.map(({ topicId, partitions }) => [topicId, partitions])))
    } else if (FENCED.has(errorCode)) {
      this.epoch = 0
      this.owned.clear()
      this.#told = null
      this.#saysAll = true
    }
    return errorName(errorCode)
  }

  /** It lets go at once of what it is not to have, and says so with its next heartbeat. */
  #take(told: Map<string, readonly number[]>): void {
    const lets = [...this.owned].some(([topicId, partitions]) =>
      partitions.some((partition) => told.get(topicId)?.includes(partition) !== true),
    )
    this.owned = told
    this.#told = lets ? told : null
  }

  #bare(): Request {
    return {
      groupId: this.groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId: this.#options.instanceId ?? null,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
    }
  }
}
