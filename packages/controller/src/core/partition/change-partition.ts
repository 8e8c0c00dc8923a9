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
  const { before, rules, hasLost = nobody, hasFailed = nobody } = change
  const mayLead = (brokerId: number): boolean => change.mayLead(brokerId) && !hasFailed(brokerId)
  const isGone = (brokerId: number): boolean => hasLost(brokerId) || hasFailed(brokerId)
  const assignment = completed(change, isGone)
  const { replicas } = assignment
  const required = requiredIsrSize(rules, replicas.length)
  let isr = inOrder(replicas, (brokerId) => assignment.isr.includes(brokerId))
  // Without a leader the high watermark stands still, whatever is set: who was eligible stays so.
  const isForgotten = change.forgetsElr === true && isr.length > 0
  let elr =
    isr.length >= required || isForgotten
      ? []
      : inOrder(replicas, (brokerId) => {
          const wasSafe = before.elr.includes(brokerId) || before.isr.includes(brokerId)
          return wasSafe && !isr.includes(brokerId) && !isGone(brokerId)
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

  const needsNewEpoch =
    leader !== before.leader ||
    isGone(before.leader) ||
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
    ...(isSameSet(assignment.addingReplicas, before.addingReplicas) ? {} : { addingReplicas: assignment.addingReplicas }),
    ...(isSameSet(assignment.removingReplicas, before.removingReplicas) ? {} : { removingReplicas: assignment.removingReplicas }),
    ...(needsNewEpoch ? { leader } : {}),
    ...(recoveryState === before.recoveryState ? {} : { recoveryState }),
  }
  return isEmpty(record) ? null : { record, choice }
}

interface Assignment {
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

/** A reassignment is done as soon as every broker that shall keep the partition is in sync; the others then leave. */
function completed(change: PartitionChange, isGone: (brokerId: number) => boolean): Assignment {
  const { before } = change
  const replicas = change.replicas ?? before.replicas
  const addingReplicas = change.addingReplicas ?? before.addingReplicas
  const removingReplicas = change.removingReplicas ?? before.removingReplicas
  const isr = (change.isr ?? before.isr).filter((brokerId) => replicas.includes(brokerId) && !isGone(brokerId))
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return { replicas, isr, addingReplicas, removingReplicas }
  const targets = replicas.filter((brokerId) => !removingReplicas.includes(brokerId))
  if (!targets.every((brokerId) => isr.includes(brokerId))) return { replicas, isr, addingReplicas, removingReplicas }
  return { replicas: targets, isr: targets, addingReplicas: [], removingReplicas: [] }
}

function nobody(): boolean {
  return false
}

function inOrder(replicas: readonly number[], isMember: (brokerId: number) => boolean): readonly number[] {
  return replicas.filter(isMember)
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
