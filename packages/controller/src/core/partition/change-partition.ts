/**
 * Every change of a partition that exists goes through here: given what is wanted, the record that keeps the rules, or null
 * when all is as it should be. Completing a reassignment, the ELR, the choice of a leader and the epochs follow from what is
 * wanted; no command decides them.
 */
import type { PartitionChangeRecord, PartitionImage, RecoveryState } from '@millrace/metadata'
import { type Choice, chooseLeader } from './choose-leader.ts'
import { requiredIsrSize, type TopicRules } from './topic-rules.ts'

export interface PartitionChange {
  readonly topicId: string
  readonly partition: number
  readonly before: PartitionImage
  readonly rules: TopicRules
  /** Registered, not fenced, not stopping, and not known to be unable to open this very log. */
  readonly mayLead: (brokerId: number) => boolean
  /** What shall be, before the rules have had their say; what is left out stays. */
  readonly replicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly isr?: readonly number[]
  readonly recoveryState?: RecoveryState
  /** A replica that may have lost what it once acknowledged. It is neither in sync nor eligible until a leader says so. */
  readonly hasLost?: (brokerId: number) => boolean
  /** A replica that can serve nothing of what it has, so that it is not even remembered as the last leader. */
  readonly hasFailed?: (brokerId: number) => boolean
  /** What `min.insync.replicas` is has changed, so that nobody can say any more who was eligible under it. */
  readonly forgetsElr?: boolean
  /** `unclean`: an operator wants a leader at any price. */
  readonly election?: 'preferred' | 'unclean'
}

export interface ChangedPartition {
  readonly record: PartitionChangeRecord
  readonly choice: Choice
}

export function changePartition(change: PartitionChange): ChangedPartition | null {
  const { before } = change
  const assignment = {
    replicas: change.replicas ?? before.replicas,
    isr: change.isr ?? before.isr,
    addingReplicas: change.addingReplicas ?? before.addingReplicas,
    removingReplicas: change.removingReplicas ?? before.removingReplicas,
  }
  const decided = decide(change, assignment)
  const completed = completion(decided)
  return recordOf(change, completed === null ? decided : decide(change, completed))
}

interface Assignment {
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

interface Decided extends Assignment {
  readonly elr: readonly number[]
  readonly lastKnownElr: readonly number[]
  readonly recoveryState: RecoveryState
  readonly choice: Choice
}

/** Who is in sync, who is eligible, and who leads, with these replicas. */
function decide(change: PartitionChange, assignment: Assignment): Decided {
  const { before, rules, hasFailed = nobody } = change
  const mayLead = (brokerId: number): boolean => change.mayLead(brokerId) && !hasFailed(brokerId)
  const { replicas } = assignment
  const required = requiredIsrSize(rules, replicas.length)
  let isr = replicas.filter((brokerId) => assignment.isr.includes(brokerId) && !isGone(change, brokerId))
  // Without a leader the high watermark stands still, whatever is set: who was eligible stays so.
  const isForgotten = change.forgetsElr === true && isr.length > 0
  let elr =
    isr.length >= required || isForgotten
      ? []
      : replicas.filter((brokerId) => {
          const wasSafe = before.elr.includes(brokerId) || before.isr.includes(brokerId)
          return wasSafe && !isr.includes(brokerId) && !isGone(change, brokerId)
        })
  let recoveryState = change.recoveryState ?? before.recoveryState
  const [rememberedLeader = -1] = before.leader === -1 ? before.lastKnownElr : [before.leader]
  const lastKnownLeader = hasFailed(rememberedLeader) || !replicas.includes(rememberedLeader) ? -1 : rememberedLeader
  const choice = chooseLeader({
    replicas,
    isr,
    elr,
    leader: before.leader,
    lastKnownLeader,
    mayLead,
    allowsUncleanElection: rules.allowsUncleanElection || change.election === 'unclean',
    prefersFirst: change.election === 'preferred',
  })
  const { leader, by } = choice
  if (by === 'elr') {
    isr = [leader]
    elr = required <= 1 ? [] : elr.filter((brokerId) => brokerId !== leader)
  } else if (by === 'last-known' || by === 'unclean') {
    isr = [leader]
    elr = []
    recoveryState = 'recovering'
  }
  const lastKnownElr = leader !== -1 || lastKnownLeader === -1 ? [] : [lastKnownLeader]
  return { ...assignment, isr, elr, lastKnownElr, recoveryState, choice }
}

/**
 * A reassignment is done as soon as every broker that shall keep the partition is in sync; the others then leave. Null while it
 * is not. After a loss nothing leaves that may still have what was lost.
 */
function completion({ replicas, isr, addingReplicas, removingReplicas, recoveryState }: Decided): Assignment | null {
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return null
  const targets = replicas.filter((brokerId) => !removingReplicas.includes(brokerId))
  if (recoveryState === 'recovering' || !targets.every((brokerId) => isr.includes(brokerId))) return null
  return { replicas: targets, isr: targets, addingReplicas: [], removingReplicas: [] }
}

/** What differs from before, and nothing else. */
function recordOf(change: PartitionChange, after: Decided): ChangedPartition | null {
  const { before } = change
  const { choice, replicas, isr, elr, lastKnownElr, addingReplicas, removingReplicas, recoveryState } = after
  const { leader, by } = choice
  const needsNewEpoch =
    leader !== before.leader ||
    isGone(change, before.leader) ||
    by === 'unclean' ||
    before.replicas.some((brokerId) => !replicas.includes(brokerId))
  const record: PartitionChangeRecord = {
    type: 'partition-change',
    topicId: change.topicId,
    partition: change.partition,
    ...(isSameList(replicas, before.replicas) ? {} : { replicas }),
    ...(isSameSet(isr, before.isr) ? {} : { isr }),
    ...(isSameSet(elr, before.elr) ? {} : { elr }),
    ...(isSameSet(lastKnownElr, before.lastKnownElr) ? {} : { lastKnownElr }),
    ...(isSameSet(addingReplicas, before.addingReplicas) ? {} : { addingReplicas }),
    ...(isSameSet(removingReplicas, before.removingReplicas) ? {} : { removingReplicas }),
    ...(needsNewEpoch ? { leader } : {}),
    ...(recoveryState === before.recoveryState ? {} : { recoveryState }),
  }
  return isEmpty(record) ? null : { record, choice }
}

/** It may lack something that was committed while it was in sync. */
function isGone({ hasLost = nobody, hasFailed = nobody }: PartitionChange, brokerId: number): boolean {
  return hasLost(brokerId) || hasFailed(brokerId)
}

function nobody(): boolean {
  return false
}

function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((brokerId, index) => brokerId === right[index])
}

export function isSameSet(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((brokerId) => right.includes(brokerId))
}

/** Nothing but which partition it is about. */
function isEmpty(record: PartitionChangeRecord): boolean {
  return Object.keys(record).length === 3
}
