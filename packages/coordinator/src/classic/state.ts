/**
 * What is known of a classic group. Its phases, as Kafka names them, and what leads from one to the next:
 *
 *   Empty -> PreparingRebalance                a member joins
 *   PreparingRebalance -> CompletingRebalance  all members joined again, or their time is over
 *   PreparingRebalance -> Empty                nobody is left when it is over
 *   CompletingRebalance -> Stable              the leader assigned
 *   CompletingRebalance -> PreparingRebalance  a member came, left, changed, or did not ask for what it was assigned
 *   Stable -> PreparingRebalance               the same, or the leader joined again
 *
 * `persisted` is what a failover leaves, and is changed by replay alone; with it go the members' assignments. All else lives as
 * long as this broker leads the partition.
 */
import type { Decoded } from '@millrace/protocol'
import type { groupMetadataRecord } from '../records/group-metadata-record.ts'
import type { ClassicMember, MemberProtocol, Waiter } from './member.ts'

export type GroupMetadataValue = Decoded<(typeof groupMetadataRecord)['value']>

export type ClassicPhase = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** When joining is over. The first rebalance of an empty group waits for more members, again and again, within `remainingMs`. */
export interface JoinDeadline {
  readonly dueMs: number
  readonly initial: { readonly delayMs: number; readonly remainingMs: number } | null
}

export class ClassicState {
  readonly groupId: string
  /** The last record of this group, or null if there is none. */
  persisted: GroupMetadataValue | null = null

  phase: ClassicPhase = 'Empty'
  /** Null in a new group, and where an old record does not tell. */
  phaseSinceMs: number | null = null
  /** Counts rebalances. Invariant: never falls. */
  generationId = 0
  /** Invariant: null only while the group never had a member. */
  protocolType: string | null = null
  /** What the members of this generation agreed on. Invariant: null unless CompletingRebalance or Stable. */
  protocolName: string | null = null
  /** Who assigns. Invariant: a member, or null if there is none. */
  leaderId: string | null = null
  /** In the order in which they came. */
  readonly members = new Map<string, ClassicMember>()
  /** Member ids by group instance id. */
  readonly staticMembers = new Map<string, string>()
  /** Ids that were given out and not come back with yet (KIP-394), with the end of their time. A rebalance waits for them. */
  readonly pendingMembers = new Map<string, number>()
  /** Members that have not asked for their assignment in this generation. */
  readonly pendingSync = new Set<string>()
  /** What the members read, if they are consumers whose metadata can be read. */
  subscribedTopics: ReadonlySet<string> | null = null

  /** Invariant: null unless PreparingRebalance. */
  joinDeadline: JoinDeadline | null = null
  /** The first rebalance after Empty is under way, and somebody came since its delay began. */
  newMemberAdded = false
  /** Invariant: null unless CompletingRebalance or Stable. */
  syncDeadlineMs: number | null = null
  /** When the group's timer is set to fire; not later than the first of all deadlines. */
  timerDueMs = Number.POSITIVE_INFINITY

  /** How many members wait for the end of the join phase. */
  awaitingJoinCount = 0
  /** Bytes of all members' protocols. */
  protocolBytes = 0
  /** How many members support a protocol. */
  readonly #supporters = new Map<string, number>()

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get isInitialRebalance(): boolean {
    return this.joinDeadline !== null && this.joinDeadline.initial !== null
  }

  get allMembersJoined(): boolean {
    return this.members.size === this.awaitingJoinCount && this.pendingMembers.size === 0
  }

  enter(phase: ClassicPhase, nowMs: number): void {
    this.phase = phase
    this.phaseSinceMs = nowMs
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId
  }

  add(member: ClassicMember): void {
    this.leaderId ??= member.memberId
    this.members.set(member.memberId, member)
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, member.memberId)
    this.#count(member.protocols, 1)
  }

  /** Another member, of the same instance id, stands where one stood. */
  replace(replaced: ClassicMember, member: ClassicMember): void {
    const wasLeader = this.isLeader(replaced.memberId)
    const wasPendingSync = this.pendingSync.has(replaced.memberId)
    this.remove(replaced)
    this.add(member)
    if (wasLeader) this.leaderId = member.memberId
    if (wasPendingSync) this.pendingSync.add(member.memberId)
  }

  /** Forgets a member that waits for nothing. */
  remove(member: ClassicMember): void {
    if (!this.members.delete(member.memberId)) return
    if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId)
    this.#count(member.protocols, -1)
    this.pendingSync.delete(member.memberId)
    if (this.isLeader(member.memberId)) this.leaderId = this.members.keys().next().value ?? null
  }

  /** The member waits for the end of the join phase. Gives who waited in its name before, if anybody. */
  awaitJoin(member: ClassicMember, waiter: Waiter): Waiter | null {
    const earlier = this.takeJoinWaiter(member)
    member.awaitingJoin = waiter
    this.awaitingJoinCount += 1
    return earlier
  }

  takeJoinWaiter(member: ClassicMember): Waiter | null {
    const waiter = member.awaitingJoin
    if (waiter !== null) this.awaitingJoinCount -= 1
    member.awaitingJoin = null
    return waiter
  }

  setProtocols(member: ClassicMember, protocols: readonly MemberProtocol[]): void {
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, 1)
  }

  /** Whoever has the given type and protocols could be a member. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.phase === 'Empty') return protocolType !== '' && protocols.length > 0
    return protocolType === this.protocolType && protocols.some(({ name }) => this.#isSupportedByAll(name))
  }

  /** The protocol that most members prefer among those that all of them support; of several, the one that was voted for first. */
  selectProtocol(): string | null {
    const votes = new Map<string, number>()
    for (const member of this.members.values()) {
      const vote = member.protocols.find(({ name }) => this.#isSupportedByAll(name))?.name
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    let selected: string | null = null
    for (const [name, count] of votes) if (selected === null || count > (votes.get(selected) as number)) selected = name
    return selected
  }

  /** The first of all deadlines. */
  nextDeadlineMs(): number {
    let dueMs = Math.min(this.joinDeadline?.dueMs ?? Number.POSITIVE_INFINITY, this.syncDeadlineMs ?? Number.POSITIVE_INFINITY)
    for (const deadlineMs of this.pendingMembers.values()) dueMs = Math.min(dueMs, deadlineMs)
    for (const { sessionDeadlineMs } of this.members.values()) dueMs = Math.min(dueMs, sessionDeadlineMs)
    return dueMs
  }

  #isSupportedByAll(name: string): boolean {
    return (this.#supporters.get(name) ?? 0) === this.members.size
  }

  #count(protocols: readonly MemberProtocol[], change: 1 | -1): void {
    for (const { name, metadata } of protocols) {
      this.protocolBytes += change * metadata.length
      const count = (this.#supporters.get(name) ?? 0) + change
      if (count === 0) this.#supporters.delete(name)
      else this.#supporters.set(name, count)
    }
  }
}
