/**
 * A member of a classic group: joins, asks for its assignment, sends heartbeats, and joins again when it is told to. When it leads, it
 * assigns. An eager one lets go of everything before it joins, a cooperative one of what it is not given again.
 */
import {
  CONSUMER_PROTOCOL_TYPE,
  type Decoded,
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
  ERROR_CODES,
  heartbeatApi,
  joinGroupApi,
  type joinGroupResponse,
  leaveGroupApi,
  syncGroupApi,
} from '@millrace/protocol'
import { dealOut, keepOwned } from './classic-assignor.ts'
import { isForLater, type Membership, type MembershipOptions, ShutOut, STAYED, unexpected } from './membership.ts'

type Joined = Decoded<typeof joinGroupResponse>

const HEARTBEAT_MS = 300
/** A join is answered when all have joined, or the time for that is over. */
const BEYOND_REBALANCE_MS = 3_000
const { NONE } = ERROR_CODES

export class ClassicMembership implements Membership {
  memberId = ''
  epoch = -1
  readonly owned = new Set<number>()
  readonly #options: MembershipOptions
  readonly #isCooperative: boolean
  #mustJoin = true
  /** What was asked was not answered, or not by the coordinator. */
  #isTroubled = false
  #heartbeatDueMs = 0
  /** An earlier life may have been about to join again. */
  #mayHaveLeftOff: boolean
  /** Nobody leads: the coordinator assigns. Null before it has joined. */
  #isInConsumerGroup: boolean | null = null
  /** Who coordinated when something was granted to it. */
  #coordinator: string | null = null
  /** Monotonic time at which it sent what was granted last: it was a member for as long as that at least. */
  #countedMs = 0

  constructor(options: MembershipOptions, isCooperative: boolean) {
    this.#options = options
    this.#isCooperative = isCooperative
    this.#mayHaveLeftOff = options.instanceId !== null
  }

  get isSettled(): boolean {
    return !this.#mustJoin && !this.#isTroubled
  }

