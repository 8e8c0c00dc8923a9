/**
 * A member of a consumer group (KIP-848): says in heartbeats what it has, hears what it is to have, lets go of what that leaves out and
 * says so, and tells everything it knows again after an answer was lost.
 */
import {
  consumerGroupHeartbeatApi,
  type Decoded,
  type consumerGroupHeartbeatResponse,
  ERROR_CODES,
  uuidFromBytes,
} from '@millrace/protocol'
import type { RandomStream } from '../../core/random-streams.ts'
import { isForLater, type Membership, type MembershipOptions, ShutOut, STAYED, unexpected } from './membership.ts'

type Answer = Decoded<typeof consumerGroupHeartbeatResponse>

const AGAIN_AFTER_MS = 200
const LEAVES = -1
const LEAVES_FOR_A_WHILE = -2
const { NONE } = ERROR_CODES

export class ConsumerMembership implements Membership {
  readonly memberId: string
  epoch = 0
  readonly owned = new Set<number>()
  readonly #options: MembershipOptions
  readonly #assignor: string | null
  #topicId: string | null = null
  /** With the next heartbeat everything has to be said. */
  #saysAll = true
  /** It was told to let go of some, and has not heard yet that this is known. */
  #isLettingGo = false
  #isTroubled = false
  #heartbeatDueMs = 0
  #hasJoined = false
  /** Who coordinated when something was granted to it. */
  #coordinator: string | null = null

  constructor(options: MembershipOptions, random: RandomStream) {
    this.#options = options
    this.memberId = uuidFromBytes(random.bytes(16))
    this.#assignor = random.pick([null, 'uniform', 'range'])
  }

  get isSettled(): boolean {
    return this.epoch > 0 && !this.#isLettingGo && !this.#isTroubled
  }

