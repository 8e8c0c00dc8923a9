/**
 * What a replica of a partition knows of its part in it: whether it leads, follows or neither, in which epoch, who is in sync, and how
 * far the high watermark is. States, events and rules are in docs/spec/replica.md.
 *
 * It is on the path of every append, so `step` changes it in place; nobody else does.
 */
import type { RecoveryState } from '@millrace/metadata'
import { type FollowerProgress } from './follower-progress.ts'

/** What the committed metadata says of the partition. */
export interface Assignment {
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly recoveryState: RecoveryState
}

export interface ReplicaSettings {
  readonly minInsyncReplicas: number
  /** A replica counts what is on its device (`durability=fsync`), else what it has. */
  readonly isFsync: boolean
  /** The topic lets a replica lead that lacks what was committed, so committed records may have to be cut off. */
  readonly isUncleanAllowed: boolean
  /** After this long without having caught up a replica leaves the ISR. */
  readonly lagTimeMaxMs: number
}

/** Brokers that are registered, not fenced and not about to stop, with the epochs of their registrations. */
export type EligibleBrokers = ReadonlyMap<number, number>

export interface ReplicaState {
  readonly ownId: number
  /** Invariant R1: leader and partition epochs never fall. */
  leaderEpoch: number
  partitionEpoch: number
  replicas: readonly number[]
  /** As committed. */
  isr: readonly number[]
  recoveryState: RecoveryState
  settings: ReplicaSettings
  brokers: EligibleBrokers
  /** Invariant R2: it never falls, unless the log is cut below it. */
  highWatermark: number
  role: LeaderRole | FollowerRole | NoRole
}

export interface NoRole {
  readonly type: 'none'
}

export interface FollowerRole {
  readonly type: 'follower'
  readonly leaderId: number
  /** To go on it would have to give up what was committed: it stays as it is until another leader is elected. */
  isHalted: boolean
}

export interface LeaderRole {
  readonly type: 'leader'
  /** Where the log ended when this epoch began. */
  readonly epochStartOffset: number
  /** Where the log ends. */
  endOffset: number
  /** Up to where this replica itself counts: the durable end in `fsync` topics, else the end. Invariant R3: within the log. */
  ownOffset: number
  /** Of all other replicas. */
  followers: Map<number, FollowerProgress>
  /** The change of the ISR that the controller was asked for. Invariant R4: one at a time. */
  pending: IsrChange | null
  /** No change is asked for before that, since the last one was refused. */
  nextChangeMs: number
}

export interface IsrChange {
  readonly newIsr: readonly number[]
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

const UNKNOWN_EPOCH = -1

/** Before anything is known. `highWatermark` is where the log's last life left it. */
export function initialState(ownId: number, settings: ReplicaSettings, highWatermark: number): ReplicaState {
  return {
    ownId,
    leaderEpoch: UNKNOWN_EPOCH,
    partitionEpoch: UNKNOWN_EPOCH,
    replicas: [],
    isr: [],
    recoveryState: 'recovered',
    settings,
    brokers: new Map(),
    highWatermark,
    role: { type: 'none' },
  }
}

/** The ISR as it was committed, and as it may become: a replica of either may be the one that leads next. */
export function isInMaximalIsr(state: ReplicaState, leader: LeaderRole, replicaId: number): boolean {
  return state.isr.includes(replicaId) || (leader.pending?.newIsr.includes(replicaId) ?? false)
}

/** Fewer replicas than this in sync, and nothing is committed. */
export function requiredInSync({ settings, replicas }: ReplicaState): number {
  return Math.min(settings.minInsyncReplicas, replicas.length)
}