  async attend(): Promise<void> {
    if (this.#mustJoin) return this.#join()
    if (this.#options.clock.monotonic() >= this.#heartbeatDueMs) return this.showLife()
  }

  async showLife(): Promise<void> {
    const { line, epochs, nowMs } = this.#options
    const beganMs = this.#options.clock.monotonic()
    this.#heartbeatDueMs = beganMs + HEARTBEAT_MS
    const sentMs = nowMs()
    const answer = await line.ask(heartbeatApi, 4, { ...this.#names, generationId: this.epoch })
    if (answer?.errorCode === NONE) {
      if (line.asked !== this.#coordinator) this.#options.sometimes(STAYED)
      this.#coordinator = line.asked
      this.#countedMs = beganMs
      epochs.granted('a heartbeat was taken', this.epoch, sentMs)
      this.#options.owners.granted(this.#options.who, [...this.owned], sentMs)
    }
    this.#heard('Heartbeat', answer)
  }

  heardRefusal(errorCode: number): void {
    const { sometimes, line } = this.#options
    line.heard(errorCode)
    switch (errorCode) {
      case ERROR_CODES.REBALANCE_IN_PROGRESS:
        this.#mustJoin = true
        break
      case ERROR_CODES.ILLEGAL_GENERATION:
        sometimes('a member of a classic group missed a generation')
        this.#lose()
        break
      case ERROR_CODES.UNKNOWN_MEMBER_ID:
        sometimes('a member of a classic group is not known any more')
        this.memberId = ''
        this.#lose()
        break
      case ERROR_CODES.FENCED_INSTANCE_ID:
        sometimes('a static member was replaced')
        throw new ShutOut()
    }
  }

  async leave(): Promise<void> {
    const { line, instanceId, owners, who } = this.#options
    owners.letGo(who, [...this.owned])
    this.owned.clear()
    if (this.memberId === '') return
    const members = [{ memberId: this.memberId, groupInstanceId: instanceId, reason: null }]
    await line.ask(leaveGroupApi, 5, { groupId: line.groupId, memberId: '', members })
  }

  async #join(): Promise<void> {
    const { line, epochs, topic, instanceId, times, nowMs, sometimes } = this.#options
    if (!this.#isCooperative) await this.#letGo([...this.owned])
    const claimed = [...this.owned]
    const ownedPartitions = claimed.length === 0 ? [] : [{ topic, partitions: claimed }]
    const metadata = encodeSubscription({ topics: [topic], ownedPartitions, generationId: this.epoch })
    const request = {
      groupId: line.groupId,
      sessionTimeoutMs: times.sessionMs,
      rebalanceTimeoutMs: times.rebalanceMs,
      memberId: this.memberId,
      groupInstanceId: instanceId,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocols: [{ name: this.#isCooperative ? 'cooperative' : 'eager', metadata }],
      reason: null,
    }
    const sentMs = nowMs()
    const answer = await line.ask(joinGroupApi, 9, request, times.rebalanceMs + BEYOND_REBALANCE_MS)
    if (this.memberId !== '' && (answer === null || isForLater(answer.errorCode))) {
      sometimes('a classic group lost its coordinator while members joined')
    }
    if (answer?.errorCode === ERROR_CODES.MEMBER_ID_REQUIRED) this.memberId = answer.memberId
    if (!this.#heard('JoinGroup', answer)) return
    epochs.granted('JoinGroup was answered', answer.generationId, sentMs)
    this.memberId = answer.memberId
    if (this.epoch >= 0 && this.#mayHaveBeenReplaced(answer)) {
      sometimes('a member of a classic group missed a generation')
      this.#lose()
    }
    this.#heardWhoLeads(answer.leader)
    await this.#sync(answer, claimed)
  }

  /**
   * Who does not join in time is told of no mistake when it joins the next time, and what it had was given to others meanwhile. A static
   * member of a classic group stays in it with what it last said of itself; in a consumer group, where nobody leads and generations are
   * those of everybody, who was fenced is let in again under the id that it had.
   */
  #mayHaveBeenReplaced({ leader, generationId }: Joined): boolean {
    const { clock, times } = this.#options
    if (leader !== '') return generationId > this.epoch + 1
    return clock.monotonic() - this.#countedMs > Math.min(times.sessionMs, times.rebalanceMs)
  }

  async #sync(joined: Joined, claimed: readonly number[]): Promise<void> {
    const { line, epochs, owners, instanceId, nowMs, sometimes, isMixed } = this.#options
    const { generationId, protocolType, protocolName } = joined
    const assignments = joined.leader === this.memberId && !joined.skipAssignment ? this.#assign(joined) : []
    const beganMs = this.#options.clock.monotonic()
    const sentMs = nowMs()
    const answer = await line.ask(syncGroupApi, 5, { ...this.#names, generationId, protocolType, protocolName, assignments })
    if (answer === null || isForLater(answer.errorCode))
      sometimes('a classic group lost its coordinator while members waited for partitions')
    if (!this.#heard('SyncGroup', answer)) return
    const partitions = decodeAssignment(answer.assignment).assignedPartitions.flatMap((assigned) => assigned.partitions)
    epochs.granted('SyncGroup was answered', generationId, sentMs)
    epochs.heard(generationId, nowMs())
    if (!isMixed) owners.assigned(instanceId ?? this.memberId, generationId, partitions)
    this.epoch = generationId
    this.#coordinator = line.asked
    this.#countedMs = beganMs
    this.#mustJoin = false
    const isGivenUp = (partition: number): boolean => !partitions.includes(partition)
    await this.#letGo([...this.owned].filter(isGivenUp))
    // It may have been shut out while it did.
    if (this.epoch !== generationId) return
    // Somebody waits for these, and gets them in the next generation. So it may be with what an earlier life of a static member was
    // told to let go of and died: nobody is asked to join when it comes back, and it cannot know.
    if (claimed.some(isGivenUp) || (this.#mayHaveLeftOff && this.#isCooperative)) this.#mustJoin = true
    this.#mayHaveLeftOff = false
    for (const partition of partitions) this.owned.add(partition)
    owners.has(this.#options.who, partitions, nowMs())
  }

  #heardWhoLeads(leader: string): void {
    const isInConsumerGroup = leader === ''
    const was = this.#isInConsumerGroup
    this.#isInConsumerGroup = isInConsumerGroup
    if (was === null || was === isInConsumerGroup) return
    const [from, to] = isInConsumerGroup ? ['classic', 'consumer'] : ['consumer', 'classic']
    this.#options.sometimes(`a ${from} group became a ${to} group, and a member stayed`)
  }

  #assign({ members, generationId }: Joined): { memberId: string; assignment: Uint8Array }[] {
    const { partitions, topic } = this.#options
    const shares = this.#isCooperative ? keepOwned(members, partitions) : dealOut(members, partitions, generationId)
    return Array.from(shares, ([memberId, share]) => ({
      memberId,
      assignment: encodeAssignment({ assignedPartitions: [{ topic, partitions: share }], userData: null }),
    }))
  }

  /** Whether it was granted. Rejects with `ShutOut`. */
  #heard<Answer extends { readonly errorCode: number }>(what: string, answer: Answer | null): answer is Answer {
    this.#isTroubled = answer === null || isForLater(answer.errorCode)
    if (answer === null) return false
    if (answer.errorCode === NONE) return true
    this.heardRefusal(answer.errorCode)
    if (!EXPECTED.has(answer.errorCode) && !this.#isTroubled) this.#options.complain(unexpected(what, answer.errorCode))
    return false
  }

  async #letGo(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    await this.#options.beforeLettingGo(partitions)
    for (const partition of partitions) this.owned.delete(partition)
    this.#options.owners.letGo(this.#options.who, partitions)
  }

  /** Others may have it all already. */
  #lose(): void {
    this.#options.onLost()
    this.#options.owners.letGo(this.#options.who, [...this.owned])
    this.owned.clear()
    this.epoch = -1
    this.#mustJoin = true
  }

  get #names(): { groupId: string; memberId: string; groupInstanceId: string | null } {
    return { groupId: this.#options.line.groupId, memberId: this.memberId, groupInstanceId: this.#options.instanceId }
  }
}

const EXPECTED: ReadonlySet<number> = new Set([
  ERROR_CODES.MEMBER_ID_REQUIRED,
  ERROR_CODES.REBALANCE_IN_PROGRESS,
  ERROR_CODES.ILLEGAL_GENERATION,
  ERROR_CODES.UNKNOWN_MEMBER_ID,
])
