/**
 * How a member comes from what it has to what it is to have (KIP-848, "Assignment Process").
 *
 * It first gives up what it is not to have: its epoch stays, and it is told the reduced set until it says that it has let go
 * (unrevoked partitions). Then it goes to the epoch of the target and gets what is free; what somebody else has not let go of yet it is
 * told later, in the same epoch (unreleased partitions). So a partition never has two owners: it is free before it is given on.
 */
import type { Assignment, TopicPartitions } from './assignment.ts'
import { type OwnedPartitions, ownsAny, OWNS_NOTHING } from './owned-partitions.ts'

/** As records hold them. Other numbers are states of a newer version. */
export const MEMBER_STATES = { stable: 0, unrevokedPartitions: 1, unreleasedPartitions: 2 } as const

export interface CurrentAssignment {
  /** 0 before the first assignment, -2 while a static member is away. */
  readonly memberEpoch: number
  /** What the member may still believe its epoch to be, when an answer was lost. */
  readonly previousMemberEpoch: number
  /** One of `MEMBER_STATES`. */
  readonly state: number
  /** What the member has or may begin with. */
  readonly assigned: OwnedPartitions
  /** What the member was told to give up and has not reported to be without. Not in `assigned`; still its own, and nobody else's. */
  readonly pendingRevocation: OwnedPartitions
}

export const NEW_MEMBER: CurrentAssignment = {
  memberEpoch: 0,
  previousMemberEpoch: 0,
  state: MEMBER_STATES.stable,
  assigned: OWNS_NOTHING,
  pendingRevocation: OWNS_NOTHING,
}

export interface ReconciliationInput {
  readonly targetEpoch: number
  readonly target: Assignment
  /** What the member says that it has; null when it said nothing, which means: as before. */
  readonly reported: readonly TopicPartitions[] | null
  isSubscribed(topicId: string): boolean
  /** Whether a member other than this one has it. */
  isOwnedByAnother(topicId: string, partition: number): boolean
}

/** Null when the member has to begin anew, for its state is none that this version knows. The same object when nothing changes. */
export function reconcile(current: CurrentAssignment, input: ReconciliationInput): CurrentAssignment | null {
  switch (current.state) {
    case MEMBER_STATES.stable:
      return current.memberEpoch === input.targetEpoch && hasOnlySubscribed(current, input) ? current : advance(current, input)
    case MEMBER_STATES.unreleasedPartitions:
      return advance(current, input)
    case MEMBER_STATES.unrevokedPartitions:
      return mayStillOwn(current.pendingRevocation, input.reported) ? revokeUnsubscribed(current, input) : advance(current, input)
    default:
      return input.reported?.length === 0 ? advance(current, input) : null
  }
}

export function isReconciled({ state, memberEpoch }: CurrentAssignment, targetEpoch: number): boolean {
  return state === MEMBER_STATES.stable && memberEpoch === targetEpoch
}

function advance(current: CurrentAssignment, input: ReconciliationInput): CurrentAssignment {
  const { kept, revoked } = split(current.assigned, (topicId, partition) => isTarget(input, topicId, partition))
  if (revoked.size > 0 && mayStillOwn(revoked, input.reported)) {
    return changed(current, MEMBER_STATES.unrevokedPartitions, current.memberEpoch, kept, revoked)
  }
  const assigned = new Map([...kept].map(([topicId, epochs]) => [topicId, new Map(epochs)]))
  let isWaiting = false
  for (const [topicId, partitions] of input.target) {
    if (!input.isSubscribed(topicId)) continue
    for (const partition of partitions) {
      if (assigned.get(topicId)?.has(partition) === true) continue
      if (input.isOwnedByAnother(topicId, partition)) isWaiting = true
      else give(assigned, topicId, partition, input.targetEpoch)
    }
  }
  const state = isWaiting ? MEMBER_STATES.unreleasedPartitions : MEMBER_STATES.stable
  return changed(current, state, input.targetEpoch, assigned, OWNS_NOTHING)
}

/** While it gives up one thing, a member may have stopped to subscribe to another. */
function revokeUnsubscribed(current: CurrentAssignment, input: ReconciliationInput): CurrentAssignment {
  if (hasOnlySubscribed(current, input)) return current
  const { kept, revoked } = split(current.assigned, (topicId) => input.isSubscribed(topicId))
  const pending = new Map([...current.pendingRevocation].map(([topicId, epochs]) => [topicId, new Map(epochs)]))
  for (const [topicId, epochs] of revoked) for (const [partition, epoch] of epochs) give(pending, topicId, partition, epoch)
  return changed(current, MEMBER_STATES.unrevokedPartitions, current.memberEpoch, kept, pending)
}

function hasOnlySubscribed({ assigned }: CurrentAssignment, input: ReconciliationInput): boolean {
  return [...assigned.keys()].every((topicId) => input.isSubscribed(topicId))
}

function isTarget(input: ReconciliationInput, topicId: string, partition: number): boolean {
  return includesAscending(input.target.get(topicId) ?? [], partition) && input.isSubscribed(topicId)
}

function includesAscending(partitions: readonly number[], partition: number): boolean {
  let low = 0
  for (let high = partitions.length; low < high; ) {
    const middle = (low + high) >> 1
    if ((partitions[middle] as number) < partition) low = middle + 1
    else high = middle
  }
  return partitions[low] === partition
}

function mayStillOwn(owned: OwnedPartitions, reported: readonly TopicPartitions[] | null): boolean {
  return reported === null || ownsAny(owned, reported)
}

function split(
  owned: OwnedPartitions,
  isKept: (topicId: string, partition: number) => boolean,
): { readonly kept: OwnedPartitions; readonly revoked: OwnedPartitions } {
  const [kept, revoked] = [new Map<string, Map<number, number>>(), new Map<string, Map<number, number>>()]
  for (const [topicId, epochs] of owned) {
    for (const [partition, epoch] of epochs) give(isKept(topicId, partition) ? kept : revoked, topicId, partition, epoch)
  }
  return { kept, revoked }
}

function give(owned: Map<string, Map<number, number>>, topicId: string, partition: number, epoch: number): void {
  const epochs = owned.get(topicId)
  if (epochs === undefined) owned.set(topicId, new Map([[partition, epoch]]))
  else epochs.set(partition, epoch)
}

/** The previous epoch changes with the epoch alone: a member that has missed two answers in the same epoch is still the same member. */
function changed(
  current: CurrentAssignment,
  state: number,
  memberEpoch: number,
  assigned: OwnedPartitions,
  pendingRevocation: OwnedPartitions,
): CurrentAssignment {
  const previousMemberEpoch = memberEpoch === current.memberEpoch ? current.previousMemberEpoch : current.memberEpoch
  return { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }
}
