/** What a member of a group is to whoever reads for it, whichever protocol it speaks. */
import { ERROR_CODES, errorName } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import type { OneOwner } from '../../checkers/one-owner.ts'
import type { RisingEpochs } from '../../checkers/rising-epochs.ts'
import type { GroupLine } from './group-line.ts'

/** Another process has taken its place, or its group is none that it can be in: it ends. */
export class ShutOut extends Error {}

export interface MembershipOptions {
  /** One life of one member, as checkers call it. */
  readonly who: string
  readonly instanceId: string | null
  readonly line: GroupLine
  readonly clock: Clock
  readonly topic: string
  readonly partitions: number
  readonly times: GroupTimes
  readonly isMixed: boolean
  readonly owners: OneOwner
  readonly epochs: RisingEpochs
  /** Of the run, which no process knows. */
  nowMs(): number
  /** Called before it lets go of some, while it may still commit. */
  beforeLettingGo(partitions: readonly number[]): Promise<void>
  /** Others may have all that it had. */
  onLost(): void
  sometimes(state: string): void
  complain(message: string): void
}

export interface Membership {
  readonly owned: ReadonlySet<number>
  /** It has been told what it is to have, and waits for nothing. */
  readonly isSettled: boolean
  readonly memberId: string
  /** The generation or the member's epoch. */
  readonly epoch: number
  /** Joins, or sends a heartbeat when it is time. Rejects with `ShutOut`. */
  attend(): Promise<void>
  /** Sends a heartbeat that says nothing new, while it lets go of something and takes its time. Rejects with `ShutOut`. */
  showLife(): Promise<void>
  /** What it asked as a member was refused. Rejects with `ShutOut`. */
  heardRefusal(errorCode: number): void
  leave(): Promise<void>
}

/** A rare state. */
export const STAYED = 'a member stayed, and its coordinator is another one'

/** Of all members of a group. */
export interface GroupTimes {
  readonly sessionMs: number
  readonly rebalanceMs: number
}

/** Members that are away for too long are missed before the others stop to wait for them, or the other way round. */
export const GROUP_TIMES: readonly GroupTimes[] = [
  { sessionMs: 1_500, rebalanceMs: 2_500 },
  { sessionMs: 4_000, rebalanceMs: 1_000 },
]
/** A transaction takes that long on the slowest network. */
export const COPYING_REBALANCE_MS = 2_500
/** Consumer groups have one for all, which is the broker's. */
export const CONSUMER_SESSION_MS = 1_500

/** Nothing was done, and asking again does no harm. */
export function isForLater(errorCode: number): boolean {
  return LATER.has(errorCode)
}

const LATER: ReadonlySet<number> = new Set([
  ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS,
  ERROR_CODES.COORDINATOR_NOT_AVAILABLE,
  ERROR_CODES.NOT_COORDINATOR,
])

/** For what no coordinator should say. */
export function unexpected(what: string, errorCode: number): string {
  return `${what} was answered ${errorName(errorCode)}`
}
