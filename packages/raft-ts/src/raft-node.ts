/**
 * One member of one group: events go in by `step`, effects come out by `drain`. It does no I/O, reads no clock, waits for nothing
 * and draws chance only from what it was given, so that the same events lead to the same effects wherever it runs.
 */
import { checkedConfig, checkInitialState, type RaftOptions } from './config.ts'
import { drain, statusOf } from './drain.ts'
import type { Effect, NodeStatus } from './effects.ts'
import type { LogPosition, NodeId } from './entries.ts'
import type { RaftEvent } from './events.ts'
import { resetElectionTimer } from './hard-state.ts'
import { RaftLog } from './log/raft-log.ts'
import type { Membership } from './membership/membership.ts'
import { MembershipHistory } from './membership/membership-history.ts'
import type { SnapshotMeta } from './messages.ts'
import { Outbox } from './outbox.ts'
import { initialRecovery } from './recovery.ts'
import type { ProgressState } from './replication/progress.ts'
import { checkSelf, milestonesOf } from './self-check.ts'
import { compactableIndex, snapshotMetaAt } from './snapshot/own-snapshots.ts'
import type { RaftState } from './state.ts'
import { step } from './step.ts'
import { WriteStream } from './write-stream.ts'

/** How far a leader believes one of the others to be. */
export interface PeerProgress {
  readonly id: NodeId
  readonly state: ProgressState
  readonly matchIndex: number
  readonly nextIndex: number
  readonly inFlightMessages: number
  readonly inFlightBytes: number
  readonly isActive: boolean
}

export class RaftNode {
  readonly #raft: RaftState
  #reported: NodeStatus | null = null
  /** What was found broken. Nothing goes on after that. */
  #broken: unknown = null

  constructor(options: RaftOptions) {
    this.#raft = initialState(options)
  }

  /** Takes one event. Throws only when an invariant is broken: then this node must stop, and its data be kept as it is. */
  step(event: RaftEvent): void {
    this.#guarded(() => {
      const before = milestonesOf(this.#raft)
      step(this.#raft, event)
      checkSelf(this.#raft, before)
    })
  }

  /** What is to be done after the events since the last call, in order. */
  drain(): readonly Effect[] {
    return this.#guarded(() => {
      const effects = drain(this.#raft)
      const status = this.status
      if (!isSameStatus(status, this.#reported)) effects.unshift({ type: 'report-status', status })
      this.#reported = status
      return effects
    })
  }

  get status(): NodeStatus {
    return statusOf(this.#raft)
  }

  /** The one in force: that of the last such entry in the log, committed or not. */
  get membership(): Membership {
    return this.#raft.memberships.inForce
  }

  get lastLog(): LogPosition {
    return this.#raft.log.last
  }

  get commitIndex(): number {
    return this.#raft.log.commitIndex
  }

  get appliedIndex(): number {
    return this.#raft.log.appliedIndex
  }

  get durableIndex(): number {
    return this.#raft.log.durableIndex
  }

  /** Entries that are kept in memory, by their size. */
  get recentBytes(): number {
    return this.#raft.log.recentBytes
  }

  /** `undefined` for what the log does not hold, or does not hold any more. */
  termAt(index: number): number | undefined {
    return this.#raft.log.termAt(index)
  }

  /**
   * What a snapshot of the application's state at this index, which it has applied, is to be stored with; `null` when it need not
   * be taken any more, because one that reaches further has come from the leader.
   */
  snapshotMetaAt(index: number): SnapshotMeta | null {
    return snapshotMetaAt(this.#raft, index)
  }

  /** Entries up to here may be removed from storage. It is wise to keep some more, for followers that are only a little behind. */
  get compactableIndex(): number {
    return compactableIndex(this.#raft)
  }

  /** Of a leader; empty for everybody else. */
  peers(): readonly PeerProgress[] {
    const { role } = this.#raft
    if (role.type !== 'leader') return []
    return [...role.peers].map(([id, { state, matchIndex, nextIndex, inFlight, isActive }]) => {
      return { id, state, matchIndex, nextIndex, inFlightMessages: inFlight.messages, inFlightBytes: inFlight.bytes, isActive }
    })
  }

  #guarded<T>(work: () => T): T {
    if (this.#broken !== null) throw this.#broken
    try {
      return work()
    } catch (error) {
      this.#broken = error
      throw error
    }
  }
}

function initialState(options: RaftOptions): RaftState {
  const config = checkedConfig(options)
  const { initial } = options
  checkInitialState(initial)
  const { hardState, snapshot, appliedIndex, log } = initial
  const { compacted, termStarts, lastIndex } = log
  const commitIndex = Math.max(snapshot.index, appliedIndex, Math.min(hardState.commitIndex, lastIndex))
  const raft: RaftState = {
    config,
    log: new RaftLog({ compacted, termStarts, lastIndex, commitIndex, appliedIndex }),
    memberships: new MembershipHistory(snapshot, log.memberships),
    writes: new WriteStream(hardState),
    outbox: new Outbox(config.groupId, config.id),
    effects: [],
    term: hardState.term,
    votedFor: hardState.votedFor,
    role: { type: 'follower', leader: null, verifiedIndex: 0, receiving: null },
    timers: { now: 0, electionElapsed: 0, electionTimeout: 0, heartbeatElapsed: 0 },
    applying: { isBusy: false, isReading: false, restore: appliedIndex < snapshot.index ? snapshot : null },
    snapshot,
    recovery: initialRecovery(initial, config),
  }
  resetElectionTimer(raft)
  if (raft.recovery !== null && !hardState.isRecovering) raft.writes.hardStateChanged()
  return raft
}

function isSameStatus(status: NodeStatus, other: NodeStatus | null): boolean {
  return (
    other !== null &&
    status.role === other.role &&
    status.term === other.term &&
    status.leader === other.leader &&
    status.isReady === other.isReady &&
    status.isRecovering === other.isRecovering
  )
}