  async attend(): Promise<void> {
    const { clock, line, owners, epochs, who, nowMs } = this.#options
    if (clock.monotonic() < this.#heartbeatDueMs) return
    const sentMs = nowMs()
    const isJoining = this.epoch === 0
    const had = [...this.owned]
    const answer = await line.ask(consumerGroupHeartbeatApi, 1, this.#request())
    this.#heartbeatDueMs = clock.monotonic() + AGAIN_AFTER_MS
    this.#isTroubled = answer === null || isForLater(answer.errorCode)
    if (answer?.errorCode !== NONE) {
      // It may have been heard, and what it said need not be said again; but who knows.
      this.#saysAll = true
      if (answer !== null) this.#refused(answer.errorCode)
      return
    }
    owners.granted(who, had, sentMs)
    if (isJoining && !this.#hasJoined) epochs.granted('a member was let in', answer.memberEpoch, sentMs)
    this.#hasJoined = true
    await this.#granted(answer, isJoining)
  }

  async showLife(): Promise<void> {
    const { line, owners, who, nowMs } = this.#options
    if (this.epoch <= 0) return
    const sentMs = nowMs()
    const had = [...this.owned]
    const answer = await line.ask(consumerGroupHeartbeatApi, 1, this.#nothingNew())
    if (answer === null) this.#saysAll = true
    else if (answer.errorCode === NONE) owners.granted(who, had, sentMs)
    else this.#refused(answer.errorCode)
  }

  heardRefusal(errorCode: number): void {
    const { sometimes, line } = this.#options
    line.heard(errorCode)
    switch (errorCode) {
      case ERROR_CODES.UNKNOWN_MEMBER_ID:
      case ERROR_CODES.FENCED_MEMBER_EPOCH:
      case ERROR_CODES.GROUP_ID_NOT_FOUND:
        sometimes('a member of a consumer group was fenced')
        return this.#lose()
      case ERROR_CODES.STALE_MEMBER_EPOCH:
        sometimes('a member of a consumer group asked with an epoch that had passed')
        this.#saysAll = true
        this.#heartbeatDueMs = 0
        return
      case ERROR_CODES.FENCED_INSTANCE_ID:
        sometimes('a static member was replaced')
        throw new ShutOut()
      case ERROR_CODES.UNRELEASED_INSTANCE_ID:
        sometimes('a static member came back before it was missed')
        return
    }
  }

  async leave(): Promise<void> {
    const { line, instanceId, owners, who } = this.#options
    owners.letGo(who, [...this.owned])
    this.owned.clear()
    if (this.epoch === 0) return
    const memberEpoch = instanceId === null ? LEAVES : LEAVES_FOR_A_WHILE
    await line.ask(consumerGroupHeartbeatApi, 1, { ...this.#nothingNew(), memberEpoch })
  }

  async #granted({ memberEpoch, heartbeatIntervalMs, assignment }: Answer, isJoining: boolean): Promise<void> {
    const { clock, line, epochs, complain, nowMs, who, sometimes } = this.#options
    if (!isJoining && line.asked !== this.#coordinator) sometimes(STAYED)
    this.#coordinator = line.asked
    if (!isJoining && memberEpoch < this.epoch) complain(`${who} was in epoch ${this.epoch}, and was told of ${memberEpoch}`)
    this.epoch = memberEpoch
    epochs.heard(memberEpoch, nowMs())
    this.#saysAll = false
    this.#heartbeatDueMs = clock.monotonic() + heartbeatIntervalMs
    if (assignment === null) {
      this.#isLettingGo = false
      return
    }
    const partitions = assignment.topicPartitions.flatMap((assigned) => assigned.partitions)
    this.#topicId = assignment.topicPartitions[0]?.topicId ?? this.#topicId
    const lost = [...this.owned].filter((partition) => !partitions.includes(partition))
    this.#isLettingGo = lost.length > 0
    if (lost.length > 0) {
      sometimes('a member of a consumer group has to let go')
      await this.#options.beforeLettingGo(lost)
      // It may have been fenced while it did.
      if (this.epoch !== memberEpoch) return
      for (const partition of lost) this.owned.delete(partition)
      this.#options.owners.letGo(who, lost)
      this.#heartbeatDueMs = 0
    }
    for (const partition of partitions) this.owned.add(partition)
    this.#options.owners.has(who, partitions, nowMs())
  }

  #refused(errorCode: number): void {
    this.heardRefusal(errorCode)
    if (!EXPECTED.has(errorCode) && !isForLater(errorCode)) this.#options.complain(unexpected('ConsumerGroupHeartbeat', errorCode))
  }

  /** Others may have it all already. */
  #lose(): void {
    this.#options.onLost()
    this.#options.owners.letGo(this.#options.who, [...this.owned])
    this.owned.clear()
    this.epoch = 0
    this.#isLettingGo = false
    this.#saysAll = true
  }

  #request() {
    const bare = this.#nothingNew()
    const topicPartitions = this.#topicPartitions()
    if (!this.#saysAll) return this.#isLettingGo ? { ...bare, topicPartitions } : bare
    return {
      ...bare,
      rebalanceTimeoutMs: this.#options.times.rebalanceMs,
      subscribedTopicNames: [this.#options.topic],
      serverAssignor: this.#assignor,
      topicPartitions: this.epoch === 0 ? [] : topicPartitions,
    }
  }

  #topicPartitions(): { topicId: string; partitions: number[] }[] {
    return this.#topicId === null || this.owned.size === 0 ? [] : [{ topicId: this.#topicId, partitions: [...this.owned] }]
  }

  #nothingNew() {
    const { memberId, epoch } = this
    return { groupId: this.#options.line.groupId, memberId, memberEpoch: epoch, instanceId: this.#options.instanceId }
  }
}

const EXPECTED: ReadonlySet<number> = new Set([
  ERROR_CODES.UNKNOWN_MEMBER_ID,
  ERROR_CODES.FENCED_MEMBER_EPOCH,
  ERROR_CODES.GROUP_ID_NOT_FOUND,
  ERROR_CODES.UNRELEASED_INSTANCE_ID,
])
