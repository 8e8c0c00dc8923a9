/**
 * A consumer group (KIP-848): what survives a failover, and how records change it. Nothing else changes it.
 *
 * Epochs drive it. The group epoch goes up when members, subscriptions or topics change. The assignment epoch follows when the target
 * assignment has been computed for it. Each member's epoch follows when the member has let go of what the target takes from it.
 *
 * Records come in the order of the log, but compaction may have removed the earlier ones of a key: what a member has may be replayed
 * before what it is. So no order is asked for, and a tombstone of what is not there is nothing.
 */
import { CONSUMER_PROTOCOL_TYPE, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { CommitCheck, CommitClaim, FetchClaim, Group, RetentionStart } from '../group/group.ts'
import type { GroupTurn } from '../group/turn.ts'
import { type Assignment, NOTHING_ASSIGNED, toAssignment } from './assignment.ts'
import { deleteConsumerGroup } from './delete-group.ts'
import { checkCommit, checkFetch } from './offset-access.ts'
import { fromRecord, type OwnedPartitions } from './owned-partitions.ts'
import { type CurrentAssignment, isReconciled, NEW_MEMBER } from './reconciliation.ts'
import { type Subscription, Subscriptions } from './subscription/subscriptions.ts'
import type { ConsumerGroupRecord, CurrentAssignmentValue, MemberMetadata, ResolvedExpression } from '../records/consumer-group-records.ts'

export interface ConsumerGroupMember {
  readonly memberId: string
  readonly metadata: MemberMetadata
  /** Derived from the metadata, and shared with all members that subscribe to the same. */
  readonly subscription: Subscription
  readonly current: CurrentAssignment
}

interface UnwrittenTarget {
  readonly groupEpoch: number
  readonly assigned: ReadonlyMap<string, Assignment>
}

/** As Kafka prints them. A group that does not exist is Dead. */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

const UNKNOWN_METADATA: MemberMetadata = {
  instanceId: null,
  rackId: null,
  clientId: '',
  clientHost: '',
  subscribedTopicNames: [],
  subscribedTopicRegex: null,
  rebalanceTimeoutMs: -1,
  serverAssignor: null,
  classicMemberMetadata: null,
}

export class ConsumerGroup implements Group {
  readonly type = 'consumer'
  readonly protocolType = CONSUMER_PROTOCOL_TYPE
  readonly groupId: string
  /** Invariant: never falls. As in Apache Kafka a group begins with 1, and the first member that joins makes it 2. */
  groupEpoch = 1
  /** What the topics were, as of the group epoch, to which members subscribe. */
  metadataHash = 0
  /** Invariant: assignmentEpoch <= groupEpoch. */
  assignmentEpoch = 0
  assignedAtMs = 0
  readonly #members = new Map<string, ConsumerGroupMember>()
  /** Invariant: each instance id stands for the one member that has it. */
  readonly #memberIdByInstance = new Map<string, string>()
  readonly #targets = new Map<string, Assignment>()
  /** Derived: what members subscribe to. */
  readonly subscriptions = new Subscriptions()
  /** Derived: by topic id and partition, the member that has it, or has not let go of it. */
  readonly #owners = new Map<string, Map<number, string>>()
  readonly #expressions = new Map<string, ResolvedExpression>()
  /** Not stored: a target of which not all is written yet, for it did not fit one batch. */
  unwrittenTarget: UnwrittenTarget | null = null
  /** Not stored: the state of the topics that the group was last compared with, and of those that each expression was. */
  topicsVersion = -1
  readonly expressionsAsOf = new Map<string, number>()

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get members(): ReadonlyMap<string, ConsumerGroupMember> {
    return this.#members
  }

  get targets(): ReadonlyMap<string, Assignment> {
    return this.#targets
  }

  /** The topics that regular expressions stand for. */
  get expressions(): ReadonlyMap<string, ResolvedExpression> {
    return this.#expressions
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  get state(): ConsumerGroupState {
    if (this.#members.size === 0) return 'Empty'
    if (this.groupEpoch > this.assignmentEpoch) return 'Assigning'
    for (const { current } of this.#members.values()) if (!isReconciled(current, this.assignmentEpoch)) return 'Reconciling'
    return 'Stable'
  }

  memberOfInstance(instanceId: string): ConsumerGroupMember | undefined {
    return this.#members.get(this.#memberIdByInstance.get(instanceId) ?? '')
  }

  targetOf(memberId: string): Assignment {
    return this.#targets.get(memberId) ?? NOTHING_ASSIGNED
  }

  ownerOf(topicId: string, partition: number): string | undefined {
    return this.#owners.get(topicId)?.get(partition)
  }

  checkOffsetCommit(claim: CommitClaim): CommitCheck {
    return checkCommit(this.#members, claim)
  }

  /** Members of the consumer protocol show with heartbeats alone that they live. */
  offsetsCommitted(): void {}

  checkOffsetFetch(claim: FetchClaim): ErrorCode {
    return checkFetch(this.#members, claim)
  }

  get stateName(): string {
    return this.state
  }

  /** ConsumerGroupDescribe tells of it. */
  describe(): null {
    return null
  }

  /** Offsets of what members read do not expire, all others by their age. */
  retentionStart(): RetentionStart {
    return ({ commitTimestamp }) => commitTimestamp
  }

  checkDelete(): ErrorCode {
    return this.isEmpty ? ERROR_CODES.NONE : ERROR_CODES.NON_EMPTY_GROUP
  }

  delete(turn: GroupTurn): void {
    deleteConsumerGroup(turn, this)
  }

  checkOffsetDelete(): ErrorCode {
    return ERROR_CODES.NONE
  }

  isSubscribedTo(topic: string): boolean {
    for (const { names, expression } of this.subscriptions.all()) {
      if (names.includes(topic) || this.#expressions.get(expression ?? '')?.topics.includes(topic) === true) return true
    }
    return false
  }

  /** True when the record was the end of the group. */
  replay(record: ConsumerGroupRecord): boolean {
    switch (record.type) {
      case 'consumer-group-metadata':
        this.groupEpoch = record.value?.epoch ?? 0
        this.metadataHash = record.value?.metadataHash ?? 0
        return record.value === null
      case 'consumer-group-member-metadata':
        this.#setMetadata(record.key.memberId, record.value)
        return false
      case 'consumer-group-target-assignment-metadata':
        this.assignmentEpoch = record.value?.assignmentEpoch ?? 0
        this.assignedAtMs = record.value?.assignmentTimestamp ?? 0
        return false
      case 'consumer-group-target-assignment-member':
        if (record.value === null) this.#targets.delete(record.key.memberId)
        else this.#targets.set(record.key.memberId, toAssignment(record.value.topicPartitions))
        return false
      case 'consumer-group-current-assignment':
        this.#setCurrent(record.key.memberId, record.value === null ? null : currentAssignmentOf(record.value))
        return false
      case 'consumer-group-regular-expression':
        if (record.value === null) this.#expressions.delete(record.key.regularExpression)
        else this.#expressions.set(record.key.regularExpression, record.value)
        return false
      case 'consumer-group-partition-metadata':
        return false
    }
  }

  #setMetadata(memberId: string, metadata: MemberMetadata | null): void {
    const known = this.#members.get(memberId)
    const instanceId = known?.metadata.instanceId ?? null
    if (instanceId !== null && this.#memberIdByInstance.get(instanceId) === memberId) this.#memberIdByInstance.delete(instanceId)
    if (known !== undefined) this.subscriptions.remove(known.subscription)
    if (metadata === null) {
      if (known !== undefined) this.#release(known)
      this.#members.delete(memberId)
    } else this.#members.set(memberId, this.#described(memberId, metadata, known?.current ?? NEW_MEMBER))
  }

  #described(memberId: string, metadata: MemberMetadata, current: CurrentAssignment): ConsumerGroupMember {
    const { instanceId, subscribedTopicNames } = metadata
    if (instanceId !== null) this.#memberIdByInstance.set(instanceId, memberId)
    // Kafka writes an empty expression where there is none.
    const subscribedTopicRegex = metadata.subscribedTopicRegex === '' ? null : metadata.subscribedTopicRegex
    const subscription = this.subscriptions.add({ names: subscribedTopicNames, expression: subscribedTopicRegex })
    return { memberId, metadata: { ...metadata, subscribedTopicNames: subscription.names, subscribedTopicRegex }, subscription, current }
  }

  #setCurrent(memberId: string, current: CurrentAssignment | null): void {
    const known = this.#members.get(memberId)
    if (known === undefined && current === null) return
    if (known !== undefined) this.#release(known)
    const member = { ...(known ?? this.#described(memberId, UNKNOWN_METADATA, NEW_MEMBER)), current: current ?? NEW_MEMBER }
    this.#members.set(memberId, member)
    for (const owned of ownedBy(member)) for (const [topicId, epochs] of owned) this.#take(memberId, topicId, epochs.keys())
  }

  #take(memberId: string, topicId: string, partitions: Iterable<number>): void {
    let owners = this.#owners.get(topicId)
    if (owners === undefined) this.#owners.set(topicId, (owners = new Map()))
    for (const partition of partitions) owners.set(partition, memberId)
  }

  #release(member: ConsumerGroupMember): void {
    for (const owned of ownedBy(member)) {
      for (const [topicId, epochs] of owned) {
        const owners = this.#owners.get(topicId)
        if (owners === undefined) continue
        for (const partition of epochs.keys()) if (owners.get(partition) === member.memberId) owners.delete(partition)
        if (owners.size === 0) this.#owners.delete(topicId)
      }
    }
  }
}

function ownedBy({ current }: ConsumerGroupMember): readonly OwnedPartitions[] {
  return [current.assigned, current.pendingRevocation]
}

function currentAssignmentOf(value: CurrentAssignmentValue): CurrentAssignment {
  const { memberEpoch, previousMemberEpoch, state } = value
  return {
    memberEpoch,
    previousMemberEpoch,
    state,
    assigned: fromRecord(value.assignedPartitions, memberEpoch),
    pendingRevocation: fromRecord(value.partitionsPendingRevocation, memberEpoch),
  }
}

export function memberOf(group: ConsumerGroup, memberId: string): ConsumerGroupMember {
  return group.members.get(memberId) as ConsumerGroupMember
}
